// Submits all items of a node run: each is paid for once, in input order, whatever the others do.
import type { KlingClient } from '../api/client';
import { Limit } from '../api/limit';
import { Cap } from './cap';
import type { Facts } from './facts';
import { keyOf, ownKeyOf, type Scope } from './key';
import { ExecutionRecord, WorkflowRecord } from './memory';
import { claimEarlier, clashOf, groupJobs, shareOf, workOf, type Group } from './groups';
import type { Job, Ports, Settings, Submission } from './ports';
import { SendQueue } from './queue';
import { TaskSearch } from './search';
import { STOPPED_UNSENT, type Run } from './run';
import { submitOne } from './submitOne';
import { EVERY_EXECUTION, inTurn } from './turns';
import { brokeOff, mayExist } from './words';

const MINUTE_MS = 60_000;

/**
 * Submits every job, or finds the task that was paid for already.
 *
 * @param jobs in input order
 * @returns one submission per job, in the same order; never throws for what the service does
 */
export async function submitAll(
	jobs: readonly Job[],
	ports: Ports,
	settings: Settings,
): Promise<Submission[]> {
	const groups = groupJobs(jobs, settings);
	const run = openRun(groups, ports, settings);
	const submissions: Submission[] = [];
	try {
		await Promise.all(
			groups.map(async (group) => {
				const submission = await submitGroup(run, group);
				for (const [place, order] of group.orders.entries()) {
					submissions[order] = shareOf(submission, place);
				}
			}),
		);
		return submissions;
	} finally {
		run.queue.close();
	}
}

/**
 * Items that will be refused whatever the service says, because an id of the user's stands for one request.
 * Whoever stops at the first unfit item asks before anything is sent.
 */
export function unfitJobs(
	jobs: readonly Job[],
	{ memory }: Pick<Ports, 'memory'>,
	settings: Settings,
): Map<number, Error> {
	const record = ExecutionRecord.open(memory, settings.executionId);
	const unfit = new Map<number, Error>();
	for (const group of groupJobs(jobs, settings)) {
		const clash = clashOf(group, record, settings.run);
		if (clash !== undefined) for (const { item } of group.jobs) unfit.set(item, clash);
	}
	return unfit;
}

/**
 * Money rule: work that has one key in all executions is done by one of them at a time. The look before
 * the first send finds nothing while another is sending, and not every service refuses a key that it has.
 */
async function submitGroup(run: Run, group: Group): Promise<Submission> {
	const { signal } = run.ports;
	const { first, slot } = group;
	const now = () => inTurn(run.record.shared, slot, signal, () => submitNow(run, group));
	const hasOneKey = first.userKey !== undefined || run.settings.reuse === 'workflow';
	const submission = hasOneKey
		? await inTurn(EVERY_EXECUTION, workOf(first), signal, now)
		: await now();
	return submission === 'stopped' ? STOPPED_UNSENT : submission;
}

/** A group is worked on once. What breaks unforeseen ends its items, not the others. */
async function submitNow(run: Run, group: Group): Promise<Submission> {
	const clash = clashOf(group, run.record, run.settings.run);
	if (clash !== undefined) return { kind: 'refused', error: clash };
	const { slot, orders, first: job } = group;
	const order = orders[0] ?? 0;
	try {
		return await submitOne(run, { job, order, slot, facts: factsOf(run, group) });
	} catch (thrown) {
		const error = thrown instanceof Error ? thrown : new Error(String(thrown));
		const open = run.record.get(slot);
		if (open?.state !== 'sending') return { kind: 'refused', error };
		const { gateway } = run.settings;
		return {
			kind: 'unknown',
			key: open.key,
			error: mayExist(open.key, gateway, brokeOff(error.message)),
		};
	}
}

function factsOf({ record, workflow, settings, ports }: Run, group: Group): Facts {
	const { first, slot, earlier } = group;
	const { gateway, reuse, isRetry, mayBeRerun } = settings;
	const scope = scopeOf(first, settings, ports);
	const { userKey, fingerprint } = first;
	return {
		gateway,
		reuse,
		ownKey: userKey !== undefined,
		isRetry,
		mayBeRerun,
		entry: record.get(slot),
		earlier,
		workflow: userKey === undefined ? workflow.get(fingerprint) : undefined,
		keyOf: (attempt) =>
			userKey === undefined ? keyOf(fingerprint, scope, attempt) : ownKeyOf(userKey, attempt),
	};
}

function scopeOf({ item }: Job, settings: Settings, { random, clock }: Ports): Scope {
	const { reuse, executionId, run, isTool } = settings;
	if (reuse === 'workflow') return { reuse };
	if (reuse === 'never') {
		return { reuse, chance: [executionId, run, item, clock.now(), random(), random()].join('/') };
	}
	return isTool ? { reuse, executionId } : { reuse, executionId, run, item };
}

function openRun(groups: readonly Group[], ports: Ports, settings: Settings): Run {
	const { clock, random, signal } = ports;
	const { executionId, maxConcurrent, maxWaitMinutes, maxNewTasks, reuse } = settings;
	const deadline = clock.now() + maxWaitMinutes * MINUTE_MS;
	const record = ExecutionRecord.open(ports.memory, executionId);
	const claimed = claimEarlier(groups, record, settings);
	const limited = { ...ports, client: readFewAtOnce(ports, maxConcurrent) };
	return {
		ports: limited,
		settings,
		record,
		workflow: new WorkflowRecord(reuse === 'workflow' ? ports.workflowMemory : undefined),
		queue: new SendQueue({ maxConcurrent, deadline }, { clock, random, signal }),
		search: new TaskSearch(limited, executionId, claimed),
		cap: new Cap(maxNewTasks, record),
	};
}

/** Hundreds of items may have something to ask; the service is asked few things at once. */
function readFewAtOnce({ client, signal }: Ports, maxConcurrent: number): KlingClient {
	const limit = new Limit(Math.max(1, maxConcurrent));
	return {
		create: async (family, body) => await client.create(family, body),
		list: async (family, pageNum, pageSize) => await client.list(family, pageNum, pageSize),
		fetch: async (family, id, known) =>
			await limit.run(async () => {
				if (signal?.aborted) return { kind: 'transient', error: brokeOff('stopped') };
				return await client.fetch(family, id, known);
			}),
	};
}
