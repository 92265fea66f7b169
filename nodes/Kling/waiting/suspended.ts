// What a sleeping execution keeps in the node's memory, and which calls of the service wake it up.
import { z } from 'zod';

import { isFinished, taskSchema, type TaskStatus } from '../api/task';

const snapshot = z.object({
	task: taskSchema,
	/** Empty where the output does not show it. */
	raw: z.record(z.string(), z.unknown()),
});

/** The options of an item, as they were when it was submitted. */
const itemOptions = z.object({
	downloadVideo: z.boolean(),
	outputFieldName: z.string(),
	simplify: z.boolean(),
	/** A watermark was asked for. */
	watermark: z.boolean(),
	onTimeout: z.enum(['error', 'return']),
	model: z.string().optional(),
	sentPrompt: z.string().optional(),
	/** The task was paid for earlier. */
	reused: z.boolean().optional(),
});

const waitingItem = z.object({
	/** Index of the input item. */
	item: z.number().int().min(0),
	family: z.enum(['multiImage', 'omni']),
	/** The task's id. */
	id: z.string().min(1),
	/** Its external task id. */
	key: z.string().optional(),
	lastKnown: snapshot,
	options: itemOptions,
});

const paid = z.object({
	taskId: z.string().optional(),
	externalId: z.string().optional(),
	state: z.string(),
});

const outcome = z.union([
	z.object({
		/** n8n's items, whole. */
		items: z.array(z.object({ json: z.record(z.string(), z.unknown()) }).passthrough()),
		paid: paid.optional(),
	}),
	z.object({
		error: z.object({ message: z.string(), description: z.string(), paid: paid.optional() }),
	}),
]);

const suspendedRun = z.object({
	version: z.literal(2),
	executionId: z.string(),
	/** n8n's run index of the node. */
	run: z.number().int(),
	/** How many items came in. */
	count: z.number().int(),
	/** How often the execution has woken up. */
	wakes: z.number().int(),
	/** When it was put to sleep and is to wake up, Unix time in milliseconds. */
	sleptAt: z.number(),
	wakeAt: z.number(),
	/** What the output pane is to show with the result. */
	hints: z.array(z.string()),
	/** The tasks that are waited for, finished ones too. */
	items: z.array(
		waitingItem.extend({
			/** Unix time in milliseconds. */
			deadline: z.number(),
			maxWaitMinutes: z.number(),
			/** The service was told to call when it has ended. */
			calls: z.boolean().optional(),
			/** Since when the service has not known the task, Unix time in milliseconds. */
			missingSince: z.number().optional(),
		}),
	),
	/** The outcomes that were there before the sleep, by input item. */
	done: z.record(z.string(), outcome),
});

export type SuspendedRun = z.infer<typeof suspendedRun>;
export type SuspendedItem = SuspendedRun['items'][number];

/** What version 0.1 kept of an execution that slept until its deadline. */
const suspendedByVersion01 = z.object({
	state: z.object({
		version: z.literal(1),
		parkedAt: z.number(),
		deadline: z.number(),
		maxWaitMinutes: z.number(),
		items: z.array(waitingItem),
	}),
	count: z.number().int(),
	run: z.number().int(),
	done: z.record(z.string(), outcome),
});

/**
 * Reads what this execution kept when it was put to sleep in this run of the node.
 *
 * Money rule: what version 0.1 kept is taken up also by a retry, whose input may be the node's own output.
 *
 * @param kept from the node's memory
 * @returns undefined when nothing is kept, or an execution that is being retried kept it
 */
export function readSuspended(
	kept: unknown,
	executionId: string,
	run: number,
): SuspendedRun | undefined {
	const parsed = suspendedRun.safeParse(kept);
	if (parsed.success) {
		const isOurs = parsed.data.executionId === executionId && parsed.data.run === run;
		return isOurs ? parsed.data : undefined;
	}
	const old = suspendedByVersion01.safeParse(kept);
	if (!old.success || old.data.run !== run) return undefined;
	const { state, count, done } = old.data;
	const { deadline, maxWaitMinutes, parkedAt } = state;
	return {
		version: 2,
		executionId,
		run,
		count,
		wakes: 0,
		sleptAt: parkedAt,
		wakeAt: deadline,
		hints: [],
		items: state.items.map((item) => ({ ...item, deadline, maxWaitMinutes })),
		done,
	};
}

/** The same for a resume webhook, which does not know the run. */
export function readSleeping(kept: unknown): SuspendedRun | undefined {
	const parsed = suspendedRun.safeParse(kept);
	return parsed.success ? parsed.data : undefined;
}

/** What a call claims. It is a hint, which only shortens a slice: anyone who holds the URL can post. */
export type CallHint =
	{ kind: 'task'; id: string; externalId?: string; status: TaskStatus } | { kind: 'unreadable' };

/** The tasks of one execution end one after the other; it is woken up for them about once a minute. */
const LEAST_SLEEP_MS = 60_000;
/** n8n may lose a wake-up: after this long another call may try again. */
const LOST_AFTER_MS = 60_000;
/** Executions of which calls are remembered. */
const MOST_EXECUTIONS = 2_000;

interface Sleep {
	/** Tells one sleep of an execution from the next. */
	sleptAt: number;
	claimed: Set<string>;
	wokenAt: number;
}

/** Remembers, per process, which ends were claimed in each execution's present sleep. */
export class Calls {
	private readonly sleeps = new Map<string, Sleep>();

	/**
	 * Decides about a call. Wakes when every open task that calls has ended by the calls' word, or when the execution has slept for
	 * a minute; and once per sleep, because a second wake-up would run with data of the moment before the first.
	 *
	 * @param executionId of the sleeping execution
	 * @param run what it keeps; undefined when that cannot be read
	 * @param now Unix time in milliseconds
	 */
	judge(
		executionId: string,
		run: Pick<SuspendedRun, 'sleptAt' | 'items'> | undefined,
		hint: CallHint,
		now: number,
	): 'wake' | 'ignore' {
		if (hint.kind === 'task' && hint.status !== 'succeed' && hint.status !== 'failed') {
			return 'ignore';
		}
		const sleep = this.sleepOf(executionId, run?.sleptAt ?? 0);
		if (now < sleep.wokenAt + LOST_AFTER_MS) return 'ignore';
		if (hint.kind === 'task' && run !== undefined) {
			const open = run.items.filter(
				({ calls, lastKnown }) => calls === true && !isFinished(lastKnown.task),
			);
			const names = [hint.id, hint.externalId];
			const named = open.find(({ id, key }) => names.includes(id) || names.includes(key));
			if (sleep.claimed.size < open.length) sleep.claimed.add(named?.id ?? hint.id);
			const allEnded = open.length > 0 && sleep.claimed.size === open.length;
			if (!allEnded && now < run.sleptAt + LEAST_SLEEP_MS) return 'ignore';
		}
		sleep.wokenAt = now;
		return 'wake';
	}

	private sleepOf(executionId: string, sleptAt: number): Sleep {
		const known = this.sleeps.get(executionId);
		const sleep =
			known?.sleptAt === sleptAt
				? known
				: { sleptAt, claimed: new Set<string>(), wokenAt: -Infinity };
		this.sleeps.delete(executionId);
		this.sleeps.set(executionId, sleep);
		for (const oldest of this.sleeps.keys()) {
			if (this.sleeps.size <= MOST_EXECUTIONS) break;
			this.sleeps.delete(oldest);
		}
		return sleep;
	}
}
