// Waits for many tasks by asking: one request a round for all where the service lists, within a deadline.
import type { TaskSnapshot } from '../api/client';
import type { KlingApiError } from '../api/errors/error';
import { isFinished } from '../api/task';
import { orStopped, pollDelayMs, type Clock, type Random } from './backoff';
import {
	StatusFetcher,
	type StatusAnswer,
	type StatusPorts,
	type TaskReference,
} from './statusFetcher';

/** A task to wait for. */
export interface AwaitedTask extends TaskReference {
	/** Unix time in milliseconds. */
	deadline: number;
	/** Since when the service has not known it, Unix time in milliseconds. */
	missingSince?: number;
}

/** What one round of asking cost. */
export interface Round {
	requests: number;
	/** Tasks that were open before it. */
	open: number;
	finished: number;
}

export interface PollPorts extends StatusPorts {
	clock: Clock;
	random: Random;
	onRound?(round: Round): void;
}

export type PollOutcome =
	| ({ kind: 'finished' } & TaskSnapshot)
	| { kind: 'timedOut'; lastKnown?: TaskSnapshot }
	| { kind: 'stopped'; lastKnown?: TaskSnapshot }
	| { kind: 'refused'; error: KlingApiError; lastKnown?: TaskSnapshot };

/** A task that is still to be waited for. */
export interface OpenTask {
	kind: 'open';
	lastKnown?: TaskSnapshot;
	missingSince?: number;
}

/** A task that the service does not know may only be new; after this long it is believed. */
const MISSING_MS = 120_000;
/** How long after its deadline a task may still be asked for: hundreds that are, one by one, would take hours. */
const LAST_QUESTION_MS = 30_000;
/** A task that ends within seconds of its submit is not worth a sleep. */
const SETTLE_AFTER_MS = 3_000;
const SETTLE_LIMIT_MS = 8_000;
/** A wake-up is short: if n8n is stopped meanwhile, it counts as a crash. */
const WAKE_LIMIT_MS = 60_000;

class Wait {
	outcome?: PollOutcome;
	lastKnown?: TaskSnapshot;
	missingSince?: number;
	/** The newest answer came from a list, which may lag. */
	lagging = false;

	constructor(readonly task: AwaitedTask) {
		this.missingSince = task.missingSince;
		this.know(task.lastKnown);
	}

	/** What to ask about now. */
	reference(): TaskReference & { wait: Wait } {
		return { ...this.task, lastKnown: this.lastKnown, wait: this };
	}

	take(answer: StatusAnswer, now: number): void {
		if (answer.kind !== 'missing') this.missingSince = undefined;
		switch (answer.kind) {
			case 'snapshot':
				this.lagging = answer.by === 'list';
				return this.know(answer.snapshot);
			case 'refused':
				this.outcome = { kind: 'refused', error: answer.error, lastKnown: this.lastKnown };
				return;
			case 'missing':
				this.missingSince ??= now;
				if (now - this.missingSince < MISSING_MS) return;
				this.outcome = { kind: 'refused', error: answer.error, lastKnown: this.lastKnown };
				return;
			case 'noAnswer':
				return;
		}
	}

	private know(snapshot: TaskSnapshot | undefined): void {
		if (snapshot === undefined) return;
		this.lastKnown = snapshot;
		if (isFinished(snapshot.task)) this.outcome = { kind: 'finished', ...snapshot };
	}
}

/**
 * Asks until every task is finished, its deadline has passed, or the user presses Stop.
 * Transient failures are tolerated until the deadline; a refusal (a wrong key) ends its task at once.
 *
 * @param intervalMs what the user asked for; it grows mildly
 * @returns one outcome per task, in the same order; never throws
 */
export async function pollAll(
	tasks: readonly AwaitedTask[],
	ports: PollPorts,
	intervalMs: number,
): Promise<PollOutcome[]> {
	const { clock, signal } = ports;
	const waits = tasks.map((task) => new Wait(task));
	const poll = new Poll(waits, ports);
	// What was told a moment ago need not be asked again at once.
	let mustAsk = waits.some((wait) => wait.lastKnown === undefined);
	for (let round = 0; poll.open().length > 0; round++) {
		if (mustAsk && (await poll.ask('list')) === 'stopped') break;
		if ((await poll.closeLate()) === 'stopped') break;
		mustAsk = true;
		const open = poll.open();
		if (open.length === 0) break;
		const delay = pollDelayMs(
			intervalMs,
			round,
			ports.random,
			poll.silentRounds,
			poll.retryAfterMs,
		);
		const nearest = Math.min(...open.map(({ task }) => task.deadline));
		await clock.sleep(Math.max(0, Math.min(delay, nearest - clock.now())), signal);
		if (signal?.aborted) break;
	}
	return waits.map(({ outcome, lastKnown }) => outcome ?? { kind: 'stopped', lastKnown });
}

/**
 * Asks about each task once, also past its deadline: what is ready then is delivered.
 *
 * @param when `settle`: between submit and sleep, tasks that end at once get a few seconds for it.
 *   `wake`: after a sleep
 * @returns in the same order; `lastKnown` is the newest that is known; never throws
 */
export async function pollOnce(
	tasks: readonly AwaitedTask[],
	ports: PollPorts,
	when: 'settle' | 'wake',
): Promise<Array<PollOutcome | OpenTask>> {
	const { clock, signal } = ports;
	const waits = tasks.map((task) => new Wait(task));
	const poll = new Poll(waits, ports);
	if (poll.open().length > 0) {
		if (when === 'settle') await clock.sleep(SETTLE_AFTER_MS, signal);
		const answered = new AbortController();
		const limitMs = when === 'settle' ? SETTLE_LIMIT_MS : WAKE_LIMIT_MS;
		const limit = clock.sleep(limitMs, answered.signal);
		if (!signal?.aborted) await Promise.race([poll.ask('list'), limit]);
		answered.abort();
		if (!signal?.aborted) await poll.closeLate();
	}
	return waits.map(({ outcome, lastKnown, missingSince }) => {
		if (outcome !== undefined) return outcome;
		return { kind: signal?.aborted ? 'stopped' : 'open', lastKnown, missingSince };
	});
}

/** The rounds of one wait. */
class Poll {
	silentRounds = 0;
	retryAfterMs?: number;
	private requests = 0;
	private readonly startedAt: number;
	private readonly statuses: StatusFetcher;

	constructor(
		private readonly waits: readonly Wait[],
		private readonly ports: PollPorts,
	) {
		this.startedAt = ports.clock.now();
		this.statuses = new StatusFetcher({
			...ports,
			onRequest: (kind) => {
				this.requests += 1;
				ports.onRequest?.(kind);
			},
		});
	}

	open(): Wait[] {
		return this.waits.filter(({ outcome }) => outcome === undefined);
	}

	async ask(how: 'list' | 'singly', of = this.open()): Promise<'done' | 'stopped'> {
		this.requests = 0;
		this.retryAfterMs = undefined;
		let answered = 0;
		const asking = this.statuses.fetchAll(
			of.map((wait) => wait.reference()),
			how,
			({ wait }, answer) => {
				if (answer.kind === 'noAnswer') this.retryAfterMs ??= answer.error.facts.retryAfterMs;
				else answered += 1;
				wait.take(answer, this.ports.clock.now());
			},
			({ wait: { task } }) => this.isOver(task.deadline),
		);
		if ((await orStopped(asking, this.ports.signal)) === 'stopped') return 'stopped';
		this.silentRounds = answered > 0 ? 0 : this.silentRounds + 1;
		const finished = of.filter(({ outcome }) => outcome?.kind === 'finished').length;
		this.ports.onRound?.({ requests: this.requests, open: of.length, finished });
		return this.ports.signal?.aborted ? 'stopped' : 'done';
	}

	/** A wait that begins past its deadline, after a sleep with n8n switched off, asks all the same. */
	private isOver(deadline: number): boolean {
		return this.ports.clock.now() >= Math.max(deadline, this.startedAt) + LAST_QUESTION_MS;
	}

	/** Nothing is given up on the word of a list, which may lag: those are asked for singly once more. */
	async closeLate(): Promise<'done' | 'stopped'> {
		const now = this.ports.clock.now();
		const late = this.open().filter(({ task }) => task.deadline <= now);
		const doubtful = late.filter(({ lagging }) => lagging);
		if (doubtful.length > 0 && (await this.ask('singly', doubtful)) === 'stopped') return 'stopped';
		for (const wait of late) wait.outcome ??= { kind: 'timedOut', lastKnown: wait.lastKnown };
		return 'done';
	}
}
