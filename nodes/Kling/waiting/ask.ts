// Asks the service about many tasks at once: one list request where it lists, single requests for the rest.
import type { KlingClient, Told } from '../api/client';
import { isBareNotFound, type KlingApiError } from '../api/errors';
import type { Gateway } from '../api/gateways';
import { Limit } from '../api/limit';
import type { Family, FamilyName } from '../api/models';
import { isFinished, type Task } from '../api/task';

/** A task to ask about. */
export interface Asked {
	id: string;
	/** Its external task id, by which a gateway may know it when it does not know the id. */
	key?: string;
	family: Family;
	/** The newest that is known of it. */
	lastKnown?: Told;
}

export type Answer =
	/** `by` a list: what it says may be older than what a single request would say. */
	| { kind: 'told'; told: Told; by: 'list' | 'fetch' }
	/** The service does not know the task (yet). */
	| { kind: 'missing'; error: KlingApiError }
	/** Asking again would give the same answer. */
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'silent'; error: KlingApiError };

export interface AskPorts {
	client: KlingClient;
	gateway: Pick<Gateway, 'listRoute' | 'externalIdLookUp'>;
	signal?: AbortSignal;
	/** Called for every request to the service. */
	onRequest?(kind: 'list' | 'fetch'): void;
}

const PAGE_SIZE = 500;
const MAX_PAGES = 4;
const FETCHES_AT_ONCE = 5;
/** A list route that failed so often in a row is left aside for a round. */
const LIST_SETBACKS = 2;

export class Asker {
	private readonly lists = new Map<FamilyName, { setbacks: number; unusable: boolean }>();

	constructor(private readonly ports: AskPorts) {}

	/**
	 * Asks about every task once.
	 *
	 * @param how `list`: one list request for a batch, where the service lists. `singly`: every task by itself
	 * @param onAnswer called as the answers come in, once per task
	 * @param isOver whether nobody waits for a task's answer any more: then it is not asked for by itself
	 */
	async ask<T extends Asked>(
		tasks: readonly T[],
		how: 'list' | 'singly',
		onAnswer: (task: T, answer: Answer) => void,
		isOver: (task: T) => boolean = () => false,
	): Promise<void> {
		const rest = how === 'list' ? await this.askListOnly(tasks, onAnswer) : tasks;
		await this.askSingly(rest, onAnswer, isOver);
	}

	/**
	 * Asks the list alone, where there is one.
	 *
	 * @returns the tasks that it said nothing sufficient about
	 */
	async askListOnly<T extends Asked>(
		tasks: readonly T[],
		onAnswer: (task: T, answer: Answer) => void,
	): Promise<T[]> {
		const rest: T[] = [];
		for (const family of new Set(tasks.map((task) => task.family))) {
			const ofFamily = tasks.filter((task) => task.family === family);
			rest.push(...(await this.askList(family, ofFamily, onAnswer)));
		}
		return rest;
	}

	/** One task, by its id, else by its key. */
	async askOne(task: Asked): Promise<Answer> {
		const { client, gateway, onRequest } = this.ports;
		const known = { externalId: task.key };
		onRequest?.('fetch');
		let outcome = await client.fetch(task.family, task.id, known);
		const byKey = task.key !== undefined && task.key !== task.id;
		if (outcome.kind === 'missing' && byKey && gateway.externalIdLookUp !== 'none') {
			onRequest?.('fetch');
			outcome = await client.fetch(task.family, task.key ?? task.id, known);
		}
		if (outcome.kind === 'found') {
			const told = { task: named(outcome.task, task), raw: outcome.raw };
			return { kind: 'told', told, by: 'fetch' };
		}
		if (outcome.kind === 'transient') return { kind: 'silent', error: outcome.error };
		const isPageOfAProxy = outcome.kind === 'refused' && isBareNotFound(outcome.error);
		return isPageOfAProxy ? { kind: 'silent', error: outcome.error } : outcome;
	}

	private async askSingly<T extends Asked>(
		tasks: readonly T[],
		onAnswer: (task: T, answer: Answer) => void,
		isOver: (task: T) => boolean,
	): Promise<void> {
		const limit = new Limit(FETCHES_AT_ONCE);
		const askAndTell = async (task: T) => {
			if (this.ports.signal?.aborted || isOver(task)) return;
			onAnswer(task, await this.askOne(task));
		};
		await Promise.all(tasks.map((task) => limit.run(() => askAndTell(task))));
	}

	/** @returns the tasks that the list said nothing sufficient about */
	private async askList<T extends Asked>(
		family: Family,
		tasks: readonly T[],
		onAnswer: (task: T, answer: Answer) => void,
	): Promise<readonly T[]> {
		const list = this.lists.get(family.name) ?? { setbacks: 0, unusable: false };
		this.lists.set(family.name, list);
		const unusable = list.unusable || this.ports.gateway.listRoute === 'none';
		if (tasks.length < 2 || unusable || list.setbacks >= LIST_SETBACKS) {
			list.setbacks = 0;
			return tasks;
		}
		const reading = await this.readList(family, tasks);
		if (reading.kind === 'unusable') {
			list.unusable = true;
			return tasks;
		}
		if (reading.kind === 'silent') {
			list.setbacks += 1;
			for (const task of tasks) onAnswer(task, reading);
			return [];
		}
		list.setbacks = 0;
		const rest: T[] = [];
		for (const task of tasks) {
			const row = rowOf(task, reading.rows);
			if (row === undefined || !suffices(row, task)) rest.push(task);
			else onAnswer(task, { kind: 'told', told: row, by: 'list' });
		}
		return rest;
	}

	/** Only as many pages as are needed, and never more than single requests would be. */
	private async readList(
		family: Family,
		tasks: readonly Asked[],
	): Promise<
		| { kind: 'rows'; rows: Map<string, Told> }
		| { kind: 'unusable' }
		| { kind: 'silent'; error: KlingApiError }
	> {
		const rows = new Map<string, Told>();
		const lastPage = Math.min(MAX_PAGES, tasks.length - 1);
		for (let pageNum = 1; pageNum <= lastPage && !this.ports.signal?.aborted; pageNum++) {
			this.ports.onRequest?.('list');
			const page = await this.ports.client.list(family, pageNum, PAGE_SIZE);
			if (page.kind === 'transient') return { kind: 'silent', error: page.error };
			// A refused list says nothing about the tasks: they are asked for one by one.
			if (page.kind !== 'page') return { kind: 'unusable' };
			for (const told of page.tasks) {
				for (const name of [told.task.externalId, told.task.id]) {
					if (name !== undefined) rows.set(name, told);
				}
			}
			const complete = tasks.every((task) => rowOf(task, rows) !== undefined);
			if (complete || page.tasks.length < PAGE_SIZE) break;
		}
		return { kind: 'rows', rows };
	}
}

function rowOf(task: Asked, rows: ReadonlyMap<string, Told>): Told | undefined {
	const row = rows.get(task.id) ?? (task.key === undefined ? undefined : rows.get(task.key));
	return row === undefined ? undefined : { task: named(row.task, task), raw: row.raw };
}

/** A task keeps the id by which it is known, and what only an earlier reply told: gateways differ in both. */
function named(task: Task, { id, key, lastKnown }: Asked): Task {
	return {
		...task,
		id,
		externalId: task.externalId ?? key,
		createdAt: task.createdAt ?? lastKnown?.task.createdAt,
	};
}

/** Lists lag: a row that is older than what is known, or finished without its result, is not enough. */
function suffices({ task }: Told, { lastKnown }: Asked): boolean {
	if (task.status === 'succeed' && task.videos.length === 0) return false;
	if (task.status === 'failed' && task.reason === undefined) return false;
	if (lastKnown === undefined || isFinished(task)) return true;
	const known = lastKnown.task;
	if (isFinished(known) || (known.status === 'processing' && task.status === 'submitted'))
		return false;
	return (task.updatedAt ?? Infinity) >= (known.updatedAt ?? -Infinity);
}
