// Waits for the tasks of a run asleep: asks for them at each wake-up, and sleeps on or hands over.
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { TaskSnapshot } from '../../../api/client';
import { families } from '../../../api/models';
import { isFinished } from '../../../api/task';
import { clock, untilStarted } from '../../../n8n/clock';
import { showHints } from '../../../n8n/messages';
import { canSleep, holdsMuchData, sleepUntil } from '../../../n8n/sleep';
import type { Memory } from '../../../submission/records';
import type { Connection } from '../../../tasks/readTasks';
import { finishItem, type FinishFacts, type Waited } from '../../../tasks/finish';
import { type ItemOutcome, type OperationResult, taskItem } from '../../../tasks/output';
import { pollAll, pollOnce, type OpenTask, type PollOutcome } from '../../../waiting/poll';
import { nextWake, SHORTEST_SLICE_MS } from '../../../waiting/choice';
import type { SuspendedItem, SuspendedRun } from '../../../waiting/suspended';
import type { SubmittedItem } from './submitItems';
import { pollPorts, waitedOf } from '../waitForTasks';

/** The member of the node's context that holds the suspended run. */
export const SLEEP_MEMORY = 'klingSleep';
/** How often to ask for tasks whose deadline is too near for another sleep. */
const NEAR_INTERVAL_MS = 10_000;

interface Sleeper {
	context: IExecuteFunctions;
	connection: Connection;
	/** Where the suspended run is kept. */
	memory: Memory;
}

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
	sleeper: Sleeper,
	suspended: SuspendedRun,
	when: 'settle' | 'wake',
): Promise<OperationResult> {
	const { context, connection, memory } = sleeper;
	const wakes = suspended.wakes + (when === 'wake' ? 1 : 0);
	const earlyMs = when === 'wake' ? suspended.wakeAt - clock.now() : 0;
	const ports = pollPorts(context, connection);
	if (when === 'wake' && earlyMs <= 0) await untilStarted(ports.signal);
	let run = await record(
		sleeper,
		{ ...suspended, wakes },
		suspended.items,
		await pollOnce(suspended.items.map(referenceOf), ports, when),
	);
	const nearUntil = canSleep(context) ? clock.now() + SHORTEST_SLICE_MS : Infinity;
	const near = openItems(run).filter(({ deadline }) => deadline < nearUntil);
	if (near.length > 0) {
		const outcomes = await pollAll(near.map(referenceOf), ports, NEAR_INTERVAL_MS);
		run = await record(sleeper, run, near, outcomes);
	}
	const open = openItems(run);
	if (open.length === 0 || ports.signal?.aborted) return await finishAll(sleeper, run);

	const now = clock.now();
	const wakeAt = nextWake({
		now,
		deadline: Math.min(...open.map(({ deadline }) => deadline)),
		callbackExpected: run.callbackExpected,
		wakes,
		earlyMs,
		muchData: holdsMuchData(context),
	});
	memory.write({ ...run, sleptAt: now, wakeAt });
	await sleepUntil(context, wakeAt, run.run);
	const until = new Date(wakeAt).toISOString();
	context.logger.debug(`Kling: asleep until ${until}, ${open.length} open, woken ${wakes} times`);
	showHints(context, run.hints);
	return { kind: 'asleep', items: shown(run) };
}

/** The run with what polling has told: items that ended without their video become outcomes. */
async function record(
	sleeper: Sleeper,
	run: SuspendedRun,
	asked: SuspendedItem[],
	answers: ReadonlyArray<PollOutcome | OpenTask>,
): Promise<SuspendedRun> {
	const items: SuspendedItem[] = run.items.filter((item) => !asked.includes(item));
	const done = { ...run.done };
	for (const [index, item] of asked.entries()) {
		const answer = answers[index];
		if (answer?.kind === 'timedOut' || answer?.kind === 'refused') {
			const waited = waitedOf(answer, item.lastKnown, item.maxWaitMinutes);
			done[item.item] = keepable(await finishOne(sleeper, item, waited));
			continue;
		}
		const known = answer?.kind === 'finished' ? answer : (answer?.lastKnown ?? item.lastKnown);
		const missingSince = answer?.kind === 'open' ? answer.missingSince : undefined;
		items.push({ ...item, lastKnown: slim(known, item), missingSince });
	}
	return { ...run, items: items.sort((one, other) => one.item - other.item), done };
}

async function finishAll(sleeper: Sleeper, run: SuspendedRun): Promise<OperationResult> {
	const outcomes = outcomesOf(run.done);
	await Promise.all(
		run.items.map(async (item) => {
			const kind = isFinished(item.lastKnown.task) ? 'finished' : 'stopped';
			outcomes.set(item.item, await finishOne(sleeper, item, { kind, snapshot: item.lastKnown }));
		}),
	);
	const times = run.wakes === 1 ? 'once' : `${run.wakes} times`;
	const slept = run.wakes === 0 ? [] : [`It woke up ${times} to ask for the video.`];
	showHints(sleeper.context, [...run.hints.slice(0, 1), ...slept, ...run.hints.slice(1)]);
	sleeper.memory.write({});
	return { kind: 'done', outcomes: inOrder(run.count, outcomes) };
}

async function finishOne(
	{ context, connection }: Sleeper,
	item: SuspendedItem,
	waited: Waited,
): Promise<ItemOutcome> {
	const signal = context.getExecutionCancelSignal();
	return await finishItem(context, connection.client, waited, finishFactsOf(item), signal);
}

/** What is kept of an item that has been submitted. */
export function suspendedItem(
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
		deadline: now + maxWaitMinutes * 60_000,
		maxWaitMinutes,
	};
}

/** What is kept of the outcomes that are there before a sleep: only words survive it, not a refusal itself. */
export function keptOutcomes(outcomes: ReadonlyMap<number, ItemOutcome>): SuspendedRun['done'] {
	return Object.fromEntries([...outcomes].map(([item, outcome]) => [item, keepable(outcome)]));
}

/** The outcomes of all items, in input order. */
export function inOrder(count: number, outcomes: ReadonlyMap<number, ItemOutcome>): ItemOutcome[] {
	return Array.from({ length: count }, (_, item) => outcomes.get(item) ?? { items: [] });
}

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
