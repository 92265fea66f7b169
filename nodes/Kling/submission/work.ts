// The pieces of work of a run: which jobs are one task, what is known of each, and how its task is remembered.
import type { TaskSnapshot } from '../api/client';
import type { Task } from '../api/task';
import type { Facts, RememberedTask } from './decide';
import { keyOf, ownKeyOf, type Scope } from './key';
import { idUsedTwice } from './messages';
import type { Job, Origin, Ports, Settings, Submission } from './ports';
import type { RateLimiter } from './rateLimiter';
import type { TaskSearch } from './reconcile';
import type { Entry, ExecutionRecord, KnownTasks, SubmitCap } from './records';

/** What all items of a run share. */
export interface Run {
	ports: Ports;
	settings: Settings;
	record: ExecutionRecord;
	/** The scope that the execution's keys are made with. */
	scope: string;
	/** Tasks by work, over all executions. */
	known: KnownTasks;
	/** Tasks by claimed key, of this process. */
	claims: KnownTasks;
	limiter: RateLimiter;
	search: TaskSearch;
	cap: SubmitCap;
}

/** Jobs that are one task: the same id of the user's, or equal requests where run and item do not count. */
export interface Group {
	/** Where the memory keeps it. */
	slot: string;
	/** The first of them, which stands for all. */
	job: Job;
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
		const group = groups.get(slot) ?? { slot, job, jobs: [], orders: [] };
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
	{ slot, job, jobs }: Group,
	record: ExecutionRecord,
	run: number,
): Error | undefined {
	if (job.userKey === undefined) return undefined;
	const items = jobs.map(({ item }) => item);
	if (jobs.some(({ fingerprint }) => fingerprint !== job.fingerprint)) {
		return idUsedTwice(job.userKey, items);
	}
	const entry = record.get(slot);
	if (entry === undefined || entry.fingerprint === job.fingerprint) return undefined;
	// The same item again, in a retry: expressions such as $now have changed, the work has not.
	if (entry.run === run && items.includes(entry.item)) return undefined;
	return idUsedTwice(job.userKey, [entry.item, ...items]);
}

/**
 * Gives each group, one to one, what the execution that is being retried remembers of equal work.
 *
 * @returns the ids of all tasks that belong to an item, so that a search does not give them to another
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
		group.earlier = takeFree(byWork.get(workOf(group.job)) ?? [], claimed);
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
	const counted = groups.filter(({ job }) => job.userKey === undefined);
	if (reuse !== 'execution' || isTool || counted.length === 0) return;
	const used = new Map<string, Set<number>>();
	const base = new Map<string, number>();
	for (const { fingerprint, ordinal, run: ofRun } of record.entries()) {
		if (ordinal === undefined) continue;
		if (ofRun === run) used.set(fingerprint, (used.get(fingerprint) ?? new Set()).add(ordinal));
		if (ofRun < run) base.set(fingerprint, Math.max(base.get(fingerprint) ?? 0, ordinal + 1));
	}
	for (const group of counted) {
		const { fingerprint } = group.job;
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

/** A group whose turn has come, with what is known then. */
export interface Work extends Group {
	facts: Facts;
}

/** What is known of the work now. */
export function factsOf(run: Run, { job, slot, earlier, ordinal }: Group): Facts {
	const { record, known, settings } = run;
	const { gateway, reuse, isRetry, mayBeRerun, establishedAt } = settings;
	const entry = record.get(slot);
	const scope = scopeOf(run, job, ordinal);
	const { userKey, fingerprint } = job;
	return {
		gateway,
		reuse,
		ownKey: userKey !== undefined,
		isRetry,
		keyOutlivesRetry: establishedAt !== undefined,
		mayBeRerun: mayBeRerun === true,
		entry,
		triesUsedUp: entry?.run === settings.run && (entry.tries ?? 1) >= settings.maxTries,
		earlier,
		known: isKnownOverExecutions(settings, job) ? known.get(workOf(job)) : undefined,
		keyOf: (attempt) =>
			userKey === undefined ? keyOf(fingerprint, scope, attempt) : ownKeyOf(userKey, attempt),
	};
}

function scopeOf(
	{ settings, ports, scope }: Run,
	{ item }: Job,
	ordinal: number | undefined,
): Scope {
	const { reuse, executionId, run } = settings;
	if (reuse === 'workflow') return { reuse };
	if (reuse === 'execution') return { reuse, execution: scope, ordinal };
	const { random, clock } = ports;
	return { reuse, chance: [executionId, run, item, clock.now(), random(), random()].join('/') };
}

export const STOPPED_UNSENT: Submission = { kind: 'stopped', maybeSent: false };

interface Found {
	snapshot: TaskSnapshot;
	key: string;
	attempt: number;
	origin: Origin;
}

/** The task stands for the item from now on. */
export function adopt(run: Run, work: Work, found: Found): Submission {
	const { snapshot, key, attempt, origin } = found;
	const task = { ...snapshot.task, externalId: snapshot.task.externalId ?? key };
	const sentHere = isSentHere(run, work, origin);
	remember(run, work, { key, attempt, sentHere }, task);
	// Money rule: of an execution that is stopped, timed out or killed n8n keeps nothing, and not every service lists.
	if (origin === 'new') run.ports.log(`Submitted task ${task.id} (external task ID ${key})`);
	return { kind: 'task', task, raw: snapshot.raw, key, origin, sentHere };
}

/** The id stands for the item, although the service could not be asked how its task is. */
export function trust(
	run: Run,
	work: Work,
	{ id, key, attempt, origin }: RememberedTask & { origin: Origin },
): Submission {
	const task: Task = { id, externalId: key, status: 'submitted', videos: [] };
	const sentHere = isSentHere(run, work, origin);
	remember(run, work, { key, attempt, sentHere }, task);
	run.ports.log(`Task ${id} could not be asked for just now; it was submitted earlier`);
	return { kind: 'task', task, raw: {}, key, origin, sentHere };
}

function isSentHere({ record }: Run, { slot }: Work, origin: Origin): boolean {
	if (origin === 'remembered') return record.get(slot)?.adopted !== true;
	return origin === 'new';
}

function remember(
	run: Run,
	work: Work,
	{ key, attempt, sentHere }: { key: string; attempt: number; sentHere: boolean },
	task: Task,
): void {
	const { record, settings, known, claims } = run;
	const state = task.status === 'failed' ? 'ended' : 'sent';
	const before = record.get(work.slot);
	const claimed = before?.key === key && before.claimed === true;
	const entry = {
		...entryOf(run, work, { key, attempt, state, claimed }),
		id: task.id,
		adopted: !sentHere,
	};
	record.put(work.slot, entry, 'notPaid');
	const knownTask = { id: task.id, key, attempt, at: entry.at };
	if (isKnownOverExecutions(settings, work.job)) known.put(workOf(work.job), knownTask);
	if (isClaimed(run, work.job)) claims.put(key, knownTask);
}

/** Whether the task of this work is remembered over all executions. */
export function isKnownOverExecutions({ reuse, gateway }: Settings, { userKey }: Job): boolean {
	if (userKey === undefined) return reuse === 'workflow';
	// Elsewhere the service itself is asked for the user's id.
	return reuse !== 'never' && gateway.externalIdLookUp !== 'trusted';
}

/** Whether the key is claimed in n8n's store before it is sent: nothing else proves that it was not sent before. */
export function isClaimed({ ports, settings }: Run, { userKey }: Job): boolean {
	const { gateway, reuse, establishedAt } = settings;
	if (ports.marks === undefined || gateway.externalIdLookUp === 'trusted') return false;
	if (reuse === 'never') return false;
	return userKey !== undefined || reuse === 'workflow' || establishedAt !== undefined;
}

export function entryOf(
	{ settings, ports, record }: Run,
	{ job, ordinal, slot }: Work,
	{ key, attempt, state, claimed }: Pick<Entry, 'key' | 'attempt' | 'state' | 'claimed'>,
): Entry {
	return {
		key,
		fingerprint: job.fingerprint,
		userKey: job.userKey,
		executionId: settings.executionId,
		run: settings.run,
		item: job.item,
		attempt,
		tries: triesOf(record.get(slot), settings.run, attempt),
		ordinal,
		state,
		family: job.family.name,
		at: ports.clock.now(),
		...(claimed === true && { claimed }),
	};
}

/** @returns the tasks that were submitted for the item in this run, that of the attempt included */
function triesOf(before: Entry | undefined, run: number, attempt: number): number {
	if (before === undefined || before.run !== run) return 1;
	return (before.tries ?? 1) + Number(attempt > before.attempt);
}

export function stopped({ ports }: Run, key: string, maybeSent: boolean): Submission {
	if (!maybeSent) return STOPPED_UNSENT;
	ports.log(`Stopped: a task may exist under the external task ID ${key}`);
	return { kind: 'stopped', key, maybeSent };
}

export function refused(error: Error): Submission {
	return { kind: 'refused', error };
}
