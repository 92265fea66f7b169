// Submit Multi-Image Video: one input item makes one task, whatever times out, restarts or is retried.
import type { IExecuteFunctions } from 'n8n-workflow';

import { showHints } from '../../host/hints';
import { canPark } from '../../host/park';
import { resumeUrl } from '../../host/resumeUrl';
import { isToolCall } from '../../host/tool';
import { chooseWait, type WaitChoice } from '../../waiting/mode';
import { settle } from '../../waiting/poll';
import type { ItemOutcome, OperationResult } from '../outcome';
import { openDoor, type Door } from '../service';
import { finishItem, paidTask, type Waited } from './finish';
import { prepareSubmit, type Prepared } from './submit.prepare';
import type { SubmitParameters } from './submit.parameters';
import { lostInput } from './submit.retried';
import { goToSleep, merge } from './submit.sleep';
import { rememberDelivered, submitPrepared, type SubmittedItem } from './submit.submitted';
import { askedOf, pollPorts, waitForTasks } from './waitForTasks';

/** Outcomes by input item; an item without one is still under way. */
type Outcomes = Map<number, ItemOutcome>;

/**
 * Checks all items, submits them, and carries on at once, after polling, or after a sleep.
 *
 * Money rules kept here:
 * - with *On Error* "Stop" nothing is paid for while an item of the batch is known to be unfit;
 * - how to wait is chosen before the first send, because a task can call only one address.
 */
export async function executeSubmit(context: IExecuteFunctions): Promise<OperationResult> {
	const lost = lostInput(context);
	if (lost !== undefined) return { kind: 'done', outcomes: context.getInputData().map(() => ({ error: lost })) };

	const door = await openDoor(context);
	const count = context.getInputData().length;
	const outcomes: Outcomes = new Map();
	const fit = await prepareAll(context, door, outcomes);
	const choice = waitChoice(context, fit);
	if (choice?.mode === 'refused') refuseWait(fit, choice, outcomes);
	const prepared = fit.filter((one) => !outcomes.has(one.item));
	const [first] = prepared;
	if (first === undefined || mustStop(context, outcomes)) return done(count, outcomes);

	const callbackUrl = choice?.mode === 'callback' ? resumeUrl(context) : undefined;
	const { options } = first.parameters;
	const result = await submitPrepared(context, door, prepared, options, callbackUrl);
	for (const [item, issue] of result.issues) outcomes.set(item, { error: issue });
	const way = wayOf(choice, result.submitted);
	showHints(context, remarks(prepared, way));
	if (mustStop(context, outcomes)) return done(count, withSubmitted(outcomes, result.submitted));

	const waiting = await carryOn(context, door, result.submitted, outcomes);
	if (way?.mode === 'callback') {
		const open = await settleAll(context, door, waiting, outcomes);
		if (mustStop(context, outcomes)) return done(count, withSubmitted(outcomes, open));
		if (open.length > 0) {
			const maxWaitMinutes = longestWait(open);
			const items = await goToSleep(context, { waiting: open, done: outcomes, count, maxWaitMinutes });
			return { kind: 'parked', items };
		}
	} else {
		await pollAndFinish(context, door, waiting, outcomes);
	}
	if (!mustStop(context, outcomes)) rememberDelivered(context, good(outcomes));
	return done(count, outcomes);
}

async function prepareAll(
	context: IExecuteFunctions,
	door: Door,
	outcomes: Outcomes,
): Promise<Prepared[]> {
	const fit: Prepared[] = [];
	for (let item = 0; item < context.getInputData().length; item++) {
		const one = await prepareSubmit(context, door.service.gateway, item);
		if ('issue' in one) outcomes.set(item, { error: one.issue });
		else fit.push(one);
	}
	return fit;
}

/** @returns undefined when no item waits */
function waitChoice(context: IExecuteFunctions, fit: Prepared[]): WaitChoice | undefined {
	const waiting = fit.filter((one) => one.parameters.afterSubmit === 'wait');
	const [first] = waiting;
	if (first === undefined) return undefined;
	return chooseWait({
		waitUsing: first.parameters.options.waitUsing,
		isTool: isToolCall(context),
		resumeUrl: resumeUrl(context),
		ownCallbackUrl: waiting.some((one) => one.parameters.additionalFields.callbackUrl !== ''),
		waitMs: longestWait(waiting) * 60_000,
		takesCallback: waiting.every((one) => one.family.callback),
		canPark: canPark(context),
	});
}

function refuseWait(
	fit: Prepared[],
	{ reason, nextStep }: Extract<WaitChoice, { mode: 'refused' }>,
	outcomes: Outcomes,
): void {
	for (const one of fit.filter(({ parameters }) => parameters.afterSubmit === 'wait')) {
		outcomes.set(one.item, { error: { message: reason, description: nextStep } });
	}
}

/** An adopted task calls the execution that it was submitted in, not this one. */
function wayOf(choice: WaitChoice | undefined, submitted: SubmittedItem[]): WaitChoice | undefined {
	const waiting = submitted.filter((one) => one.parameters.afterSubmit === 'wait');
	if (choice?.mode !== 'callback' || waiting.every((one) => one.sentHere)) return choice;
	return {
		mode: 'poll',
		reason: 'The video is waited for by polling: a task of an earlier execution is used, and calls that one',
	};
}

/** In minutes; a run sleeps once, for all of its items. */
function longestWait(waiting: Array<{ parameters: SubmitParameters }>): number {
	return Math.max(...waiting.map((one) => one.parameters.options.maxWaitMinutes));
}

/** How it waits comes first: the remarks about many items would crowd it out. */
function remarks(prepared: Prepared[], choice: WaitChoice | undefined): string[] {
	return [...(choice === undefined ? [] : [`${choice.reason}.`]), ...prepared.flatMap((one) => one.hints)];
}

/** Items that do not wait are ready; the others are still to be waited for. */
async function carryOn(
	context: IExecuteFunctions,
	door: Door,
	submitted: SubmittedItem[],
	outcomes: Outcomes,
): Promise<SubmittedItem[]> {
	const waiting: SubmittedItem[] = [];
	for (const one of submitted) {
		if (one.parameters.afterSubmit === 'wait') waiting.push(one);
		else outcomes.set(one.item, await finish(context, door, one, { kind: 'finished', told: one.told }));
	}
	return waiting;
}

/**
 * Finishes what ends within the first seconds, again and again while something does: a download
 * takes time, and a call that comes before the execution sleeps is lost.
 *
 * @returns what is still open
 */
async function settleAll(
	context: IExecuteFunctions,
	door: Door,
	waiting: SubmittedItem[],
	outcomes: Outcomes,
): Promise<SubmittedItem[]> {
	let open = waiting;
	let before: number;
	do {
		before = open.length;
		open = await settleOnce(context, door, open, outcomes);
	} while (open.length > 0 && open.length < before && !mustStop(context, outcomes));
	return open;
}

async function settleOnce(
	context: IExecuteFunctions,
	door: Door,
	waiting: SubmittedItem[],
	outcomes: Outcomes,
): Promise<SubmittedItem[]> {
	const settled = await settle(
		waiting.map(({ told, family }) => askedOf(told, family)),
		pollPorts(context, door),
	);
	const open: SubmittedItem[] = [];
	for (const [index, one] of waiting.entries()) {
		const state = settled[index];
		if (state?.kind === 'finished') {
			const told = { task: state.task, raw: state.raw };
			outcomes.set(one.item, await finish(context, door, one, { kind: 'finished', told }));
		} else {
			open.push({ ...one, told: state?.lastKnown ?? one.told });
		}
	}
	return open;
}

async function pollAndFinish(
	context: IExecuteFunctions,
	door: Door,
	waiting: SubmittedItem[],
	outcomes: Outcomes,
): Promise<void> {
	const waits = await waitForTasks(context, door, waiting);
	for (const one of waiting) {
		outcomes.set(one.item, await finish(context, door, one, waits.get(one.item) ?? stillOpen(one)));
	}
}

async function finish(
	context: IExecuteFunctions,
	{ client }: Door,
	one: SubmittedItem,
	waited: Waited,
): Promise<ItemOutcome> {
	return await finishItem(context, client, waited, one.finish, context.getExecutionCancelSignal());
}

function stillOpen({ told }: SubmittedItem): Waited {
	return { kind: 'stopped', told };
}

function mustStop(context: IExecuteFunctions, outcomes: Outcomes): boolean {
	return !context.continueOnFail() && [...outcomes.values()].some((outcome) => 'error' in outcome);
}

/** The node is about to stop: the tasks that were paid for have to be in its message. */
function withSubmitted(outcomes: Outcomes, submitted: SubmittedItem[]): Outcomes {
	const all = new Map(outcomes);
	for (const { item, told } of submitted) all.set(item, { items: [], paid: paidTask(told.task) });
	return all;
}

function good(outcomes: Outcomes): number[] {
	return [...outcomes].filter(([, outcome]) => 'items' in outcome).map(([item]) => item);
}

function done(count: number, outcomes: Outcomes): OperationResult {
	return { kind: 'done', outcomes: merge(count, outcomes, () => ({ items: [] })) };
}
