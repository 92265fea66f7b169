// Waits by polling for the tasks of a batch, all together.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { KlingClient, TaskSnapshot } from '../../api/client';
import type { Gateway } from '../../api/gateways';
import type { Family } from '../../api/models';
import { clock } from '../../n8n/clock';
import { MINUTE_MS } from '../../waiting/backoff';
import { pollAll, type PollOutcome, type PollPorts } from '../../waiting/poll';
import type { Waited } from '../../tasks/finish';

/** What waiting needs of a run of the node. */
export interface PollingRun {
	context: IExecuteFunctions;
	client: KlingClient;
	gateway: Gateway;
	/** Aborts when the user presses Stop. */
	signal?: AbortSignal;
}

interface TaskToWaitFor {
	/** Index of the input item. */
	item: number;
	snapshot: TaskSnapshot;
	family: Family;
	parameters: { options: { maxWaitMinutes: number; pollIntervalSeconds: number } };
}

/**
 * @returns how the wait ended, by input item; the interval is the shortest that any item asks for
 */
export async function waitForTasks(
	run: PollingRun,
	tasks: TaskToWaitFor[],
): Promise<Map<number, Waited>> {
	if (tasks.length === 0) return new Map();
	const now = clock.now();
	const outcomes = await pollAll(
		tasks.map(({ snapshot, family, parameters }) => ({
			id: snapshot.task.id,
			key: snapshot.task.externalId,
			family,
			lastKnown: snapshot,
			deadline: now + parameters.options.maxWaitMinutes * MINUTE_MS,
		})),
		pollPorts(run),
		Math.min(...tasks.map(({ parameters }) => parameters.options.pollIntervalSeconds)) * 1000,
	);
	return new Map(
		tasks.map(({ item, snapshot, parameters }, index) => [
			item,
			waitedOf(outcomes[index], snapshot, parameters.options.maxWaitMinutes),
		]),
	);
}

export function pollPorts({ context, client, gateway, signal }: PollingRun): PollPorts {
	return {
		client,
		gateway,
		clock,
		random: Math.random,
		signal,
		onRound: ({ requests, open, finished }) =>
			context.logger.debug(`Kling: ${open} open, ${finished} finished, ${requests} requests`),
	};
}

/** @param known what was known of the task before */
export function waitedOf(
	outcome: PollOutcome | undefined,
	known: TaskSnapshot,
	waitedMinutes: number,
): Waited {
	if (outcome === undefined) return { kind: 'stopped', snapshot: known };
	if (outcome.kind === 'finished') {
		return { kind: 'finished', snapshot: { task: outcome.task, raw: outcome.raw } };
	}
	const snapshot = outcome.lastKnown ?? known;
	switch (outcome.kind) {
		case 'timedOut':
			return { kind: 'timedOut', snapshot, waitedMinutes };
		case 'stopped':
			return { kind: 'stopped', snapshot };
		case 'refused':
			return { kind: 'refused', snapshot, error: outcome.error };
	}
}
