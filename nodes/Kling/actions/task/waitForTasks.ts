// Waits by polling for the tasks of a batch, all together.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { Told } from '../../api/client';
import type { Family } from '../../api/models';
import { clock } from '../../host/clock';
import { pollAll, type PollOutcome, type PollPorts } from '../../waiting/poll';
import type { Door } from '../service';
import type { Waited } from './finish';

interface TaskToWaitFor {
	/** Index of the input item. */
	item: number;
	told: Told;
	family: Family;
	parameters: { options: { maxWaitMinutes: number; pollIntervalSeconds: number } };
}

/**
 * @returns how the wait ended, by input item; the interval is the shortest that any item asks for
 */
export async function waitForTasks(
	context: IExecuteFunctions,
	door: Door,
	tasks: TaskToWaitFor[],
): Promise<Map<number, Waited>> {
	if (tasks.length === 0) return new Map();
	const now = clock.now();
	const outcomes = await pollAll(
		tasks.map(({ told, family, parameters }) => ({
			...askedOf(told, family),
			deadline: now + parameters.options.maxWaitMinutes * 60_000,
		})),
		pollPorts(context, door),
		Math.min(...tasks.map(({ parameters }) => parameters.options.pollIntervalSeconds)) * 1000,
	);
	return new Map(
		tasks.map((task, index) => [task.item, waitedOf(outcomes[index], task)] as const),
	);
}

/** How a task is asked about. */
export function askedOf(told: Told, family: Family) {
	return { id: told.task.id, key: told.task.externalId, family, lastKnown: told };
}

export function pollPorts(context: IExecuteFunctions, { client, service }: Door): PollPorts {
	return {
		client,
		gateway: service.gateway,
		clock,
		random: Math.random,
		signal: context.getExecutionCancelSignal(),
		onRound: ({ requests, open, finished }) =>
			context.logger.debug(`Kling: ${open} open, ${finished} finished, ${requests} requests`),
	};
}

function waitedOf(outcome: PollOutcome | undefined, task: TaskToWaitFor): Waited {
	if (outcome === undefined) return { kind: 'stopped', told: task.told };
	if (outcome.kind === 'finished') {
		return { kind: 'finished', told: { task: outcome.task, raw: outcome.raw } };
	}
	const told = outcome.lastKnown ?? task.told;
	switch (outcome.kind) {
		case 'timedOut':
			return { kind: 'timedOut', told, waitedMinutes: task.parameters.options.maxWaitMinutes };
		case 'stopped':
			return { kind: 'stopped', told };
		case 'refused':
			return { kind: 'refused', told, error: outcome.error };
	}
}
