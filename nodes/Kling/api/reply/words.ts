// Messages inside messages: gateways put the service's JSON into their own text, some of them twice.
import type { JsonObject } from '../task';
import { asObject, asText, firstText, member } from './json';

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
export function messageOf(object: JsonObject): string | undefined {
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
	if (text !== undefined) list.push(text);
}
