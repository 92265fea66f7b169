// Waits by polling for the tasks of a batch, together.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { Told } from '../../api/client';
import type { Family } from '../../api/models';
import { isFinished } from '../../api/task';
import { clock } from '../../host/clock';
import type { Door } from '../service';
import type { Waited } from './finish';

export interface TaskToWaitFor {
	item: number;
	told: Told;
	family: Family;
	maxWaitMinutes: number;
	pollIntervalSeconds: number;
}

export async function waitForTasks(
	context: IExecuteFunctions,
	door: Door,
	tasks: TaskToWaitFor[],
): Promise<Map<number, Waited>> {
	const result = new Map<number, Waited>();
	const signal = context.getExecutionCancelSignal();
	for (const task of tasks) {
		const deadline = clock.now() + task.maxWaitMinutes * 60_000;
		let told = task.told;
		let waited: Waited | undefined;
		while (waited === undefined) {
			if (isFinished(told.task)) waited = { kind: 'finished', told };
			else if (signal?.aborted) waited = { kind: 'stopped', told };
			else if (clock.now() >= deadline) waited = { kind: 'timedOut', told, waitedMinutes: task.maxWaitMinutes };
			else {
				await clock.sleep(Math.min(task.pollIntervalSeconds * 1000, Math.max(1, deadline - clock.now())), signal);
				const outcome = await door.client.fetch(task.family, told.task.id);
				if (outcome.kind === 'found') told = { task: outcome.task, raw: outcome.raw };
				else if (outcome.kind === 'refused') waited = { kind: 'refused', told, error: outcome.error };
			}
		}
		result.set(task.item, waited);
	}
	return result;
}
