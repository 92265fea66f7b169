// Submit Multi-Image Video: one input item makes one task, whatever times out, restarts or is retried.
import type { IExecuteFunctions } from 'n8n-workflow';

import { KlingApiError } from '../../../api/errors/error';
import { showHints } from '../../../n8n/messages';
import { fingerprintOf } from '../../../submission/key';
import type { Job, Submission } from '../../../submission/ports';
import { submitAll, unfitJobs } from '../../../submission/submitAll';
import { finishItem, paidTask, type FinishFacts, type Waited } from '../../../tasks/finish';
import {
	issueOf,
	type ItemIssue,
	type ItemOutcome,
	type OperationResult,
} from '../../../tasks/output';
import { MINUTE_MS } from '../../../waiting/backoff';
import { chooseWait, waitForEarlier, type EffectiveWait } from '../../../waiting/choice';
import { readSuspended } from '../../../waiting/suspended';
import { waitForTasks } from '../waitForTasks';
import { inOrder, suspend, waitAsleep } from './asleep';
import { runHints } from './hints';
import { prepareSubmit, type Prepared } from './prepare';
import {
	openRun,
	portsOf,
	rememberDelivered,
	settingsOf,
	type Run,
	type SubmittedItem,
} from './run';

/** Each call costs n8n about as much as a wake-up, and one list request tells of all: only the last tasks of a batch call. */
const MOST_CALLING = 10;

/** Outcomes by input item; an item without one is still under way. */
type Outcomes = Map<number, ItemOutcome>;

/**
 * Submits all items and waits for their videos; after a sleep, n8n runs it again and it goes on with the wait.
 *
 * Money rules kept here:
 * - what is asleep is never submitted again;
 * - with *On Error* "Stop" nothing is paid for while an item of the batch is known to be unfit;
 * - how to wait is chosen before the first send, because a task can call only one address.
 */
export async function executeSubmit(context: IExecuteFunctions): Promise<OperationResult> {
	const run = await openRun(context);
	const suspended = readSuspended(run.sleepMemory.read(), run.executionId, run.index);
	if (suspended !== undefined) return handedOn(run, await waitAsleep(run, suspended, 'wake'));

	const outcomes: Outcomes = new Map();
	const prepared = await prepareAll(run, outcomes);
	const [first] = prepared;
	if (first === undefined || mustStop(run, outcomes.values())) return done(run, outcomes);

	const chosen = waitOf(run, prepared);
	const callbackUrl = chosen?.kind === 'sleep' ? chosen.callbackUrl : undefined;
	const calling = prepared
		.filter(({ parameters }) => parameters.afterSubmit === 'wait')
		.slice(-MOST_CALLING)
		.map(({ item }) => item);
	const jobs = prepared.map((one) =>
		jobOf(run, one, calling.includes(one.item) ? callbackUrl : undefined),
	);
	const settings = settingsOf(run, first.parameters.options);
	const unfit = run.stopsOnIssue ? unfitJobs(jobs, run, settings) : new Map<number, Error>();
	for (const [item, error] of unfit) outcomes.set(item, { error: refusedIssue({ error }) });
	const submissions = unfit.size > 0 ? [] : await submitAll(jobs, portsOf(run), settings);
	const submitted = submittedItems(prepared, submissions, outcomes);

	const waiting = submitted.filter((one) => one.parameters.afterSubmit === 'wait');
	const isCalled = waiting.every((one) => one.sentHere);
	const wait = chosen !== undefined && !isCalled ? waitForEarlier(chosen) : chosen;
	const hints = runHints(run, prepared, submitted, wait);
	if (mustStop(run, outcomes.values())) {
		showHints(context, hints);
		return done(run, withSubmitted(outcomes, submitted));
	}
	for (const one of submitted.filter((each) => !waiting.includes(each))) {
		outcomes.set(one.item, await finish(run, one, { kind: 'finished', snapshot: one.snapshot }));
	}
	if (wait?.kind === 'sleep' && waiting.length > 0) {
		// Of equal rows only the first one's submit was sent.
		const sent = waiting.filter(({ item, finish }) => calling.includes(item) && !finish.reused);
		const callers = wait.callbackUrl === undefined ? [] : sent.map(({ item }) => item);
		const suspendedNow = suspend(run, waiting, outcomes, callers, hints);
		return handedOn(run, await waitAsleep(run, suspendedNow, 'settle'));
	}
	showHints(context, hints);
	const waits = await waitForTasks(run, waiting);
	for (const one of waiting) {
		const waited = waits.get(one.item) ?? { kind: 'stopped', snapshot: one.snapshot };
		outcomes.set(one.item, await finish(run, one, waited));
	}
	return done(run, outcomes);
}

async function prepareAll(run: Run, outcomes: Outcomes): Promise<Prepared[]> {
	const prepared: Prepared[] = [];
	for (let item = 0; item < run.count; item++) {
		const one = await prepareSubmit(run, item);
		if ('issue' in one) outcomes.set(item, { error: one.issue });
		else prepared.push(one);
	}
	return prepared;
}

/** @returns undefined when no item waits */
function waitOf(run: Run, prepared: Prepared[]): EffectiveWait | undefined {
	const waiting = prepared
		.map(({ parameters }) => parameters)
		.filter(({ afterSubmit }) => afterSubmit === 'wait');
	const [first] = waiting;
	if (first === undefined) return undefined;
	const { isTool, isManual, resumeUrl, canSleep } = run;
	return chooseWait({
		waitUsing: first.options.waitUsing,
		isTool,
		isManual,
		resumeUrl,
		ownCallbackUrl: waiting.some(({ additionalFields }) => additionalFields.callbackUrl !== ''),
		waitMs: Math.max(...waiting.map(({ options }) => options.maxWaitMinutes)) * MINUTE_MS,
		canSleep,
	});
}

/** @param callbackUrl where the service is to report, for items without one of their own */
function jobOf({ context }: Run, one: Prepared, callbackUrl: string | undefined): Job {
	return {
		item: one.item,
		fingerprint: fingerprintOf({
			instanceId: context.getInstanceId(),
			workflowId: context.getWorkflow().id ?? '',
			nodeId: context.getNode().id,
			request: one.fingerprintSource,
		}),
		userKey: one.parameters.additionalFields.externalTaskId || undefined,
		family: one.family,
		bytes: one.bytes,
		async build(key) {
			const built = await one.build(key, callbackUrl);
			if ('issue' in built) throw new BuildIssue(built.issue);
			return built.body;
		},
	};
}

/** Carries an issue out of the making of a body, which may only throw. */
class BuildIssue extends Error {
	constructor(readonly issue: ItemIssue) {
		super(issue.message);
		this.name = 'BuildIssue';
	}
}

/** @returns the items that have a task; the others get their outcome */
function submittedItems(
	prepared: Prepared[],
	submissions: Submission[],
	outcomes: Outcomes,
): SubmittedItem[] {
	const submitted: SubmittedItem[] = [];
	for (const [index, one] of prepared.entries()) {
		const submission = submissions[index];
		if (submission === undefined) continue;
		if (submission.kind !== 'task') {
			outcomes.set(one.item, { error: one.explain(issueOfSubmission(submission)) });
			continue;
		}
		const { item, family, parameters } = one;
		const { task, raw, key, sentHere, origin } = submission;
		const facts = finishFacts(one, origin === 'adopted');
		submitted.push({
			item,
			family,
			snapshot: { task, raw },
			key,
			sentHere,
			parameters,
			finish: facts,
		});
	}
	return submitted;
}

function finishFacts({ parameters, family, sentPrompt }: Prepared, reused: boolean): FinishFacts {
	const { options } = parameters;
	const waits = parameters.afterSubmit === 'wait';
	return {
		family,
		model: parameters.model,
		sentPrompt,
		watermark: parameters.additionalFields.watermark,
		simplify: options.simplify,
		download:
			waits && parameters.downloadVideo ? { fieldName: options.outputFieldName } : undefined,
		failedIsIssue: waits,
		onTimeout: options.onTimeout,
		...(reused && { reused }),
	};
}

async function finish(
	{ context, client, signal }: Run,
	one: SubmittedItem,
	waited: Waited,
): Promise<ItemOutcome> {
	return await finishItem(context, client, waited, one.finish, signal);
}

function mustStop({ stopsOnIssue }: Run, outcomes: Iterable<ItemOutcome>): boolean {
	return stopsOnIssue && [...outcomes].some((outcome) => 'error' in outcome);
}

/** The node is about to stop: the tasks that were paid for have to be in its message. */
function withSubmitted(outcomes: Outcomes, submitted: SubmittedItem[]): Outcomes {
	const all = new Map(outcomes);
	for (const { item, snapshot } of submitted)
		all.set(item, { items: [], paid: paidTask(snapshot.task) });
	return all;
}

function done(run: Run, outcomes: Outcomes): OperationResult {
	return handedOn(run, { kind: 'done', outcomes: inOrder(run.count, outcomes) });
}

/** Unless the node sleeps or stops, its good items go on to the next node. */
function handedOn(run: Run, result: OperationResult): OperationResult {
	if (result.kind === 'done' && !mustStop(run, result.outcomes)) {
		const good = result.outcomes.flatMap((outcome, item) => ('items' in outcome ? [item] : []));
		rememberDelivered(run, good);
	}
	return result;
}

function issueOfSubmission(submission: Exclude<Submission, { kind: 'task' }>): ItemIssue {
	switch (submission.kind) {
		case 'refused':
			return refusedIssue(submission);
		case 'unknown':
			return issueOf(submission.error, { externalId: submission.key, state: 'may exist' });
		case 'capped':
			return issueOf(submission.error);
		case 'stopped':
			return stoppedIssue(submission);
	}
}

type Refused = Omit<Extract<Submission, { kind: 'refused' }>, 'kind'>;

function refusedIssue({ error, key, taskId }: Refused): ItemIssue {
	if (error instanceof BuildIssue) return error.issue;
	const paid =
		taskId === undefined ? undefined : { taskId, externalId: key, state: 'not reachable' };
	if (error instanceof KlingApiError) return issueOf(error, paid);
	return {
		message: error.message,
		description: 'Nothing was sent for this item, so nothing was billed.',
		paid,
	};
}

function stoppedIssue({ key, maybeSent }: Extract<Submission, { kind: 'stopped' }>): ItemIssue {
	if (!maybeSent || key === undefined) {
		return {
			message: 'The execution was stopped before this item was sent',
			description: 'Nothing was billed for it.',
		};
	}
	return {
		message: `The execution was stopped while this item was being sent; a task may exist under the external ID ${key}`,
		description:
			'Look for it with Get Task (By External ID) or List Tasks before you submit again.',
		paid: { externalId: key, state: 'may exist' },
	};
}
