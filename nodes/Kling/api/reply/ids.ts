// The ids in a reply: the task's own, and the key that was given to it.
import type { JsonObject } from '../task';
import { asObject, firstText, member } from './json';
import { hasStatus } from './layers';

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
	return layers.flatMap((layer) => keys.map((key) => firstText(layer, [key]))).filter(isText);
}

/** `external_task_id`, in `task_info` or beside it; innermost first, because that is Kling's own word. */
export function externalIdOf(layers: readonly JsonObject[]): string | undefined {
	const places = [...layers].reverse().flatMap((layer) => {
		const info = asObject(member(layer, 'task_info'));
		return info === undefined ? [layer] : [info, layer];
	});
	return firstOf(places, EXTERNAL_ID);
}

/** True when a member for the task's id is there and empty: the service said yes and named nothing. */
export function hasEmptyId(layers: readonly JsonObject[]): boolean {
	return layers.some((layer) =>
		TASK_ID.some(
			(key) => typeof member(layer, key) === 'string' && firstText(layer, [key]) === undefined,
		),
	);
}

function firstOf(layers: readonly JsonObject[], keys: readonly string[]): string | undefined {
	return layers.map((layer) => firstText(layer, keys)).find(isText);
}

function isText(value: string | undefined): value is string {
	return value !== undefined;
}
