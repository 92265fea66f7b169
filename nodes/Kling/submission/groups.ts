// Which jobs are one task, and which earlier tasks of a retried execution belong to them.
import type { Entry, ExecutionRecord } from './memory';
import type { Job, Settings, Submission } from './ports';
import { idUsedTwice } from './words';

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
		if (isOurs || entry.state === 'ended') continue;
		const equals = byWork.get(workOf(entry)) ?? [];
		equals.push(entry);
		byWork.set(workOf(entry), equals);
	}
	if (!isRetry || reuse === 'never') return claimed;
	for (const group of groups) {
		if (record.get(group.slot) !== undefined) continue;
		group.earlier = takeFree(byWork.get(workOf(group.first)) ?? [], claimed);
		if (group.earlier?.id !== undefined) claimed.add(group.earlier.id);
	}
	return claimed;
}

function takeFree(entries: Entry[], claimed: ReadonlySet<string>): Entry | undefined {
	for (let entry = entries.shift(); entry !== undefined; entry = entries.shift()) {
		if (entry.id === undefined || !claimed.has(entry.id)) return entry;
	}
	return undefined;
}

/** What equal jobs have in common: the id that the user gave, else the request. */
export function workOf({ userKey, fingerprint }: { userKey?: string; fingerprint: string }): string {
	return userKey === undefined ? `request:${fingerprint}` : `id:${userKey}`;
}

function slotOf(job: Job, { executionId, run, reuse, isTool }: Settings): string {
	const byRequest = reuse === 'workflow' || (reuse === 'execution' && isTool);
	if (job.userKey !== undefined || byRequest) return `${executionId}/${workOf(job)}`;
	return `${executionId}/${run}.${job.item}`;
}
