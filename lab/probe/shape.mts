// The shape of a reply without its content: fit to be published in an issue.

/** Words of the protocol, which are shown as they are; everything else is shown as its type. */
const SHOWN = new Set([
	'code',
	'message',
	'status',
	'task_status',
	'object',
	'type',
	'action',
	'progress',
	'format',
]);
const MAX_SHOWN = 60;

/**
 * A reply as types, e.g. `{code: 0, data: {task_id: string(18), task_status: "succeed"}}`.
 *
 * @param body the text of the reply
 * @param redact masks keys in the words that are shown
 */
export function shapeOf(body: string, redact: (text: string) => string): string {
	const value = parsed(body);
	if (value === undefined) return body.trim() === '' ? 'empty' : 'no JSON';
	return redact(skeleton(value, ''));
}

/** Which of the known families of replies a GET reply belongs to. */
export function familyOfShape(body: string): string {
	const reply = asObject(parsed(body));
	const data = asObject(reply?.['data']);
	if (reply?.['object'] === 'video') return 'OpenAI video object';
	if (data !== undefined && 'task_status' in data) return "Kling's own shape";
	if (data !== undefined && asObject(data['data']) !== undefined) return 'new-api task record';
	if (data !== undefined && 'url' in data) return 'flat URL';
	if (data !== undefined && 'fail_reason' in data) return 'new-api task record';
	if (reply !== undefined && 'status' in reply && 'url' in reply) return 'flat URL, no envelope';
	return 'not one of the known shapes';
}

/** Whether the times of a task are in seconds or milliseconds; undefined where there is none. */
export function timeUnitOf(body: string): 'seconds' | 'milliseconds' | undefined {
	const time = firstTime(parsed(body));
	if (time === undefined) return undefined;
	return time < 1e11 ? 'seconds' : 'milliseconds';
}

/** The elements of a list reply; undefined where it holds no list. */
export function elementsIn(body: string): unknown[] | undefined {
	const reply = parsed(body);
	if (Array.isArray(reply)) return reply;
	const data = asObject(reply)?.['data'];
	if (Array.isArray(data)) return data;
	return data === null ? [] : undefined;
}

function skeleton(value: unknown, name: string): string {
	if (Array.isArray(value)) {
		const first: unknown = value[0];
		return value.length === 0 ? '[]' : `[${skeleton(first, '')} × ${value.length}]`;
	}
	if (typeof value === 'object' && value !== null) {
		const members = Object.entries(value).map(([key, inner]) => `${key}: ${skeleton(inner, key)}`);
		return `{${members.join(', ')}}`;
	}
	if (typeof value === 'string') {
		const inner = asObject(parsed(value));
		if (inner !== undefined) return `JSON in text ${skeleton(inner, '')}`;
		return SHOWN.has(name) ? JSON.stringify(value.slice(0, MAX_SHOWN)) : `string(${value.length})`;
	}
	if (typeof value === 'number') return SHOWN.has(name) ? String(value) : 'number';
	return String(value);
}

function firstTime(value: unknown): number | undefined {
	const object = asObject(value);
	if (object === undefined) return undefined;
	const own = ['created_at', 'submit_time']
		.map((name) => Number(object[name]))
		.find((time) => Number.isFinite(time) && time > 1e8);
	return own ?? firstTime(object['data']);
}

function asObject(value: unknown): Record<string, unknown> | undefined {
	const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
	return isObject ? (value as Record<string, unknown>) : undefined;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
