// Looks a task up: by its id, else by its external task id where the service can.
import type { FetchOutcome, KlingClient } from './client';
import { isBareNotFound, KlingApiError } from './errors/error';
import type { Gateway } from './gateways';
import type { Family } from './models';
import type { Task } from './task';

/** What names a task; at least one of the two. */
export interface TaskNames {
	/** The service's task id. */
	id?: string;
	/** Its `external_task_id`. */
	key?: string;
}

/**
 * Looks a task up once.
 *
 * Some gateways give out ids that they do not take back, so a task that is not found by its id is looked
 * up by its key. A bare 404 page says nothing about the task: it counts as no answer (`transient`).
 *
 * @returns the client's outcome; a task that was named by its id keeps this id, and one whose reply does
 * not tell its key gets the key it was asked for by
 */
export async function lookUpTask(
	client: Pick<KlingClient, 'fetch'>,
	gateway: Pick<Gateway, 'externalIdLookUp'>,
	family: Family,
	{ id, key }: TaskNames,
): Promise<FetchOutcome> {
	const byId = id === undefined ? undefined : await client.fetch(family, id, { externalId: key });
	if (byId !== undefined && byId.kind !== 'missing') return named(byId, { id, key });
	const canAskByKey = key !== undefined && key !== id && gateway.externalIdLookUp !== 'none';
	if (!canAskByKey) return byId ?? { kind: 'refused', error: noSuchTask(key ?? '') };
	const byKey = await client.fetch(family, key, { externalId: key });
	const isTried = gateway.externalIdLookUp === 'try';
	if (byKey.kind === 'found' && isTried && !isNamed(byKey.task, { id, key })) {
		return { kind: 'missing', error: noSuchTask(key) };
	}
	return named(byKey, { id, key });
}

/** Where nobody documents a look-up by key, only a reply that carries the task's own names is believed. */
function isNamed(task: Task, { id, key }: TaskNames): boolean {
	return task.externalId === key || (id !== undefined && task.id === id);
}

function named(outcome: FetchOutcome, { id, key }: TaskNames): FetchOutcome {
	if (outcome.kind === 'refused' && isBareNotFound(outcome.error)) {
		return { kind: 'transient', error: outcome.error };
	}
	if (outcome.kind !== 'found') return outcome;
	const { task, raw } = outcome;
	return {
		kind: 'found',
		task: { ...task, id: id ?? task.id, externalId: task.externalId ?? key },
		raw,
	};
}

function noSuchTask(key: string): KlingApiError {
	return new KlingApiError({
		category: 'missing',
		sendAgain: 'lookUpFirst',
		message: `No task with the external task ID ${key} was found`,
		description: "Look for this ID in the service's own task list",
	});
}
