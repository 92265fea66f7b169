// A reply as a chain of objects from the envelope to the task (gateways wrap it up to three times), and the ids and times in it.
import type { JsonObject } from '../task';
import { asObject, asObjects, asText, firstText, member } from './json';

/** new-api puts Kling's whole reply into its own `data.data`, so the task is three steps in. */
const DEEPEST = 3;
/** Wrappers that other gateways use; looked into only while nothing has looked like a task. */
const OTHER_WRAPPERS = ['task', 'payload', 'result', 'body', 'response'];

/**
 * The objects along `data`, outermost first; at least the body itself.
 *
 * @param body a JSON object
 */
export function layersOf(body: JsonObject): JsonObject[] {
	const layers = [body];
	for (let current = body; layers.length <= DEEPEST;) {
		const inner = inside(current);
		if (inner === undefined) break;
		layers.push(inner);
		current = inner;
	}
	return layers;
}

function inside(layer: JsonObject): JsonObject | undefined {
	const data = member(layer, 'data');
	const inner = asObject(data) ?? onlyOne(data);
	if (inner !== undefined) return inner;
	if (looksLikeTask(layer)) return undefined;
	return OTHER_WRAPPERS.map((key) => asObject(member(layer, key))).find(
		(found) => found !== undefined,
	);
}

/** Some services answer a question for one task with a list of one. */
function onlyOne(value: unknown): JsonObject | undefined {
	const items = asObjects(value);
	return items.length === 1 ? items[0] : undefined;
}

/** Carries a task's id; a bare `id` may be a request's or an event's, unless a status stands beside it. */
export function looksLikeTask(layer: JsonObject): boolean {
	if (firstText(layer, ['task_id', 'taskId']) !== undefined) return true;
	return firstText(layer, ['id']) !== undefined && hasStatus(layer);
}

/** Has a member for the status, even an empty one: new-api submits answer `"status": ""`. */
export function hasStatus(layer: JsonObject): boolean {
	return ['task_status', 'taskStatus', 'status', 'state'].some(
		(key) => typeof member(layer, key) === 'string',
	);
}

const TASK_ID = ['task_id', 'taskId'];
const EXTERNAL_ID = ['external_task_id', 'externalTaskId', 'external_id'];

/**
 * The task's id: the outermost one, because that is what the gateway can be asked for.
 * `task_id` says what it is; a bare `id` counts first where a status stands beside it.
 *
 * @param isStrict leaves bare ids out: a refusal's may be the request's
 * @returns undefined when every candidate is absent or empty
 */
export function taskIdOf(layers: readonly JsonObject[], isStrict: boolean): string | undefined {
	const [body, ...inner] = layers;
	const envelopeLast = body === undefined ? inner : [...inner.slice(0, 1), body, ...inner.slice(1)];
	const named = firstOf(envelopeLast, TASK_ID);
	if (named !== undefined || isStrict) return named;
	return firstOf(layers.filter(hasStatus), ['id']) ?? firstOf(envelopeLast, ['id']);
}

/** Every id by which the reply's task may be known, the task's own and its gateway's. */
export function idsIn(layers: readonly JsonObject[]): string[] {
	const keys = [...TASK_ID, 'id', 'platform_id'];
	return layers.flatMap((layer) => keys.map((key) => firstText(layer, [key]))).filter(isId);
}

/** `external_task_id`, in `task_info` or beside it; innermost first, because that is Kling's own word. */
export function externalIdOf(layers: readonly JsonObject[]): string | undefined {
	const places = [...layers].reverse().flatMap((layer) => {
		const info = asObject(member(layer, 'task_info'));
		return info === undefined ? [layer] : [info, layer];
	});
	return firstOf(places, EXTERNAL_ID);
}

/** True when a member for the task's id is there and names nothing: the service said yes and gave no ID. */
export function hasEmptyId(layers: readonly JsonObject[]): boolean {
	return layers.some((layer) =>
		TASK_ID.some((key) => {
			const value = member(layer, key);
			return value !== undefined && value !== null && !isId(asText(value));
		}),
	);
}

function firstOf(layers: readonly JsonObject[], keys: readonly string[]): string | undefined {
	return layers.flatMap((layer) => keys.map((key) => firstText(layer, [key]))).find(isId);
}

/** Words for "nothing" are no ids, and dots alone would lead to another address. */
function isId(text: string | undefined): text is string {
	return text !== undefined && !/^(?:0|null|none|nil|undefined|\.+)$/i.test(text);
}

/** As seconds this is the year 5138, as milliseconds 1973: everything below is in seconds. */
const SECONDS_BELOW = 1e11;
/** The largest time that a Date can hold. */
const LATEST_MS = 8.64e15;

const CREATED = ['created_at', 'create_time', 'submit_time', 'createdAt', 'createTime'];
const UPDATED = [
	'updated_at',
	'update_time',
	'finish_time',
	'completed_at',
	'updatedAt',
	'updateTime',
];

export function createdAtOf(layers: readonly JsonObject[]): number | undefined {
	return innermostTime(layers, CREATED);
}

export function updatedAtOf(layers: readonly JsonObject[]): number | undefined {
	return innermostTime(layers, UPDATED);
}

/** Innermost first: Kling's own times are finer than a gateway's. */
function innermostTime(layers: readonly JsonObject[], keys: readonly string[]): number | undefined {
	return [...layers]
		.reverse()
		.flatMap((layer) => keys.map((key) => toMs(member(layer, key))))
		.find((time) => time !== undefined);
}

/** @returns Unix time in milliseconds; undefined for 0, which gateways write for "not yet" */
function toMs(value: unknown): number | undefined {
	const text = asText(value);
	if (text === undefined) return undefined;
	const number = Number(text);
	if (Number.isNaN(number)) return isoToMs(text);
	const ms = Math.round(number < SECONDS_BELOW ? number * 1000 : number);
	return ms > 0 && ms <= LATEST_MS ? ms : undefined;
}

function isoToMs(text: string): number | undefined {
	if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return undefined;
	const ms = Date.parse(text);
	return Number.isNaN(ms) ? undefined : ms;
}
