// Waits for the tasks of a run asleep: sleeps, is called or wakes up, asks, and sleeps on or hands over.
import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import type { TaskSnapshot } from '../../../api/client';
import { families } from '../../../api/models';
import { isFinished } from '../../../api/task';
import { MAX_CALLBACK_BYTES, readCallback } from '../../../callbacks/read';
import { clock, untilStarted } from '../../../n8n/clock';
import { suspendedMemory } from '../../../n8n/memory';
import { reasonOf, showHints } from '../../../n8n/messages';
import { holdsMuchData, sleepUntil, wake } from '../../../n8n/sleep';
import { finishItem, type FinishFacts, type Waited } from '../../../tasks/finish';
import { type ItemOutcome, type OperationResult, taskItem } from '../../../tasks/output';
import { MINUTE_MS } from '../../../waiting/backoff';
import { nextWake, SHORTEST_SLICE_MS } from '../../../waiting/choice';
import { pollAll, pollOnce, type OpenTask, type PollOutcome } from '../../../waiting/poll';
import {
	Calls,
	readSleeping,
	type CallHint,
	type SuspendedItem,
	type SuspendedRun,
} from '../../../waiting/suspended';
import { pollPorts, waitedOf } from '../waitForTasks';
import { SLEEP_MEMORY, type Run, type SubmittedItem } from './run';

/** How often to ask for tasks whose deadline is too near for another sleep. */
const NEAR_INTERVAL_MS = 10_000;

/**
 * Asks for all open tasks once, then sleeps on, or finishes everything together when none is open.
 *
 * A finished task is kept by its snapshot and downloaded at the end: its link lives 30 days, and a file that was
 * downloaded before an n8n is killed would be lost. After an end the memory is empty, so that n8n's *Retry On Fail*
 * begins with the submits, which know their tasks.
 *
 * @param when `settle`: the tasks have just been submitted. `wake`: n8n has run the node again
 */
export async function waitAsleep(
	run: Run,
	suspended: SuspendedRun,
	when: 'settle' | 'wake',
): Promise<OperationResult> {
	const { context, sleepMemory, signal } = run;
	const wakes = suspended.wakes + (when === 'wake' ? 1 : 0);
	const earlyMs = when === 'wake' ? suspended.wakeAt - clock.now() : 0;
	const ports = pollPorts(run);
	if (when === 'wake' && earlyMs <= 0) await untilStarted(signal);
	let kept = await record(
		run,
		{ ...suspended, wakes },
		suspended.items,
		await pollOnce(suspended.items.map(referenceOf), ports, when),
	);
	const nearUntil = run.canSleep ? clock.now() + SHORTEST_SLICE_MS : Infinity;
	const near = openItems(kept).filter(({ deadline }) => deadline < nearUntil);
	if (near.length > 0) {
		const outcomes = await pollAll(near.map(referenceOf), ports, NEAR_INTERVAL_MS);
		kept = await record(run, kept, near, outcomes);
	}
	const open = openItems(kept);
	if (open.length === 0 || signal?.aborted) return await finishAll(run, kept);

	const now = clock.now();
	const wakeAt = nextWake({
		now,
		deadline: Math.min(...open.map(({ deadline }) => deadline)),
		callbackExpected: open.some(({ calls }) => calls === true),
		wakes,
		earlyMs,
		muchData: holdsMuchData(context),
	});
	sleepMemory.write({ ...kept, sleptAt: now, wakeAt });
	await sleepUntil(context, wakeAt, kept.run);
	const until = new Date(wakeAt).toISOString();
	context.logger.debug(`Kling: asleep until ${until}, ${open.length} open, woken ${wakes} times`);
	showHints(context, kept.hints);
	return { kind: 'asleep', items: shown(kept) };
}

/** The suspended run with what polling has told: items that ended without their video become outcomes. */
async function record(
	run: Run,
	suspended: SuspendedRun,
	asked: SuspendedItem[],
	answers: ReadonlyArray<PollOutcome | OpenTask>,
): Promise<SuspendedRun> {
	const items: SuspendedItem[] = suspended.items.filter((item) => !asked.includes(item));
	const done = { ...suspended.done };
	for (const [index, item] of asked.entries()) {
		const answer = answers[index];
		if (answer?.kind === 'timedOut' || answer?.kind === 'refused') {
			const waited = waitedOf(answer, item.lastKnown, item.maxWaitMinutes);
			done[item.item] = keepable(await finishOne(run, item, waited));
			continue;
		}
		const known = answer?.kind === 'finished' ? answer : (answer?.lastKnown ?? item.lastKnown);
		const missingSince = answer?.kind === 'open' ? answer.missingSince : undefined;
		items.push({ ...item, lastKnown: slim(known, item), missingSince });
	}
	return { ...suspended, items: items.sort((one, other) => one.item - other.item), done };
}

async function finishAll(run: Run, suspended: SuspendedRun): Promise<OperationResult> {
	const { wakes, hints, items, count } = suspended;
	const outcomes = outcomesOf(suspended.done);
	await Promise.all(
		items.map(async (item) => {
			const kind = isFinished(item.lastKnown.task) ? 'finished' : 'stopped';
			outcomes.set(item.item, await finishOne(run, item, { kind, snapshot: item.lastKnown }));
		}),
	);
	const [wait = '', ...others] = hints;
	const times = wakes === 1 ? 'once' : `${wakes} times`;
	const slept = wakes === 0 ? wait : `${wait} It woke up ${times} to ask for the video.`;
	showHints(run.context, [slept.trim(), ...others].filter(Boolean));
	run.sleepMemory.write({});
	return { kind: 'done', outcomes: inOrder(count, outcomes) };
}

async function finishOne(
	{ context, client, signal }: Run,
	item: SuspendedItem,
	waited: Waited,
): Promise<ItemOutcome> {
	return await finishItem(context, client, waited, finishFactsOf(item), signal);
}

/**
 * What is kept of a run whose tasks have just been submitted.
 *
 * @param callers the input items whose tasks were given the resume URL
 */
export function suspend(
	{ executionId, index, count }: Run,
	waiting: readonly SubmittedItem[],
	outcomes: ReadonlyMap<number, ItemOutcome>,
	callers: readonly number[],
	hints: string[],
): SuspendedRun {
	const now = clock.now();
	return {
		version: 2,
		executionId,
		run: index,
		count,
		wakes: 0,
		sleptAt: now,
		wakeAt: now,
		hints,
		items: waiting.map((one) => ({
			...suspendedItem(one, now),
			...(callers.includes(one.item) && { calls: true }),
		})),
		done: Object.fromEntries([...outcomes].map(([item, outcome]) => [item, keepable(outcome)])),
	};
}

function suspendedItem(
	{ item, family, snapshot, key, finish, parameters }: SubmittedItem,
	now: number,
): SuspendedItem {
	const { maxWaitMinutes } = parameters.options;
	const options = {
		downloadVideo: finish.download !== undefined,
		outputFieldName: finish.download?.fieldName ?? 'data',
		simplify: finish.simplify,
		watermark: finish.watermark === true,
		onTimeout: finish.onTimeout,
		model: finish.model,
		reused: finish.reused,
		// Shown beside the reply only.
		sentPrompt: finish.simplify ? undefined : finish.sentPrompt,
	};
	return {
		item,
		family: family.name,
		id: snapshot.task.id,
		key,
		lastKnown: slim(snapshot, { options }),
		options,
		deadline: now + maxWaitMinutes * MINUTE_MS,
		maxWaitMinutes,
	};
}

/** The outcomes of all items, in input order. */
export function inOrder(count: number, outcomes: ReadonlyMap<number, ItemOutcome>): ItemOutcome[] {
	return Array.from({ length: count }, (_, item) => outcomes.get(item) ?? { items: [] });
}

/** Only words survive a sleep, not a refusal itself. */
function keepable(outcome: ItemOutcome): SuspendedRun['done'][string] {
	if (!('error' in outcome)) return { items: outcome.items.map(whole), paid: outcome.paid };
	const { message, description, paid } = outcome.error;
	return { error: { message, description, paid } };
}

function whole(item: INodeExecutionData): { json: Record<string, unknown> } {
	return { ...item };
}

function outcomesOf(done: SuspendedRun['done']): Map<number, ItemOutcome> {
	return new Map(
		Object.entries(done).map(([item, outcome]) => [Number(item), outcome as ItemOutcome]),
	);
}

function openItems({ items }: SuspendedRun): SuspendedItem[] {
	return items.filter(({ lastKnown }) => !isFinished(lastKnown.task));
}

function referenceOf({ id, key, family, lastKnown, deadline, missingSince }: SuspendedItem) {
	return { id, key, family: families[family], lastKnown, deadline, missingSince };
}

/** Execution data is written several times a wake-up: the reply as received stays only where the output shows it. */
function slim(
	{ task, raw }: TaskSnapshot,
	{ options }: Pick<SuspendedItem, 'options'>,
): TaskSnapshot {
	return { task, raw: options.simplify ? {} : raw };
}

function finishFactsOf({ family, options }: SuspendedItem): FinishFacts {
	return {
		family: families[family],
		model: options.model,
		reused: options.reused,
		sentPrompt: options.sentPrompt,
		watermark: options.watermark,
		simplify: options.simplify,
		download: options.downloadVideo ? { fieldName: options.outputFieldName } : undefined,
		failedIsIssue: true,
		onTimeout: options.onTimeout,
	};
}

/** What the editor shows meanwhile. Never has an `error`: n8n's *Retry On Fail* would run the node again at once. */
function shown(run: SuspendedRun): INodeExecutionData[] {
	const waiting = new Map(run.items.map((item) => [item.item, item]));
	const jsonOf = (item: number): IDataObject => {
		const one = waiting.get(item);
		if (one !== undefined) return taskItem(one.lastKnown, finishFactsOf(one));
		const outcome = outcomesOf(run.done).get(item);
		if (outcome === undefined) return {};
		return 'error' in outcome ? { message: outcome.error.message } : (outcome.items[0]?.json ?? {});
	};
	return Array.from({ length: run.count }, (_, item) => ({
		json: jsonOf(item),
		pairedItem: { item },
	}));
}

const calls = new Calls();

/**
 * Answers a call to the resume URL at once, from what is at hand: n8n holds about 10 MB for each call until then.
 * Never throws: n8n would run the next nodes with an empty item and forget the earlier ones.
 */
export function answerCall(context: IWebhookFunctions): IWebhookResponseData {
	const response = context.getResponseObject();
	const ignored: IWebhookResponseData = { noWebhookResponse: true };
	try {
		const run = readSleeping(suspendedMemory(context, SLEEP_MEMORY));
		const decision = calls.judge(context.getExecutionId(), run, hintOf(context), clock.now());
		response.status(200).send(decision === 'wake' ? 'resuming' : 'ignored');
		return decision === 'wake' ? { ...ignored, workflowData: wake(context) } : ignored;
	} catch (thrown) {
		context.logger.warn(`A call to the resume URL could not be read: ${reasonOf(thrown)}`);
		if (!response.headersSent) response.status(200).send('ignored');
		return ignored;
	}
}

/** n8n has read the body; its raw bytes keep every digit of a numeric id. */
function hintOf(context: IWebhookFunctions): CallHint {
	const { rawBody } = context.getRequestObject();
	const bytes = Buffer.isBuffer(rawBody)
		? rawBody
		: Buffer.from(JSON.stringify(context.getBodyData() ?? {}));
	if (bytes.length > MAX_CALLBACK_BYTES) return { kind: 'unreadable' };
	const callback = readCallback(bytes);
	switch (callback.kind) {
		case 'task': {
			const { id, externalId, status } = callback.task;
			return { kind: 'task', id, externalId, status };
		}
		case 'testEvent':
			return { kind: 'task', id: '', status: 'submitted' };
		case 'notACallback':
			return { kind: 'unreadable' };
	}
}
