// Which jobs are one task, which number each has among equal ones, and that one at a time works on it.
import { orStopped } from '../waiting/backoff';
import { idUsedTwice } from './messages';
import type { Job, Settings, Submission } from './ports';
import type { Entry, ExecutionRecord } from './records';

/** Jobs that are one task: the same id of the user's, or equal requests where run and item do not count. */
export interface Group {
	/** Where the memory keeps it. */
	slot: string;
	first: Job;
	jobs: Job[];
	/** Their places in the input; the first one is the group's place in the queue. */
	orders: number[];
	/** What the execution that is being retried remembers of this work. */
	earlier?: Entry;
	/** Its number among the equal requests of the execution, from 0. */
	ordinal?: number;
}

export function groupJobs(jobs: readonly Job[], settings: Settings): Group[] {
	const groups = new Map<string, Group>();
	for (const [order, job] of jobs.entries()) {
		const slot = slotOf(job, settings);
		const group = groups.get(slot) ?? { slot, first: job, jobs: [], orders: [] };
		group.jobs.push(job);
		group.orders.push(order);
		groups.set(slot, group);
	}
	return [...groups.values()];
}

/** Both of two equal rows get the task; it is new for the first of them only. */
export function shareOf(submission: Submission, place: number): Submission {
	if (place === 0 || submission.kind !== 'task' || submission.origin !== 'new') return submission;
	return { ...submission, origin: 'adopted' };
}

/** Money rule: an id of the user's stands for one request, within a run and over the runs of a loop. */
export function clashOf(
	{ slot, first, jobs }: Group,
	record: ExecutionRecord,
	run: number,
): Error | undefined {
	if (first.userKey === undefined) return undefined;
	const items = jobs.map(({ item }) => item);
	if (jobs.some(({ fingerprint }) => fingerprint !== first.fingerprint)) {
		return idUsedTwice(first.userKey, items);
	}
	const entry = record.get(slot);
	if (entry === undefined || entry.fingerprint === first.fingerprint) return undefined;
	// The same item again, in a retry: expressions such as $now have changed, the work has not.
	if (entry.run === run && items.includes(entry.item)) return undefined;
	return idUsedTwice(first.userKey, [entry.item, ...items]);
}

/**
 * Gives each group, one to one, what the execution that is being retried remembers of equal work.
 *
 * @returns the ids of all tasks that belong to somebody, so that a search does not give them away
 */
export function claimEarlier(
	groups: readonly Group[],
	record: ExecutionRecord,
	{ executionId, isRetry, reuse }: Settings,
): Set<string> {
	const claimed = new Set<string>();
	const byWork = new Map<string, Entry[]>();
	for (const entry of record.entries()) {
		const isOurs = entry.executionId === executionId;
		if (entry.id !== undefined && (isOurs || entry.delivered)) claimed.add(entry.id);
		if (isOurs) continue;
		const equals = byWork.get(workOf(entry)) ?? [];
		equals.push(entry);
		byWork.set(workOf(entry), equals);
	}
	if (!isRetry || reuse === 'never') return claimed;
	for (const equals of byWork.values()) equals.sort(failedLast);
	for (const group of groups) {
		if (record.get(group.slot) !== undefined) continue;
		group.earlier = takeFree(byWork.get(workOf(group.first)) ?? [], claimed);
		if (group.earlier?.id !== undefined) claimed.add(group.earlier.id);
	}
	return claimed;
}

function failedLast(one: Entry, other: Entry): number {
	return Number(one.state === 'ended') - Number(other.state === 'ended');
}

/**
 * Numbers the equal requests of an execution, over all runs of a loop. A retry gives equal requests the same
 * numbers, wherever they stand in its input now, so that their keys are the same.
 */
export function numberEqualRequests(
	groups: readonly Group[],
	record: ExecutionRecord,
	{ run, reuse, isTool }: Settings,
): void {
	const counted = groups.filter(({ first }) => first.userKey === undefined);
	if (reuse !== 'execution' || isTool || counted.length === 0) return;
	const used = new Map<string, Set<number>>();
	const base = new Map<string, number>();
	for (const { fingerprint, ordinal, run: ofRun } of record.entries()) {
		if (ordinal === undefined) continue;
		if (ofRun === run) used.set(fingerprint, (used.get(fingerprint) ?? new Set()).add(ordinal));
		if (ofRun < run) base.set(fingerprint, Math.max(base.get(fingerprint) ?? 0, ordinal + 1));
	}
	for (const group of counted) {
		const { fingerprint } = group.first;
		const entry = record.get(group.slot) ?? group.earlier;
		if (entry?.fingerprint === fingerprint && entry.ordinal !== undefined) {
			group.ordinal = entry.ordinal;
			continue;
		}
		const taken = used.get(fingerprint) ?? new Set();
		let ordinal = base.get(fingerprint) ?? 0;
		while (taken.has(ordinal)) ordinal += 1;
		used.set(fingerprint, taken.add(ordinal));
		group.ordinal = ordinal;
	}
}

function takeFree(entries: Entry[], claimed: ReadonlySet<string>): Entry | undefined {
	for (let entry = entries.shift(); entry !== undefined; entry = entries.shift()) {
		if (entry.id === undefined || !claimed.has(entry.id)) return entry;
	}
	return undefined;
}

/** What equal jobs have in common: the id that the user gave, else the request. */
export function workOf({
	userKey,
	fingerprint,
}: {
	userKey?: string;
	fingerprint: string;
}): string {
	return userKey === undefined ? `request:${fingerprint}` : `id:${userKey}`;
}

function slotOf(job: Job, { executionId, run, reuse, isTool }: Settings): string {
	const byRequest = reuse === 'workflow' || (reuse === 'execution' && isTool);
	if (job.userKey !== undefined || byRequest) return `${executionId}/${workOf(job)}`;
	return `${executionId}/${run}.${job.item}`;
}

/** Work that is being done in this process, by what those who do it share, and by name. */
const underWay = new WeakMap<object, Map<string, Promise<unknown>>>();

/** Shared by all executions of this process: for work that has the same key in each of them. */
export const EVERY_EXECUTION = {};

/**
 * A mutex per name. Money rule: one at a time works on a name, because whoever starts beside another would
 * find a submit without an end, and not every service can be asked whether it made a task.
 *
 * @param shared the same object for all who may do this work
 * @param work does what there is to do, by what is known when its turn comes
 */
export async function withLock<Result>(
	shared: object,
	name: string,
	signal: AbortSignal | undefined,
	work: () => Promise<Result>,
): Promise<Result | 'stopped'> {
	const locks = underWay.get(shared) ?? new Map<string, Promise<unknown>>();
	underWay.set(shared, locks);
	for (let other = locks.get(name); other !== undefined; other = locks.get(name)) {
		if ((await orStopped(other, signal)) === 'stopped') return 'stopped';
	}
	const own = work();
	locks.set(
		name,
		own.catch(() => undefined),
	);
	try {
		return await own;
	} finally {
		locks.delete(name);
	}
}
