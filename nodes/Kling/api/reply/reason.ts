// Why a task failed, in the service's words.
import type { JsonObject } from '../task';
import { asText, member } from './json';
import { isLink } from './videos';
import { nestedWords, saysAllIsWell } from './words';

/** In this order within one layer: `message` is often the request's, `fail_reason` often a copy of it. */
const PLACES = ['task_status_msg', 'error', 'message', 'fail_reason', 'failure_reason', 'reason'];

/**
 * The innermost reason. "SUCCEED", which Kling says of the request, is none, and neither is a link.
 *
 * @param layers of the reply of a failed task, outermost first
 */
export function reasonOf(layers: readonly JsonObject[]): string | undefined {
	return [...layers]
		.reverse()
		.flatMap((layer) => PLACES.map((key) => innermostMessage(member(layer, key))))
		.find((reason) => reason !== undefined);
}

function innermostMessage(value: unknown): string | undefined {
	const { messages } = nestedWords(typeof value === 'number' ? asText(value) : value);
	const message = messages[messages.length - 1];
	if (message === undefined || saysAllIsWell(message) || isLink(message)) return undefined;
	return message;
}
