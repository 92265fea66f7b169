// Submits all items of a node run: each is paid for once, in input order, whatever the others do.
import type { KlingClient } from '../api/client';
import { Limit } from '../api/limit';
import type { Facts } from './facts';
import {
	claimEarlier,
	clashOf,
	EVERY_EXECUTION,
	groupJobs,
	numberEqualRequests,
	shareOf,
	withLock,
	workOf,
	type Group,
} from './groups';
import { executionScope, keyOf, lineageScope, ownKeyOf, type Scope } from './key';
import { brokeOff, mayExist } from './messages';
import type { Job, Ports, Settings, Submission } from './ports';
import { RateLimiter } from './rateLimiter';
import { TaskSearch } from './reconcile';
import { ExecutionRecord, KnownTasks, SubmitCap } from './records';
import { isKnownOverExecutions, STOPPED_UNSENT, type Run } from './run';
import { againFacts, submitOne } from './submitOne';

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
	const record = ExecutionRecord.open(ports.memory, settings.executionId);
	const execution = await scopeOfExecution(record, ports, settings);
	const run = openRun(groups, record, execution, ports, settings);
	numberEqualRequests(groups, record, settings);
	const submissions: Submission[] = [];
	try {
		await Promise.all(
			groups.map(async (group) => {
				const submission = await submitGroup(run, group, execution);
				for (const [place, order] of group.orders.entries()) {
					submissions[order] = shareOf(submission, place);
				}
			}),
		);
		return submissions;
	} finally {
		run.known.save();
		run.limiter.close();
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
 * The scope of this execution's keys. Where n8n tells when the execution, or the first of those that it
 * retries, began, all of them have the same keys. Two executions may begin in the same millisecond: the
 * first of them to come here owns it, in n8n's store, and the other's keys name itself as well.
 */
async function scopeOfExecution(
	record: ExecutionRecord,
	{ marks, log }: Ports,
	{ reuse, executionId, establishedAt, isRetry, isTool }: Settings,
): Promise<string> {
	if (establishedAt === undefined) return executionScope(executionId);
	if (record.scope !== undefined) return record.scope;
	const lineage = lineageScope(establishedAt);
	if (reuse !== 'execution' || isRetry || isTool || marks === undefined) {
		record.keepScope(lineage);
		return lineage;
	}
	try {
		const isOurs = await marks.own(lineage, executionId);
		const scope = isOurs ? lineage : lineageScope(establishedAt, executionId);
		record.keepScope(scope, isOurs ? lineage : undefined);
		if (isOurs) marks.releaseAtEnd(lineage, 'over');
		return scope;
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		log(`This n8n instance did not record when the execution began: ${reason}`);
		record.keepScope(lineage);
		return lineage;
	}
}

/**
 * Money rule: work that has one key in all executions is done by one of them at a time. The look before
 * the first send finds nothing while another is sending, and not every service refuses a key that it has.
 */
async function submitGroup(run: Run, group: Group, execution: string): Promise<Submission> {
	const { signal } = run.ports;
	const { first, slot } = group;
	const inExecution = () =>
		withLock(run.record.shared, slot, signal, () => submitUnlessClash(run, group, execution));
	const hasOneKey = first.userKey !== undefined || run.settings.reuse === 'workflow';
	const submission = hasOneKey
		? await withLock(EVERY_EXECUTION, workOf(first), signal, inExecution)
		: await inExecution();
	return submission === 'stopped' ? STOPPED_UNSENT : submission;
}

/** What breaks unforeseen ends its own items, not the others. */
async function submitUnlessClash(run: Run, group: Group, execution: string): Promise<Submission> {
	const { slot, orders, first: job, ordinal } = group;
	const clash = clashOf(group, run.record, run.settings.run);
	if (clash !== undefined) return { kind: 'refused', error: clash };
	const order = orders[0] ?? 0;
	try {
		const facts = factsOf(run, group, execution);
		return await submitOne(run, { job, order, slot, ordinal, facts });
	} catch (thrown) {
		const error = thrown instanceof Error ? thrown : new Error(String(thrown));
		const open = run.record.get(slot);
		if (open?.state !== 'sending') return { kind: 'refused', error };
		const cause = brokeOff(error.message);
		return {
			kind: 'unknown',
			key: open.key,
			error: mayExist(open.key, againFacts(run, job), cause),
		};
	}
}

function factsOf({ record, known, settings, ports }: Run, group: Group, execution: string): Facts {
	const { first, slot, earlier, ordinal } = group;
	const { gateway, reuse, isRetry, mayBeRerun, establishedAt } = settings;
	const entry = record.get(slot);
	const scope = scopeOf(first, ordinal, execution, settings, ports);
	const { userKey, fingerprint } = first;
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
		known: isKnownOverExecutions(settings, first) ? known.get(workOf(first)) : undefined,
		keyOf: (attempt) =>
			userKey === undefined ? keyOf(fingerprint, scope, attempt) : ownKeyOf(userKey, attempt),
	};
}

function scopeOf(
	{ item }: Job,
	ordinal: number | undefined,
	execution: string,
	{ reuse, executionId, run }: Settings,
	{ random, clock }: Ports,
): Scope {
	if (reuse === 'workflow') return { reuse };
	if (reuse === 'execution') return { reuse, execution, ordinal };
	return { reuse, chance: [executionId, run, item, clock.now(), random(), random()].join('/') };
}

function openRun(
	groups: readonly Group[],
	record: ExecutionRecord,
	execution: string,
	ports: Ports,
	settings: Settings,
): Run {
	const { clock, random, signal, shared, log } = ports;
	const { gateway, executionId, establishedAt } = settings;
	const { maxConcurrent, maxWaitMinutes, maxNewTasks } = settings;
	const deadline = clock.now() + maxWaitMinutes * MINUTE_MS;
	const claimed = claimEarlier(groups, record, settings);
	const limited = { ...ports, client: readFewAtOnce(ports, maxConcurrent) };
	const lineage = establishedAt === undefined ? undefined : execution;
	const remembers = groups.some(({ first }) => isKnownOverExecutions(settings, first));
	const workflowMemory = remembers ? ports.workflowMemory : undefined;
	return {
		ports: limited,
		settings,
		record,
		known: new KnownTasks(shared.tasks, workflowMemory, log),
		claims: new KnownTasks(shared.claims, undefined, () => undefined),
		limiter: new RateLimiter({ maxConcurrent, deadline }, { clock, random, signal }),
		search: new TaskSearch(limited, { gateway, executionId, lineage }, claimed),
		cap: new SubmitCap(maxNewTasks, record),
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
