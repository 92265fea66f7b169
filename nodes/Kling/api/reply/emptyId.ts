// A service that says yes and names no task.
import type { AnswerFacts } from '../errors/judge';
import { tidy } from '../errors/judge';
import { KlingApiError } from '../errors';
import type { JsonObject } from '../task';
import { firstText } from './json';

/**
 * One-Hub answers code 0 and an empty `task_id` when Kling refused inside HTTP 200: nothing was created.
 * A reply that leaves the id out altogether proves nothing.
 *
 * @param isNamed the member for the id is there, and empty
 */
export function emptyId(body: JsonObject, isNamed: boolean, answer: AnswerFacts): KlingApiError {
	const requestId = firstText(body, ['request_id']);
	return new KlingApiError({
		category: 'reply',
		// Money: never sent again without a look, and where the service named an empty id, not at all.
		sendAgain: isNamed ? 'never' : 'lookUpFirst',
		message: 'The service said yes, but gave no task ID',
		nextStep:
			"The request was probably refused behind the gateway: check the model, the images and the prompt, and the gateway's own log",
		...(answer.httpStatus === undefined ? {} : { httpStatus: answer.httpStatus }),
		...(requestId === undefined ? {} : { requestId: tidy(requestId, answer.redact).slice(0, 100) }),
	});
}
