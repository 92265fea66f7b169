// A reply as a chain of objects, from the envelope to the task: gateways wrap Kling's reply up to three times.
import type { JsonObject } from '../task';
import { asObject, asObjects, firstText, member } from './json';

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
