// Collects the tasks of one family that List Tasks and the task picker want.
import type { KlingClient, ListOutcome, TaskSnapshot } from '../api/client';
import type { Gateway } from '../api/gateways';
import type { Family } from '../api/models';
import { LARGEST_PAGE, walkPages } from '../api/pages';
import { readAgain } from './fetchTask';

export interface ListQuestion {
	/** How many matching tasks are wanted; Infinity for all. */
	wanted: number;
	/** Unix time in milliseconds; older tasks are not wanted. */
	createdAfter?: number;
	/** Left out where every task is wanted. */
	matches?(snapshot: TaskSnapshot): boolean;
}

export interface ListPorts {
	client: Pick<KlingClient, 'list'>;
	gateway: Pick<Gateway, 'listRoute'>;
	signal?: AbortSignal;
}

type Refusal = Exclude<ListOutcome, { kind: 'page' }>;

/**
 * Collects matching tasks of one family, each once.
 *
 * @returns the tasks in the service's order and how many rows could not be read, or the outcome that ended the walk
 */
export async function listTasks(
	{ client, gateway, signal }: ListPorts,
	family: Family,
	{ wanted, createdAfter, matches }: ListQuestion,
): Promise<{ kind: 'tasks'; tasks: TaskSnapshot[]; unreadable: number } | Refusal> {
	const found = new Map<string, TaskSnapshot>();
	let unreadable = 0;
	const walk = await walkPages({
		async readPage(pageNum, pageSize) {
			if (signal?.aborted) return 'stopped';
			return await readAgain(() => client.list(family, pageNum, pageSize), signal);
		},
		listRoute: gateway.listRoute,
		// How many of a page match is not known beforehand, so a filter reads the largest pages.
		pageSize: matches === undefined ? Math.max(1, Math.min(LARGEST_PAGE, wanted)) : LARGEST_PAGE,
		createdAfter,
		onTasks(tasks) {
			for (const snapshot of tasks) {
				if (matches?.(snapshot) ?? true) found.set(snapshot.task.id, snapshot);
			}
			return found.size >= wanted ? 'enough' : 'more';
		},
	});
	if (walk.kind === 'walked') unreadable = walk.unreadable;
	else if (walk.kind !== 'stopped') return walk;
	return { kind: 'tasks', tasks: [...found.values()].slice(0, wanted), unreadable };
}
