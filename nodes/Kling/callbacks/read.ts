// Reads the body of a call to the trigger: a task's notification, the console's test event, or neither.
import type { TaskSnapshot } from '../api/client';
import { readTask } from '../api/reply/readReply';
import { parseJson, plainJson } from '../api/reply/json';
import { hasStatus, layersOf } from '../api/reply/layers';
import type { JsonObject } from '../api/task';

/** The largest body that is looked at, in bytes; real callbacks have about 1 kB. */
export const MAX_CALLBACK_BYTES = 1024 * 1024;

type Callback =
	| ({ kind: 'task' } & TaskSnapshot)
	/** What the console's "test" button posts: it names no task that exists. */
	| { kind: 'testEvent' }
	/** `why` is for the log and holds nothing of the body. */
	| { kind: 'notACallback'; why: string };

/**
 * Ids become part of a URL and of log lines; all known forms are digits, words, UUIDs and ULIDs. One of
 * dots alone would be a step in the URL's path.
 */
const TASK_ID = /^(?!\.+$)[\w.:~-]{1,128}$/;
/** No shape of a callback nests deeper; what does could overflow the stack of whoever stores it. */
const MAX_DEPTH = 12;
/** Gateways post replies as text within JSON; from this length on such text must be JSON itself. */
const LONG_TEXT = 1_000;

/**
 * Reads a body by its bytes alone: senders and gateways do not agree on the content type.
 * Never throws.
 *
 * @param body as received, at most `MAX_CALLBACK_BYTES` long
 * @see https://kling.ai/document-api/api/get-started/callbacks
 */
export function readCallback(body: Uint8Array): Callback {
	const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
	const plain = plainJson(text);
	if (plain === undefined) return notACallback('the body is not JSON');
	if (!isTame(plain, MAX_DEPTH))
		return notACallback('the body nests too deep or holds broken JSON');
	const value = parseJson(text);
	if (!isObject(value)) return notACallback('the body is not an object');
	if (isTestEvent(value)) return { kind: 'testEvent' };
	const read = readTask(value, 'callback');
	if (read.kind !== 'task') return notACallback('the body tells of no task');
	if (!layersOf(value).some(hasStatus)) return notACallback('the body tells of no status');
	if (!TASK_ID.test(read.task.id))
		return notACallback('the task id has a form that no service uses');
	return { kind: 'task', task: read.task, raw: read.raw };
}

/**
 * The test event is a notification in the new format that nothing ever happened to: submitted,
 * created and updated in the same millisecond, no outputs, no external id, no bill. It reaches
 * receivers of the legacy format too, whose own notifications never look like it.
 */
function isTestEvent(body: JsonObject): boolean {
	return (
		body.status === 'submitted' &&
		body.id !== undefined &&
		body.create_time !== undefined &&
		body.create_time === body.update_time &&
		Array.isArray(body.outputs) &&
		body.outputs.length === 0 &&
		!body.external_id &&
		body.billing === undefined
	);
}

function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Keeps hostile bodies away from the reader: it searches text for tokens before it parses it, and
 * in text that is no JSON that takes time with the square of the length.
 */
function isTame(value: unknown, depth: number): boolean {
	if (typeof value === 'string') {
		return value.length < LONG_TEXT || !/^\s*\{/.test(value) || isTameText(value, depth);
	}
	if (typeof value !== 'object' || value === null) return true;
	return depth > 0 && Object.values(value).every((inner) => isTame(inner, depth - 1));
}

function isTameText(text: string, depth: number): boolean {
	const inner = plainJson(text);
	return inner !== undefined && isTame(inner, depth - 1);
}

function notACallback(why: string): Callback {
	return { kind: 'notACallback', why };
}
