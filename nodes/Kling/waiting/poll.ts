// Waits for many tasks by asking: one request a round for all where the service lists, within a deadline.
import type { Told } from '../api/client';
import type { KlingApiError } from '../api/errors';
import { isFinished } from '../api/task';
import { Asker, type Answer, type Asked, type AskPorts } from './ask';
import { orStopped, pollDelayMs, type Clock, type Random } from './backoff';

/** A task to wait for. */
export interface Awaited extends Asked {
	/** Unix time in milliseconds. */
	deadline: number;
}

/** What one round of asking cost. */
export interface Round {
	requests: number;
	/** Tasks that were open before it. */
	open: number;
	finished: number;
}

export interface PollPorts extends AskPorts {
	clock: Clock;
	random: Random;
	onRound?(round: Round): void;
}

export type PollOutcome =
	| ({ kind: 'finished' } & Told)
	| { kind: 'timedOut'; lastKnown?: Told }
	| { kind: 'stopped'; lastKnown?: Told }
	| { kind: 'refused'; error: KlingApiError; lastKnown?: Told };

/** A task that the service does not know may only be new; after this long it is believed. */
const MISSING_MS = 120_000;
/** How long after its deadline a task may still be asked for: hundreds that are, one by one, would take hours. */
const LAST_QUESTION_MS = 30_000;
/** A task that ends within seconds of its submit is not worth parking for. */
const SETTLE_AFTER_MS = 3_000;
const SETTLE_LIMIT_MS = 8_000;

class Wait {
	outcome?: PollOutcome;
	lastKnown?: Told;
	private missingSince?: number;
	/** The newest answer came from a list, which may lag. */
	lagging = false;

	constructor(
		readonly task: Awaited,
		readonly place: number,
	) {
		this.know(task.lastKnown);
	}

	/** What to ask about now. */
	asked(): Asked & { wait: Wait } {
		return { ...this.task, lastKnown: this.lastKnown, wait: this };
	}

	take(answer: Answer, now: number): void {
		if (answer.kind !== 'missing') this.missingSince = undefined;
		switch (answer.kind) {
			case 'told':
				this.lagging = answer.by === 'list';
				return this.know(answer.told);
			case 'refused':
				this.outcome = { kind: 'refused', error: answer.error, lastKnown: this.lastKnown };
				return;
			case 'missing':
				this.missingSince ??= now;
				if (now - this.missingSince < MISSING_MS) return;
				this.outcome = { kind: 'refused', error: answer.error, lastKnown: this.lastKnown };
				return;
			case 'silent':
				return;
		}
	}

	private know(told: Told | undefined): void {
		if (told === undefined) return;
		this.lastKnown = told;
		if (isFinished(told.task)) this.outcome = { kind: 'finished', ...told };
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
	tasks: readonly Awaited[],
	ports: PollPorts,
	intervalMs: number,
): Promise<PollOutcome[]> {
	const { clock, signal } = ports;
	const waits = tasks.map((task, place) => new Wait(task, place));
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
 * Between submit and park: gives tasks that end at once a few seconds and asks about each once, so
 * that no execution sleeps for a callback that came before it slept.
 *
 * @returns in the same order; `lastKnown` is the newest that is known
 */
export async function settle(
	tasks: readonly Omit<Awaited, 'deadline'>[],
	ports: PollPorts,
): Promise<Array<({ kind: 'finished' } & Told) | { kind: 'open'; lastKnown?: Told }>> {
	const { clock, signal } = ports;
	const waits = tasks.map((task, place) => new Wait({ ...task, deadline: Infinity }, place));
	const poll = new Poll(waits, ports);
	if (poll.open().length > 0) {
		await clock.sleep(SETTLE_AFTER_MS, signal);
		const limit = clock.sleep(SETTLE_LIMIT_MS, signal);
		if (!signal?.aborted) await Promise.race([poll.ask('list'), limit]);
	}
	return waits.map(({ outcome, lastKnown }) =>
		outcome?.kind === 'finished' ? outcome : { kind: 'open', lastKnown },
	);
}

/** The rounds of one wait. */
class Poll {
	silentRounds = 0;
	retryAfterMs?: number;
	private requests = 0;
	private readonly asker: Asker;

	constructor(
		private readonly waits: readonly Wait[],
		private readonly ports: PollPorts,
	) {
		this.asker = new Asker({
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
		const asking = this.asker.ask(
			of.map((wait) => wait.asked()),
			how,
			({ wait }, answer) => {
				if (answer.kind === 'silent') this.retryAfterMs ??= answer.error.facts.retryAfterMs;
				else answered += 1;
				wait.take(answer, this.ports.clock.now());
			},
			({ wait: { task } }) => this.ports.clock.now() >= task.deadline + LAST_QUESTION_MS,
		);
		if ((await orStopped(asking, this.ports.signal)) === 'stopped') return 'stopped';
		this.silentRounds = answered > 0 ? 0 : this.silentRounds + 1;
		const finished = of.filter(({ outcome }) => outcome?.kind === 'finished').length;
		this.ports.onRound?.({ requests: this.requests, open: of.length, finished });
		return this.ports.signal?.aborted ? 'stopped' : 'done';
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
