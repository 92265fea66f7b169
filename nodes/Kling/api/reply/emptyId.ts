// A service that says yes and names no task.
import type { AnswerFacts } from '../errors/judge';
import { tidy } from '../errors/judge';
import { KlingApiError } from '../errors';
import type { JsonObject } from '../task';
import { firstText } from './json';

/**
 * Money rule: it proves nothing. One-Hub answers code 0 and an empty `task_id` whenever Kling gave a code
 * inside HTTP 200, also for 5000 to 5002, behind which Kling may have made the task.
 */
export function emptyId(body: JsonObject, answer: AnswerFacts): KlingApiError {
	const requestId = firstText(body, ['request_id']);
	return new KlingApiError({
		category: 'reply',
		sendAgain: 'lookUpFirst',
		message: 'The service said yes, but gave no task ID',
		nextStep:
			"The request was probably refused behind the gateway: check the model, the images and the prompt, and the gateway's own log",
		...(answer.httpStatus === undefined ? {} : { httpStatus: answer.httpStatus }),
		...(requestId === undefined ? {} : { requestId: tidy(requestId, answer.redact).slice(0, 100) }),
	});
}
