// Tells a refusal from a reply with a task, and collects its words: gateways put JSON into their own messages.
import { LONGEST_TEXT } from '../sanitize';
import type { JsonObject } from '../task';
import { asObject, asText, firstText, member } from './json';
import type { RefusalWords } from '../errors/classify';

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

const DEEPEST = 5;
/** What a service says when all is well; never a reason, and never a refusal's message. */
const CONTENT_WORDS = new Set([
	'succeed',
	'success',
	'succeeded',
	'ok',
	'successful',
	'成功',
	'null',
	'none',
]);

/** Words of a refusal or of a failed task, from the outermost to the innermost. */
interface NestedWords {
	codes: string[];
	messages: string[];
	requestIds: string[];
}

/** Collects codes, messages and request ids along `error`, and through messages that are JSON themselves. */
export function nestedWords(start: unknown): NestedWords {
	const words: NestedWords = { codes: [], messages: [], requestIds: [] };
	let next: unknown = start;
	for (let depth = 0; depth < DEEPEST && next !== undefined; depth += 1) {
		const object = asObject(next) ?? jsonInside(next);
		if (object === undefined) {
			addText(words.messages, asText(next));
			break;
		}
		addText(words.codes, asText(member(object, 'code')));
		addText(words.requestIds, firstText(object, ['request_id', 'requestId']));
		next = asObject(member(object, 'error')) ?? messageOf(object);
	}
	return words;
}

/** The message of an object: `message`, or where a service calls it otherwise. */
function messageOf(object: JsonObject): string | undefined {
	return firstText(object, ['message', 'msg', 'error', 'detail', 'error_message', 'error_msg']);
}

export function saysAllIsWell(text: string): boolean {
	return CONTENT_WORDS.has(text.trim().toLowerCase());
}

/** `status_code=429, {"code":1303,…}`: the JSON may follow other words. */
function jsonInside(value: unknown): JsonObject | undefined {
	if (typeof value !== 'string') return undefined;
	const from = value.indexOf('{');
	const to = value.lastIndexOf('}');
	const object = from === -1 || to < from ? undefined : asObject(value.slice(from, to + 1));
	if (object === undefined) return undefined;
	return messageOf(object) !== undefined || asObject(member(object, 'error')) !== undefined
		? object
		: undefined;
}

function addText(list: string[], text: string | undefined): void {
	// No pattern sees more of a text than this.
	if (text !== undefined) list.push(text.slice(0, LONGEST_TEXT));
}
