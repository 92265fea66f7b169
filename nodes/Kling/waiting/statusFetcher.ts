// Fetches the status of many tasks at once: one list request where the service lists, single requests for the rest.
import type { KlingClient, TaskSnapshot } from '../api/client';
import type { KlingApiError } from '../api/errors/error';
import type { Gateway } from '../api/gateways';
import { Limit } from '../api/limit';
import { lookUpTask } from '../api/lookUp';
import type { Family, FamilyName } from '../api/models';
import { walkPages } from '../api/pages';
import { isFinished, type Task } from '../api/task';

/** A task to ask about. */
export interface TaskReference {
	id: string;
	/** Its external task id, by which a gateway may know it when it does not know the id. */
	key?: string;
	family: Family;
	/** The newest that is known of it. */
	lastKnown?: TaskSnapshot;
}

export type StatusAnswer =
	/** `by` a list: what it says may be older than what a single request would say. */
	| { kind: 'snapshot'; snapshot: TaskSnapshot; by: 'list' | 'fetch' }
	/** The service does not know the task (yet). */
	| { kind: 'missing'; error: KlingApiError }
	/** Asking again would give the same answer. */
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'noAnswer'; error: KlingApiError };

export interface StatusPorts {
	client: Pick<KlingClient, 'fetch' | 'list'>;
	gateway: Pick<Gateway, 'listRoute' | 'externalIdLookUp'>;
	signal?: AbortSignal;
	/** Called for every request to the service. */
	onRequest?(kind: 'list' | 'fetch'): void;
}

const MAX_PAGES = 4;
const FETCHES_AT_ONCE = 5;
/** A list route that did not answer this often in a row is left aside for a round. */
const LIST_SETBACKS = 2;

export class StatusFetcher {
	private readonly lists = new Map<FamilyName, { setbacks: number; unusable: boolean }>();
	private readonly client: StatusPorts['client'];

	constructor(private readonly ports: StatusPorts) {
		const { client, onRequest } = ports;
		this.client = {
			fetch: async (family, id, known) => {
				onRequest?.('fetch');
				return await client.fetch(family, id, known);
			},
			list: async (family, pageNum, pageSize) => {
				onRequest?.('list');
				return await client.list(family, pageNum, pageSize);
			},
		};
	}

	/**
	 * Asks about every task once.
	 *
	 * @param how `list`: one list request for a batch, where the service lists. `singly`: every task by itself
	 * @param onAnswer called as the answers come in, once per task
	 * @param isOver whether nobody waits for a task's answer any more: then it is not asked for by itself
	 */
	async fetchAll<T extends TaskReference>(
		tasks: readonly T[],
		how: 'list' | 'singly',
		onAnswer: (task: T, answer: StatusAnswer) => void,
		isOver: (task: T) => boolean = () => false,
	): Promise<void> {
		const rest = how === 'list' ? await this.fetchListed(tasks, onAnswer) : tasks;
		const limit = new Limit(FETCHES_AT_ONCE);
		const fetchAndTell = async (task: T) => {
			if (this.ports.signal?.aborted || isOver(task)) return;
			onAnswer(task, await this.fetchOne(task));
		};
		await Promise.all(rest.map((task) => limit.run(() => fetchAndTell(task))));
	}

	/** One task, by its id, else by its key. */
	async fetchOne(task: TaskReference): Promise<StatusAnswer> {
		const outcome = await lookUpTask(this.client, this.ports.gateway, task.family, task);
		switch (outcome.kind) {
			case 'found': {
				const snapshot = { task: named(outcome.task, task), raw: outcome.raw };
				return { kind: 'snapshot', snapshot, by: 'fetch' };
			}
			case 'transient':
				return { kind: 'noAnswer', error: outcome.error };
			default:
				return outcome;
		}
	}

	/** @returns the tasks that no list said enough about */
	private async fetchListed<T extends TaskReference>(
		tasks: readonly T[],
		onAnswer: (task: T, answer: StatusAnswer) => void,
	): Promise<T[]> {
		const rest: T[] = [];
		for (const family of new Set(tasks.map((task) => task.family))) {
			const ofFamily = tasks.filter((task) => task.family === family);
			rest.push(...(await this.fetchFamily(family, ofFamily, onAnswer)));
		}
		return rest;
	}

	private async fetchFamily<T extends TaskReference>(
		family: Family,
		tasks: readonly T[],
		onAnswer: (task: T, answer: StatusAnswer) => void,
	): Promise<readonly T[]> {
		const list = this.lists.get(family.name) ?? { setbacks: 0, unusable: false };
		this.lists.set(family.name, list);
		const unusable = list.unusable || this.ports.gateway.listRoute === 'none';
		if (tasks.length < 2 || unusable || list.setbacks >= LIST_SETBACKS) {
			list.setbacks = 0;
			return tasks;
		}
		const listed = await this.readList(family, tasks);
		if (listed.kind === 'unusable') {
			list.unusable = true;
			return tasks;
		}
		if (listed.kind === 'noAnswer') {
			list.setbacks += 1;
			for (const task of tasks) onAnswer(task, listed);
			return [];
		}
		list.setbacks = 0;
		const rest: T[] = [];
		for (const task of tasks) {
			const row = rowOf(task, listed.rows);
			if (row === undefined || !suffices(row, task)) rest.push(task);
			else onAnswer(task, { kind: 'snapshot', snapshot: row, by: 'list' });
		}
		return rest;
	}

	/** Only as many pages as are needed, and never more than single requests would be. */
	private async readList(
		family: Family,
		tasks: readonly TaskReference[],
	): Promise<
		| { kind: 'rows'; rows: Map<string, TaskSnapshot> }
		| { kind: 'unusable' }
		| { kind: 'noAnswer'; error: KlingApiError }
	> {
		const rows = new Map<string, TaskSnapshot>();
		const { signal, gateway } = this.ports;
		const walk = await walkPages({
			readPage: async (pageNum, pageSize) =>
				signal?.aborted ? 'stopped' : await this.client.list(family, pageNum, pageSize),
			listRoute: gateway.listRoute,
			maxPages: Math.min(MAX_PAGES, tasks.length - 1),
			onTasks(page) {
				for (const snapshot of page) {
					for (const name of [snapshot.task.externalId, snapshot.task.id]) {
						if (name !== undefined) rows.set(name, snapshot);
					}
				}
				return tasks.every((task) => rowOf(task, rows) !== undefined) ? 'enough' : 'more';
			},
		});
		if (walk.kind === 'transient') return { kind: 'noAnswer', error: walk.error };
		// A refused list says nothing about the tasks: they are asked for one by one.
		if (walk.kind === 'refused' || walk.kind === 'unsupported') return { kind: 'unusable' };
		return { kind: 'rows', rows };
	}
}

function rowOf(
	task: TaskReference,
	rows: ReadonlyMap<string, TaskSnapshot>,
): TaskSnapshot | undefined {
	const row = rows.get(task.id) ?? (task.key === undefined ? undefined : rows.get(task.key));
	return row === undefined ? undefined : { task: named(row.task, task), raw: row.raw };
}

/** A task keeps the id by which it is known, and what only an earlier reply told: gateways differ in both. */
function named(task: Task, { id, key, lastKnown }: TaskReference): Task {
	return {
		...task,
		id,
		externalId: task.externalId ?? key,
		createdAt: task.createdAt ?? lastKnown?.task.createdAt,
	};
}

/** Lists lag: a row that is older than what is known, or finished without its result, is not enough. */
function suffices({ task }: TaskSnapshot, { lastKnown }: TaskReference): boolean {
	if (task.status === 'succeed' && task.videos.length === 0) return false;
	if (task.status === 'failed' && task.reason === undefined) return false;
	if (lastKnown === undefined || isFinished(task)) return true;
	const known = lastKnown.task;
	if (isFinished(known) || (known.status === 'processing' && task.status === 'submitted'))
		return false;
	return (task.updatedAt ?? Infinity) >= (known.updatedAt ?? -Infinity);
}
