// What a caller is told: the statuses of the contract, and never more than a fixed word.
import { answerTo, type Judgement } from '../../../nodes/Kling/callbacks/answer';

const statuses: Array<[Judgement, number]> = [
	['started', 200],
	['repeated', 200],
	['unwanted', 200],
	['contradicted', 200],
	['behind', 200],
	['testEvent', 200],
	['unknownTask', 200],
	['notACallback', 400],
	['notGenuine', 401],
	['tooLarge', 413],
	['serviceUnavailable', 503],
];

test.each(statuses)('%s is answered %i', (judgement, status) => {
	expect(answerTo(judgement).status).toBe(status);
});

test('every answer is a short word that does not depend on the call', () => {
	for (const [judgement] of statuses) {
		expect(answerTo(judgement).word).toMatch(/^[a-z ]{5,20}$/);
		expect(answerTo(judgement)).toBe(answerTo(judgement));
	}
});

test('whoever forges an id learns no more than whoever repeats one', () => {
	expect(answerTo('unknownTask')).toEqual(answerTo('repeated'));
});
