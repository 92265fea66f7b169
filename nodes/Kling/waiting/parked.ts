// What a parked execution carries through its sleep, and what a call to its resume URL is worth.
import { z } from 'zod';

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

const waitingItem = z.object({
	/** Index of the input item. */
	item: z.number().int().min(0),
	family: z.enum(['multiImage', 'omni']),
	/** The task's id. */
	id: z.string().min(1),
	/** Its external task id. */
	key: z.string().optional(),
	lastKnown: told,
	options: itemOptions,
});

const parkedState = z.object({
	version: z.literal(1),
	/** Unix time in milliseconds. */
	parkedAt: z.number(),
	/** Unix time in milliseconds. */
	deadline: z.number(),
	maxWaitMinutes: z.number(),
	/** What is waited for; items that had ended before are kept by the caller. */
	items: z.array(waitingItem),
});

export type ParkedState = z.infer<typeof parkedState>;
export type WaitingItem = z.infer<typeof waitingItem>;

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
	{ kind: 'task'; id: string; externalId?: string; status: TaskStatus } | { kind: 'unreadable' };

type ResumeDecision =
	/** A notice of progress: nothing to do, nothing to pay. */
	| { do: 'ignore' }
	/** The timer is about to resume the execution by itself. */
	| { do: 'leaveToTimer' }
	/** `first`: the waiting item that the call names. */
	| { do: 'askApi'; first?: WaitingItem };

/** The timer and a call must not resume the same execution at the same moment. */
const TIMER_MARGIN_MS = 10_000;

/** True when the timer is about to resume the execution by itself. */
export function isLate(state: ParkedState, now: number): boolean {
	return now >= state.deadline - TIMER_MARGIN_MS;
}

/**
 * What to do about a call. One that claims an end makes the node ask the API, also when it names a
 * task that is not known here: some gateways post another id than they gave out.
 */
export function judgeResume(state: ParkedState, hint: ResumeHint, now: number): ResumeDecision {
	const isProgress = hint.kind === 'task' && !['succeed', 'failed'].includes(hint.status);
	if (isProgress) return { do: 'ignore' };
	if (isLate(state, now)) return { do: 'leaveToTimer' };
	return { do: 'askApi', first: hint.kind === 'task' ? namedBy(hint, state) : undefined };
}

function namedBy(
	hint: Extract<ResumeHint, { kind: 'task' }>,
	state: ParkedState,
): WaitingItem | undefined {
	const names = [hint.id, hint.externalId].filter((name) => name !== undefined && name !== '');
	return state.items.find(({ id, key }) => names.includes(id) || names.includes(key));
}
