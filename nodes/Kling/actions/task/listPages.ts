// Walks the pages of a task list, as few as the question needs.
import type { KlingClient, ListOutcome, Told } from '../../api/client';
import type { Family } from '../../api/models';
import { readAgain } from '../reading';

/** The service's largest page. */
const PAGE_SIZE = 500;
/** The service's last page number. */
const LAST_PAGE = 1000;

export interface ListQuestion {
	/** How many matching tasks are wanted; Infinity for all. */
	wanted: number;
	/** Unix time in milliseconds; older tasks are not wanted. */
	createdAfter?: number;
	/** Left out where every task is wanted. */
	matches?(told: Told): boolean;
}

type Refusal = Exclude<ListOutcome, { kind: 'page' }>;

/**
 * Collects matching tasks of one family, without repetition: new tasks push older ones onto the
 * next page while the pages are being read.
 *
 * @returns the tasks in the service's order, or the outcome that stopped the walk
 */
export async function listTasks(
	client: KlingClient,
	family: Family,
	question: ListQuestion,
	signal?: AbortSignal,
): Promise<{ kind: 'tasks'; tasks: Told[] } | Refusal> {
	const found = new Map<string, Told>();
	const order = newestFirstProof();
	const { wanted, matches } = question;
	// How many of a page match is not known beforehand, so a filter reads the largest pages.
	const pageSize = matches === undefined ? Math.max(1, Math.min(PAGE_SIZE, wanted)) : PAGE_SIZE;

	for (let pageNum = 1; pageNum <= LAST_PAGE; pageNum++) {
		const outcome = await readAgain(() => client.list(family, pageNum, pageSize), signal);
		if (outcome.kind !== 'page') return outcome;
		for (const told of outcome.tasks) {
			order.see(told.task.createdAt);
			if (matches?.(told) ?? true) found.set(told.task.id, told);
		}
		if (found.size >= wanted) break;
		if (outcome.tasks.length < pageSize || signal?.aborted) break;
		if (order.provesNoneAfter(question.createdAfter)) break;
	}
	return { kind: 'tasks', tasks: [...found.values()].slice(0, wanted) };
}

/** The order of the list is not documented, so a walk stops early only where the pages prove it. */
function newestFirstProof() {
	let descending = true;
	let last = Infinity;
	return {
		see(createdAt: number | undefined): void {
			if (createdAt === undefined || createdAt > last) descending = false;
			else last = createdAt;
		},
		provesNoneAfter(createdAfter: number | undefined): boolean {
			return descending && createdAfter !== undefined && last < createdAfter;
		},
	};
}
