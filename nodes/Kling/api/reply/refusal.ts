// Tells a refusal from a reply with a task, in every way in which services refuse.
import type { RefusalWords } from '../errors/judge';
import type { JsonObject } from '../task';
import { asObject, asText, member } from './json';
import { messageOf, nestedWords, saysAllIsWell } from './words';

/**
 * The words of a refusal, or undefined when the object does not refuse anything.
 *
 * @param httpStatus from 400 on, every message is a refusal's, even one without a code
 */
export function refusalWords(body: JsonObject, httpStatus = 200): RefusalWords | undefined {
	const isHttpRefusal = httpStatus >= 400 && messageOf(body) !== undefined;
	if (!isHttpRefusal && !refuses(body)) return undefined;
	const { codes, messages, requestIds } = nestedWords(body);
	return {
		codes: codes.filter((code) => !isSuccess(code)),
		message: messages.filter((text) => !saysAllIsWell(text)).pop() ?? '',
		requestId: requestIds.pop(),
	};
}

/** Kling says 0, gateways "0" and "success"; others repeat an HTTP status that means yes. */
export function isSuccess(code: string): boolean {
	return /^(?:0|success|ok|20[0-2])$/i.test(code);
}

/** The code says so, or an `error` with a message does: some services send an empty one with every reply. */
function refuses(body: JsonObject): boolean {
	const code = asText(member(body, 'code'));
	if (code !== undefined && !isSuccess(code)) return true;
	const error = member(body, 'error');
	const object = asObject(error);
	return object === undefined
		? typeof error === 'string' && asText(error) !== undefined
		: speaks(object);
}

function speaks(error: JsonObject): boolean {
	const code = asText(member(error, 'code'));
	if (code !== undefined && isSuccess(code)) return false;
	const message = messageOf(error);
	return (message !== undefined && !saysAllIsWell(message)) || code !== undefined;
}
