// The bill: what was paid for. Every task that was made counts, also a failed one.
import type { Task } from './service/task.mts';

export interface Bill {
	readonly total: number;
	/** Tasks per external_task_id, as the callers gave it; tasks without one are not in here. */
	readonly perExternalId: Readonly<Record<string, number>>;
	/** Tasks per request hash: equal work, whatever its key or callback URL. */
	readonly perRequest: Readonly<Record<string, number>>;
	readonly perDialect: Readonly<Record<string, number>>;
}

/** Adds up the tasks. */
export function billOf(tasks: readonly Task[]): Bill {
	return {
		total: tasks.length,
		perExternalId: countBy(tasks, ({ clientKey }) => clientKey),
		perRequest: countBy(tasks, ({ requestHash }) => requestHash),
		perDialect: countBy(tasks, ({ dialect }) => dialect),
	};
}

function countBy(
	tasks: readonly Task[],
	key: (task: Task) => string | undefined,
): Record<string, number> {
	const counts = new Map<string, number>();
	for (const task of tasks) {
		const name = key(task);
		if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
	}
	return Object.fromEntries(counts);
}
