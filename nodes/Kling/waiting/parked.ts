// What a parked execution carries through its sleep, and what a call to its resume URL is worth.
import { z } from 'zod';

import type { Told } from '../api/client';
import type { TaskStatus } from '../api/task';

const told = z.object({
	task: z.object({
		id: z.string().min(1),
		externalId: z.string().optional(),
		status: z.enum(['submitted', 'processing', 'succeed', 'failed']),
		reason: z.string().optional(),
		videos: z.array(
			z.object({
				id: z.string().optional(),
				url: z.string(),
				watermarkUrl: z.string().optional(),
				durationSeconds: z.number().optional(),
			}),
		),
		createdAt: z.number().optional(),
		updatedAt: z.number().optional(),
		unitDeduction: z.string().optional(),
	}),
	raw: z.record(z.string(), z.unknown()),
});

/** The options of an item, resolved when it was submitted: expressions do not see the item again. */
const itemOptions = z.object({
	downloadVideo: z.boolean(),
	outputFieldName: z.string(),
	simplify: z.boolean(),
	/** A watermark was asked for. */
	watermark: z.boolean(),
	onTimeout: z.enum(['error', 'return']),
	model: z.string().optional(),
});

const item = z.discriminatedUnion('kind', [
	z.object({
		kind: z.literal('waiting'),
		/** Index of the input item. */
		item: z.number().int().min(0),
		family: z.enum(['multiImage', 'omni']),
		id: z.string().min(1),
		key: z.string().optional(),
		lastKnown: told,
		options: itemOptions,
	}),
	z.object({
		kind: z.literal('finished'),
		item: z.number().int().min(0),
		family: z.enum(['multiImage', 'omni']),
		told,
		options: itemOptions,
	}),
	/** It ended badly before the execution was parked. */
	z.object({
		kind: z.literal('ended'),
		item: z.number().int().min(0),
		message: z.string(),
		description: z.string(),
		taskId: z.string().optional(),
		key: z.string().optional(),
		/** In a few words, where a task was paid for: "may exist". */
		state: z.string().optional(),
	}),
]);

const parkedState = z
	.object({
		version: z.literal(1),
		/** Unix time in milliseconds. */
		parkedAt: z.number(),
		/** Unix time in milliseconds. */
		deadline: z.number(),
		maxWaitMinutes: z.number(),
		/** The node's *On Error* setting. */
		onError: z.string(),
		count: z.number().int(),
		items: z.array(item),
	})
	.refine(({ count, items }) => count === items.length);

export type ParkedState = z.infer<typeof parkedState>;
export type ParkedItem = z.infer<typeof item>;
export type ParkedOptions = z.infer<typeof itemOptions>;
export type WaitingItem = Extract<ParkedItem, { kind: 'waiting' }>;

/**
 * Reads what was kept when the execution was parked.
 *
 * @returns undefined when there is none, or another version of the node wrote it
 */
export function readParked(value: unknown): ParkedState | undefined {
	const parsed = parkedState.safeParse(value);
	return parsed.success ? parsed.data : undefined;
}

/** What a call claims. It is no more than a hint: anyone who holds the URL can post. */
export type ResumeHint =
	| { kind: 'task'; id: string; externalId?: string; status: TaskStatus }
	| { kind: 'unreadable' };

export type ResumeDecision =
	/** A notice of progress: nothing to do, nothing to pay. */
	| { do: 'ignore' }
	/** The timer is about to resume the execution by itself. */
	| { do: 'leaveToTimer' }
	/** `first`: the waiting item that the call names. */
	| { do: 'askApi'; first?: WaitingItem };

/** The timer and a call must not resume the same execution at the same moment. */
const TIMER_MARGIN_MS = 10_000;

/**
 * What to do about a call. One that claims an end makes the node ask the API, also when it names a
 * task that is not known here: some gateways post another id than they gave out.
 */
export function judgeResume(state: ParkedState, hint: ResumeHint, now: number): ResumeDecision {
	const isProgress = hint.kind === 'task' && !['succeed', 'failed'].includes(hint.status);
	if (isProgress) return { do: 'ignore' };
	if (now >= state.deadline - TIMER_MARGIN_MS) return { do: 'leaveToTimer' };
	return { do: 'askApi', first: hint.kind === 'task' ? namedBy(hint, state) : undefined };
}

/** The items that are still waited for. */
export function waitingItems(state: ParkedState): WaitingItem[] {
	return state.items.filter((one): one is WaitingItem => one.kind === 'waiting');
}

/** How an item stands when the execution goes on. */
export type ItemEnd =
	| { kind: 'finished'; item: number; told: Told; family: WaitingItem['family']; options: ParkedOptions }
	| { kind: 'timedOut'; item: number; told: Told; family: WaitingItem['family']; options: ParkedOptions }
	| Extract<ParkedItem, { kind: 'ended' }>;

/**
 * What each item has to show when the deadline passes: n8n cannot ask the API then, so it is what
 * was last known. Whether a timed-out item is returned or ends is in its `options.onTimeout`.
 */
export function endsAtDeadline(state: ParkedState): ItemEnd[] {
	return state.items.map((one): ItemEnd => {
		if (one.kind !== 'waiting') return one;
		const { item: index, lastKnown, family, options } = one;
		return { kind: 'timedOut', item: index, told: lastKnown, family, options };
	});
}

function namedBy(
	hint: Extract<ResumeHint, { kind: 'task' }>,
	state: ParkedState,
): WaitingItem | undefined {
	const names = [hint.id, hint.externalId].filter((name) => name !== undefined && name !== '');
	return waitingItems(state).find(({ id, key }) => names.includes(id) || names.includes(key));
}
