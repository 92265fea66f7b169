// What all items of a run share, and how a piece of work is remembered and ended.
import type { TaskSnapshot } from '../api/client';
import type { Task } from '../api/task';
import type { Facts, Origin, RememberedTask } from './facts';
import { workOf } from './groups';
import type { Job, Ports, Settings, Submission } from './ports';
import type { RateLimiter } from './rateLimiter';
import type { TaskSearch } from './reconcile';
import type { Entry, ExecutionRecord, KnownTasks, SubmitCap } from './records';

/** What all items of a run share. */
export interface Run {
	ports: Ports;
	settings: Settings;
	record: ExecutionRecord;
	/** Tasks by work, over all executions. */
	known: KnownTasks;
	/** Tasks by claimed key, of this process. */
	claims: KnownTasks;
	limiter: RateLimiter;
	search: TaskSearch;
	cap: SubmitCap;
}

/** One piece of work: a job with its place in the input and in the memory. */
export interface Work {
	job: Job;
	order: number;
	slot: string;
	ordinal?: number;
	facts: Facts;
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
