// Between submit and resume: what a sleeping execution keeps, and how it is put to sleep.
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { z } from 'zod';

import { families } from '../../api/models';
import { clock } from '../../host/clock';
import { executionMemory } from '../../host/memory';
import { park } from '../../host/park';
import { readParked, type ParkedState, type WaitingItem } from '../../waiting/parked';
import type { Issue, ItemOutcome } from '../outcome';
import { taskItem } from '../output';
import { stopError, toItems } from '../router.output';
import { paidTask, timeoutIssue } from './finish';
import { runOf, type SubmittedItem } from './submit.submitted';

/** The member of the node's context that holds it. */
export const SLEEP_MEMORY = 'klingSleep';

const paidTaskSchema = z.object({
	taskId: z.string().optional(),
	externalId: z.string().optional(),
	state: z.string(),
});

const issue = z.object({
	message: z.string(),
	description: z.string(),
	paid: paidTaskSchema.optional(),
});

const kept = z.object({
	state: z.unknown(),
	/** How many items came in. */
	count: z.number().int(),
	/** n8n's run index of the node. */
	run: z.number().int(),
	/** Stop the workflow when an item ended badly. */
	stopOnError: z.boolean(),
	/** The outcomes that were there before the sleep, by input item. */
	done: z.record(
		z.string(),
		z.union([
			z.object({
				items: z.array(z.custom<INodeExecutionData>((value) => typeof value === 'object')),
				paid: paidTaskSchema.optional(),
			}),
			z.object({ error: issue }),
		]),
	),
});

export interface Kept {
	state: ParkedState;
	count: number;
	run: number;
	stopOnError: boolean;
	done: ReadonlyMap<number, ItemOutcome>;
}

/** @returns undefined when nothing is kept, or another version of the node wrote it */
export function readKept(value: unknown): Kept | undefined {
	const parsed = kept.safeParse(value);
	if (!parsed.success) return undefined;
	const state = readParked(parsed.data.state);
	if (state === undefined) return undefined;
	const { count, run, stopOnError, done } = parsed.data;
	const outcomes = Object.entries(done).map(([item, outcome]) => [Number(item), outcome] as const);
	return { state, count, run, stopOnError, done: new Map(outcomes) };
}

interface SleepFacts {
	waiting: SubmittedItem[];
	/** Outcomes that are there already, by input item. */
	done: ReadonlyMap<number, ItemOutcome>;
	count: number;
	maxWaitMinutes: number;
}

/**
 * Puts the execution to sleep until the service calls or the deadline passes.
 *
 * Money rule: the ids of all tasks are in what the deadline gives out, so that no video is lost
 * when no call ever comes.
 *
 * @returns what the editor shows meanwhile
 */
export async function goToSleep(
	context: IExecuteFunctions,
	facts: SleepFacts,
): Promise<INodeExecutionData[]> {
	const { waiting, done, count, maxWaitMinutes } = facts;
	const deadline = clock.now() + maxWaitMinutes * 60_000;
	const stopOnError = !context.continueOnFail();
	const state: ParkedState = {
		version: 1,
		parkedAt: clock.now(),
		deadline,
		maxWaitMinutes,
		items: waiting.map(waitingItem),
	};
	executionMemory(context, SLEEP_MEMORY).write({
		state,
		count,
		run: runOf(context),
		stopOnError,
		done: Object.fromEntries([...done].map(([item, outcome]) => [item, withoutApi(outcome)])),
	});
	const late = merge(count, done, (item) => {
		const one = waiting.find((each) => each.item === item);
		return one === undefined ? { items: [] } : lateOutcome(one, maxWaitMinutes);
	});
	await park(context, {
		deadline,
		atDeadline: toItems(late),
		faultAtDeadline: stopOnError ? stopError(context.getNode(), late) : undefined,
	});
	return Array.from({ length: count }, (_, item) => ({
		json: shown(done.get(item), waiting.find((each) => each.item === item)),
		pairedItem: { item },
	}));
}

/** The outcomes of all items, in input order. */
export function merge(
	count: number,
	done: ReadonlyMap<number, ItemOutcome>,
	other: (item: number) => ItemOutcome,
): ItemOutcome[] {
	return Array.from({ length: count }, (_, item) => done.get(item) ?? other(item));
}

function waitingItem({ item, family, told, key, finish }: SubmittedItem): WaitingItem {
	return {
		item,
		family: family.name,
		id: told.task.id,
		key,
		lastKnown: told,
		options: {
			downloadVideo: finish.download !== undefined,
			outputFieldName: finish.download?.fieldName ?? 'data',
			simplify: finish.simplify,
			watermark: finish.watermark === true,
			onTimeout: finish.onTimeout,
			model: finish.model,
		},
	};
}

function lateOutcome({ told, finish }: SubmittedItem, maxWaitMinutes: number): ItemOutcome {
	if (finish.onTimeout === 'error') return { error: timeoutIssue(told.task, maxWaitMinutes) };
	const json = taskItem(told, { ...finish, timedOut: true });
	return { items: [{ json }], paid: paidTask(told.task) };
}

/**
 * What the editor shows of an item meanwhile. Never has an `error`: with *Retry On Fail* n8n would
 * run the node again at once, on the items of the deadline.
 */
function shown(outcome: ItemOutcome | undefined, one: SubmittedItem | undefined): IDataObject {
	if (one !== undefined) return taskItem(one.told, one.finish);
	if (outcome === undefined) return {};
	return 'error' in outcome ? { message: outcome.error.message } : (outcome.items[0]?.json ?? {});
}

/** Only words survive a sleep, not the refusal itself. */
function withoutApi(outcome: ItemOutcome): ItemOutcome {
	if (!('error' in outcome)) return { items: outcome.items, paid: outcome.paid };
	const { message, description, paid }: Issue = outcome.error;
	return { error: { message, description, paid } };
}

/** The facts with which a waiting item is finished after the sleep. */
export function finishFactsOf({ family, options }: WaitingItem) {
	return {
		family: families[family],
		model: options.model,
		watermark: options.watermark,
		simplify: options.simplify,
		download: options.downloadVideo ? { fieldName: options.outputFieldName } : undefined,
		failedIsIssue: true,
		onTimeout: options.onTimeout,
	};
}
