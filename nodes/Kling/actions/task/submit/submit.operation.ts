// Submit Multi-Image Video: one input item makes one task, whatever times out, restarts or is retried.
import type { IExecuteFunctions } from 'n8n-workflow';

import { clock } from '../../../n8n/clock';
import { showHints } from '../../../n8n/messages';
import { executionMemory } from '../../../n8n/memory';
import { isToolCall } from '../../../n8n/execution';
import { canSleep, forgetSleepingRun, resumeUrl } from '../../../n8n/sleep';
import { connect, type Connection } from '../../../tasks/readTasks';
import { finishItem, paidTask, type Waited } from '../../../tasks/finish';
import type { ItemOutcome, OperationResult } from '../../../tasks/output';
import { chooseWait, waitForEarlier, type EffectiveWait } from '../../../waiting/choice';
import { readSuspended } from '../../../waiting/suspended';
import { RESUME_PATH } from './resumeWebhook';
import { buildingOn } from './hints';
import type { SubmitOptions } from './parameters';
import { prepareSubmit, type Prepared } from './prepare';
import { inOrder, keptOutcomes, SLEEP_MEMORY, suspendedItem, waitAsleep } from './waitAsleep';
import { rememberDelivered, runOf, submitPrepared, type SubmittedItem } from './submitItems';
import { waitForTasks } from '../waitForTasks';

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
	const run = runOf(context);
	forgetSleepingRun(context, run);
	const memory = executionMemory(context, SLEEP_MEMORY);
	const suspended = readSuspended(memory.read(), context.getExecutionId(), run);
	const connection = await connect(context);
	const result =
		suspended === undefined
			? await submitAndWait(context, connection)
			: await waitAsleep({ context, connection, memory }, suspended, 'wake');
	if (result.kind === 'done' && !mustStop(context, result.outcomes)) {
		rememberDelivered(context, goodItems(result.outcomes));
	}
	return result;
}

async function submitAndWait(
	context: IExecuteFunctions,
	connection: Connection,
): Promise<OperationResult> {
	const count = context.getInputData().length;
	const outcomes: Outcomes = new Map();
	const prepared = await prepareAll(context, connection, outcomes);
	const [first] = prepared;
	if (first === undefined || mustStop(context, outcomes.values())) return done(count, outcomes);

	const chosen = waitOf(context, prepared);
	const callbackUrl = chosen?.kind === 'sleep' ? chosen.callbackUrl : undefined;
	const { options } = first.parameters;
	const result = await submitPrepared(context, connection, prepared, options, callbackUrl);
	for (const [item, issue] of result.issues) outcomes.set(item, { error: issue });

	const waiting = result.submitted.filter((one) => one.parameters.afterSubmit === 'wait');
	const isCalled = waiting.every((one) => one.sentHere);
	const wait = chosen !== undefined && !isCalled ? waitForEarlier(chosen) : chosen;
	const hints = hintsOf(prepared, wait, [...result.hints, ...paidHints(context, result.submitted)]);
	if (mustStop(context, outcomes.values())) {
		showHints(context, hints);
		return done(count, withSubmitted(outcomes, result.submitted));
	}
	for (const one of result.submitted.filter((each) => !waiting.includes(each))) {
		const waited: Waited = { kind: 'finished', snapshot: one.snapshot };
		outcomes.set(one.item, await finish(context, connection, one, waited));
	}
	if (wait?.kind === 'sleep' && waiting.length > 0) {
		const now = clock.now();
		const suspended = {
			version: 2 as const,
			executionId: context.getExecutionId(),
			run: runOf(context),
			count,
			wakes: 0,
			sleptAt: now,
			wakeAt: now,
			callbackExpected: wait.callbackUrl !== undefined,
			hints,
			items: waiting.map((one) => suspendedItem(one, now)),
			done: keptOutcomes(outcomes),
		};
		const memory = executionMemory(context, SLEEP_MEMORY);
		return await waitAsleep({ context, connection, memory }, suspended, 'settle');
	}
	showHints(context, hints);
	const waits = await waitForTasks(context, connection, waiting);
	for (const one of waiting) {
		const waited = waits.get(one.item) ?? { kind: 'stopped', snapshot: one.snapshot };
		outcomes.set(one.item, await finish(context, connection, one, waited));
	}
	return done(count, outcomes);
}

async function prepareAll(
	context: IExecuteFunctions,
	connection: Connection,
	outcomes: Outcomes,
): Promise<Prepared[]> {
	const prepared: Prepared[] = [];
	for (let item = 0; item < context.getInputData().length; item++) {
		const one = await prepareSubmit(context, connection.service.gateway, item);
		if ('issue' in one) outcomes.set(item, { error: one.issue });
		else prepared.push(one);
	}
	return prepared;
}

/** @returns undefined when no item waits */
function waitOf(context: IExecuteFunctions, prepared: Prepared[]): EffectiveWait | undefined {
	const waiting = prepared
		.map(({ parameters }) => parameters)
		.filter(({ afterSubmit }) => afterSubmit === 'wait');
	const [first] = waiting;
	if (first === undefined) return undefined;
	return chooseWait({
		waitUsing: first.options.waitUsing,
		isTool: isToolCall(context),
		isManual: context.getMode() === 'manual',
		resumeUrl: resumeUrl(context, RESUME_PATH),
		ownCallbackUrl: waiting.some(({ additionalFields }) => additionalFields.callbackUrl !== ''),
		waitMs: Math.max(...waiting.map(({ options }) => options.maxWaitMinutes)) * 60_000,
		canSleep: canSleep(context),
	});
}

/** A run by hand is followed by others while the next steps are built. */
function paidHints(context: IExecuteFunctions, submitted: SubmittedItem[]): string[] {
	if (context.getMode() !== 'manual') return [];
	return buildingOn(
		submitted.filter(({ sentHere }) => sentHere).map(({ snapshot }) => snapshot.task.id),
	);
}

/** How it waits comes first: the hints about many items would crowd it out. */
function hintsOf(
	prepared: Prepared[],
	wait: EffectiveWait | undefined,
	ofTasks: string[],
): string[] {
	return [
		...(wait === undefined ? [] : [wait.reason]),
		...ofTasks,
		...unequalOptions(prepared),
		...prepared.flatMap((one) => one.hints),
	];
}

/** The options of the first item that hold for all items, as the form calls them. */
const RUN_OPTIONS: Partial<Record<keyof SubmitOptions, string>> = {
	waitUsing: 'Wait Using',
	maxConcurrent: 'Max Concurrent Requests',
	maxNewTasks: 'Max New Tasks',
	reuse: 'Reuse a Task',
};

function unequalOptions(prepared: Prepared[]): string[] {
	return (Object.keys(RUN_OPTIONS) as Array<keyof SubmitOptions>).flatMap((name) => {
		const [first, ...others] = prepared.map(({ parameters }) => parameters.options[name]);
		if (others.every((value) => value === first)) return [];
		const label = RUN_OPTIONS[name] ?? name;
		return [
			`'${label}' differs between the items; the value of the first item (${String(first)}) holds for all of them.`,
		];
	});
}

async function finish(
	context: IExecuteFunctions,
	{ client }: Connection,
	one: SubmittedItem,
	waited: Waited,
): Promise<ItemOutcome> {
	return await finishItem(context, client, waited, one.finish, context.getExecutionCancelSignal());
}

function mustStop(context: IExecuteFunctions, outcomes: Iterable<ItemOutcome>): boolean {
	return !context.continueOnFail() && [...outcomes].some((outcome) => 'error' in outcome);
}

/** The node is about to stop: the tasks that were paid for have to be in its message. */
function withSubmitted(outcomes: Outcomes, submitted: SubmittedItem[]): Outcomes {
	const all = new Map(outcomes);
	for (const { item, snapshot } of submitted)
		all.set(item, { items: [], paid: paidTask(snapshot.task) });
	return all;
}

function goodItems(outcomes: ItemOutcome[]): number[] {
	return outcomes.flatMap((outcome, item) => ('items' in outcome ? [item] : []));
}

function done(count: number, outcomes: Outcomes): OperationResult {
	return { kind: 'done', outcomes: inOrder(count, outcomes) };
}
