// What all items of a run share, and how a piece of work is remembered and ended.
import type { Told } from '../api/client';
import type { Task } from '../api/task';
import type { Cap } from './cap';
import type { Facts, Origin } from './facts';
import type { Entry, ExecutionRecord, WorkflowRecord } from './memory';
import type { Job, Ports, Settings, Submission } from './ports';
import type { SendQueue } from './queue';
import type { TaskSearch } from './search';

/** What all items of a run share. */
export interface Run {
	ports: Ports;
	settings: Settings;
	record: ExecutionRecord;
	workflow: WorkflowRecord;
	queue: SendQueue;
	search: TaskSearch;
	cap: Cap;
}

/** One piece of work: a job with its place in the input and in the memory. */
export interface Work {
	job: Job;
	order: number;
	slot: string;
	facts: Facts;
}

export const STOPPED_UNSENT: Submission = { kind: 'stopped', maybeSent: false };

interface Found {
	told: Told;
	key: string;
	attempt: number;
	origin: Origin;
}

type KnownTask = Omit<Found, 'told'> & { id: string };

/** The task stands for the item from now on. */
export function adopt(run: Run, work: Work, found: Found): Submission {
	const { told, key, attempt, origin } = found;
	const task = { ...told.task, externalId: told.task.externalId ?? key };
	const sentHere = isSentHere(run, work, origin);
	remember(run, work, { key, attempt, sentHere }, task);
	// Money rule: of an execution that is stopped, timed out or killed n8n keeps nothing, and not every service lists.
	if (origin === 'new') run.ports.log(`Submitted task ${task.id} (external task ID ${key})`);
	return { kind: 'task', task, raw: told.raw, key, origin, sentHere };
}

/** The id stands for the item, although the service could not be asked how its task is. */
export function trust(run: Run, work: Work, known: KnownTask): Submission {
	const { id, key, attempt, origin } = known;
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
	const state = task.status === 'failed' ? 'ended' : 'sent';
	const entry = { ...entryOf(run, work, key, attempt, state), id: task.id, adopted: !sentHere };
	run.record.put(work.slot, entry, 'notPaid');
	if (run.settings.reuse !== 'workflow' || work.job.userKey !== undefined) return;
	run.workflow.put(work.job.fingerprint, { id: task.id, key, attempt, at: entry.at });
}

export function entryOf(
	{ settings, ports }: Run,
	{ job }: Work,
	key: string,
	attempt: number,
	state: Entry['state'],
): Entry {
	return {
		key,
		fingerprint: job.fingerprint,
		userKey: job.userKey,
		executionId: settings.executionId,
		run: settings.run,
		item: job.item,
		attempt,
		state,
		family: job.family.name,
		at: ports.clock.now(),
	};
}

export function stopped({ ports }: Run, key: string, maybeSent: boolean): Submission {
	if (!maybeSent) return STOPPED_UNSENT;
	ports.log(`Stopped: a task may exist under the external task ID ${key}`);
	return { kind: 'stopped', key, maybeSent };
}

export function refused(error: Error): Submission {
	return { kind: 'refused', error };
}
