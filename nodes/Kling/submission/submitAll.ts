// Submits all items of a node run: each is paid for once, in input order, whatever the others do.
import type { KlingClient } from '../api/client';
import { Limit } from '../api/limit';
import { MINUTE_MS } from '../waiting/backoff';
import { executionScope, lineageScope } from './key';
import { brokeOff } from './messages';
import type { Job, Ports, Settings, Submission } from './ports';
import { RateLimiter } from './rateLimiter';
import { TaskSearch } from './reconcile';
import { ExecutionRecord, KnownTasks, SubmitCap } from './records';
import { errorOf, submitOne } from './submitOne';
import {
	claimEarlier,
	clashOf,
	groupJobs,
	isKnownOverExecutions,
	numberEqualRequests,
	shareOf,
	type Group,
	type Run,
} from './work';

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
	const run = await openRun(groups, ports, settings);
	numberEqualRequests(groups, run.record, settings);
	const submissions: Submission[] = [];
	try {
		await Promise.all(
			groups.map(async (group) => {
				const submission = await submitOne(run, group);
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
 * With *On Error* "Stop" they are looked for before anything is sent.
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

/** Builds once what all items share. */
async function openRun(groups: readonly Group[], ports: Ports, settings: Settings): Promise<Run> {
	const record = ExecutionRecord.open(ports.memory, settings.executionId);
	const scope = await scopeOfExecution(record, ports, settings);
	const { clock, random, signal, shared, log } = ports;
	const { gateway, executionId, establishedAt } = settings;
	const { maxConcurrent, maxWaitMinutes, maxNewTasks } = settings;
	const deadline = clock.now() + maxWaitMinutes * MINUTE_MS;
	const claimed = claimEarlier(groups, record, settings);
	const limited = { ...ports, client: readFewAtOnce(ports, maxConcurrent) };
	const lineage = establishedAt === undefined ? undefined : scope;
	const remembers = groups.some(({ job }) => isKnownOverExecutions(settings, job));
	const workflowMemory = remembers ? ports.workflowMemory : undefined;
	return {
		ports: limited,
		settings,
		record,
		scope,
		known: new KnownTasks(shared.tasks, workflowMemory, log),
		claims: new KnownTasks(shared.claims, undefined, () => undefined),
		limiter: new RateLimiter({ maxConcurrent, deadline }, { clock, random, signal }),
		search: new TaskSearch(limited, { gateway, executionId, lineage }, claimed),
		cap: new SubmitCap(maxNewTasks, record),
	};
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
		log(`This n8n instance did not record when the execution began: ${errorOf(thrown).message}`);
		record.keepScope(lineage);
		return lineage;
	}
}

/** Hundreds of items may have something to ask; the service is asked few things at once. */
function readFewAtOnce({ client, signal }: Ports, maxConcurrent: number): KlingClient {
	const limit = new Limit(Math.max(1, maxConcurrent));
	return {
		create: client.create.bind(client),
		list: client.list.bind(client),
		fetch: async (family, id, known) =>
			await limit.run(async () => {
				if (signal?.aborted) return { kind: 'transient', error: brokeOff('stopped') };
				return await client.fetch(family, id, known);
			}),
	};
}
