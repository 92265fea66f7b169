// Which answers, although they came, say nothing about the task: somebody on the way gave them.
import type { CreateOutcome, FetchOutcome } from '../api/client';
import type { KlingApiError } from '../api/errors';

/**
 * Money rule: a "yes" that names no task proves nothing. One-Hub says so whenever Kling gave a code inside
 * HTTP 200, also for 5000 to 5002, behind which Kling may have made the task.
 */
export function unprovenAsUnknown(outcome: CreateOutcome): CreateOutcome {
	if (outcome.kind !== 'refused' || !isYesWithoutTask(outcome.error)) return outcome;
	return { kind: 'unknown', error: outcome.error };
}

/** A task is not given up because a proxy showed a web page once: asking again may reach the service. */
export function unprovenAsTransient(outcome: FetchOutcome): FetchOutcome {
	if (outcome.kind !== 'refused') return outcome;
	const { error } = outcome;
	return isYesWithoutTask(error) || isBareNotFound(error) ? { kind: 'transient', error } : outcome;
}

function isYesWithoutTask({ facts }: KlingApiError): boolean {
	const { category, httpStatus = 0 } = facts;
	return category === 'reply' && httpStatus >= 200 && httpStatus < 300;
}

/** Neither a code of the service nor words about the task, which `missing` would be. */
function isBareNotFound({ facts }: KlingApiError): boolean {
	return facts.category === 'missing' && facts.httpStatus === 404 && facts.code === undefined;
}
