// What a caller is told: the statuses of the contract, and never more than a fixed word.
import { answerTo, type CallResult } from '../../../nodes/Kling/trigger/classification';

const statuses: Array<[CallResult, number]> = [
	['started', 200],
	['deferred', 200],
	['repeated', 200],
	['filtered', 200],
	['notConfirmed', 200],
	['stale', 200],
	['testEvent', 200],
	['missing', 200],
	['notACallback', 400],
	['notGenuine', 401],
	['tooLarge', 413],
	['serviceUnavailable', 503],
];

test.each(statuses)('%s is answered %i', (result, status) => {
	expect(answerTo(result).status).toBe(status);
});

test('every answer is a short word that does not depend on the call', () => {
	for (const [result] of statuses) {
		expect(answerTo(result).word).toMatch(/^[a-z ]{5,20}$/);
		expect(answerTo(result)).toBe(answerTo(result));
	}
});

test('whoever forges an id learns no more than whoever repeats one', () => {
	expect(answerTo('missing')).toEqual(answerTo('repeated'));
});
