// Which calls of the service wake a sleeping execution up. A call is a hint: it only shortens a slice.
import { isFinished, type TaskStatus } from '../api/task';
import type { SuspendedRun } from './suspended';

/** What a call claims; anyone who holds the URL can post. */
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
	 * Decides about a call. Wakes when every open task has ended by the calls' word, or when the execution has slept for
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
			const open = run.items.filter(({ lastKnown }) => !isFinished(lastKnown.task));
			const names = [hint.id, hint.externalId];
			const named = open.find(({ id, key }) => names.includes(id) || names.includes(key));
			if (sleep.claimed.size < open.length) sleep.claimed.add(named?.id ?? hint.id);
			if (sleep.claimed.size < open.length && now < run.sleptAt + LEAST_SLEEP_MS) return 'ignore';
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
