// Who may work and send when: one at a time on a piece of work; then in input order, few at once, slower while the service is busy.
import { busyDelayMs, whenStopped, type Clock, type Random } from '../waiting/backoff';

/** Request bodies in flight together; one that is bigger goes alone. */
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
/** This many requests in a row without an answer are no coincidence. */
const MAX_UNANSWERED = 2;

interface LimiterSettings {
	maxConcurrent: number;
	/** Unix time in milliseconds, until which a service that is busy or gives no answer is waited for. */
	deadline: number;
}

interface LimiterPorts {
	clock: Clock;
	random: Random;
	signal?: AbortSignal;
}

/** What the service was until the deadline. `askedMs`: a pause it asked for that ends after the deadline. */
export type Refusal = { kind: 'busy'; askedMs?: number } | { kind: 'noResponse' };

export type Turn = 'acquired' | 'stopped' | Refusal;

interface Ticket {
	order: number;
	bytes: number;
	call(turn: Turn): void;
}

export class RateLimiter {
	private readonly waiting: Ticket[] = [];
	private running = 0;
	private bytesInFlight = 0;
	/** How many may run now; one after a busy answer, then growing again. */
	private allowed: number;
	private notBefore = 0;
	/** Busy (or missing) answers since the last good one. */
	private setbacks = 0;
	/** The pause is there because the service said that it is busy, not because no answer came. */
	private isBusy = false;
	/** The service itself named the pause. */
	private isAsked = false;
	private sleeping = false;
	private readonly forgetStop: () => void = () => undefined;

	constructor(
		private readonly settings: LimiterSettings,
		private readonly ports: LimiterPorts,
	) {
		this.allowed = settings.maxConcurrent;
		if (ports.signal !== undefined) this.forgetStop = whenStopped(ports.signal, this.callOff);
	}

	/**
	 * Waits for a turn. A caller that gets `acquired` must `release` the same number of bytes.
	 *
	 * @param order the place in the input, which is kept after a busy answer
	 * @param bytes the estimated size of the request body
	 */
	async acquire(order: number, bytes: number): Promise<Turn> {
		return await new Promise((resolve) => {
			let place = this.waiting.length;
			while (place > 0 && (this.waiting[place - 1]?.order ?? 0) > order) place -= 1;
			this.waiting.splice(place, 0, { order, bytes, call: resolve });
			this.admit();
		});
	}

	release(bytes: number): void {
		this.running -= 1;
		this.bytesInFlight -= bytes;
		this.admit();
	}

	/** The service is busy: nobody sends for a while, and then one at a time. */
	onRateLimited(retryAfterMs?: number): void {
		this.isBusy = true;
		if (retryAfterMs !== undefined) this.isAsked = true;
		this.slowDown(this.setbacks, retryAfterMs);
	}

	/** No answer came. One may be a coincidence; after two in a row the service gets a rest. */
	onNoResponse(): void {
		this.slowDown(this.setbacks - 1);
	}

	/** The service took a request, or refused it for what it was. */
	onAnswer(): void {
		this.setbacks = 0;
		this.isBusy = false;
		this.isAsked = false;
		this.allowed = Math.min(this.settings.maxConcurrent, this.allowed + 1);
		this.admit();
	}

	close(): void {
		this.forgetStop();
	}

	private slowDown(round: number, retryAfterMs?: number): void {
		// Requests that left together are turned away together: that is one setback, not many.
		const known = this.ports.clock.now() < this.notBefore;
		if (!known) this.setbacks += 1;
		if (round < 0 || (known && retryAfterMs === undefined)) return;
		this.allowed = 1;
		const delay = busyDelayMs(round, this.ports.random, retryAfterMs);
		this.notBefore = Math.max(this.notBefore, this.ports.clock.now() + delay);
		this.admit();
	}

	private admit(): void {
		if (this.ports.signal?.aborted) return this.callOff();
		const late = this.lateness();
		if (late !== undefined) return this.dismiss(late);
		if (this.mustPause()) return this.pause();
		for (let next = this.waiting[0]; next && this.hasRoom(next); next = this.waiting[0]) {
			this.waiting.shift();
			this.running += 1;
			this.bytesInFlight += next.bytes;
			next.call('acquired');
		}
	}

	private hasRoom(next: Ticket): boolean {
		if (this.running === 0) return true;
		if (this.running >= this.allowed) return false;
		return this.bytesInFlight + next.bytes <= MAX_BYTES_IN_FLIGHT;
	}

	/**
	 * A pause that would end after the deadline is not begun. Without a deadline for a service that gives no
	 * answer a long input would wait for days, and each of its items may be paid for without a task to show.
	 */
	private lateness(): Refusal | undefined {
		if (!this.isBusy && this.setbacks < MAX_UNANSWERED) return undefined;
		const { clock } = this.ports;
		const now = clock.now();
		if (Math.max(now, this.notBefore) < this.settings.deadline) return undefined;
		if (!this.isBusy) return { kind: 'noResponse' };
		return now < this.settings.deadline && this.isAsked
			? { kind: 'busy', askedMs: this.notBefore - now }
			: { kind: 'busy' };
	}

	private mustPause(): boolean {
		return this.waiting.length > 0 && this.ports.clock.now() < this.notBefore;
	}

	private pause(): void {
		if (this.sleeping) return;
		this.sleeping = true;
		const { clock, signal } = this.ports;
		void clock.sleep(this.notBefore - clock.now(), signal).then(() => {
			this.sleeping = false;
			this.admit();
		});
	}

	private readonly callOff = (): void => this.dismiss('stopped');

	private dismiss(turn: Exclude<Turn, 'acquired'>): void {
		for (const ticket of this.waiting.splice(0)) ticket.call(turn);
	}
}

/** A name, and the object within which it is one. */
export type Name = readonly [shared: object, name: string];

/** Work that is being done in this process, by object and name. */
const underWay = new WeakMap<object, Map<string, Promise<void>>>();

/** @returns the end of what is being done under one of these names; undefined when all of them are free */
export function workUnderWay(names: readonly Name[]): Promise<void> | undefined {
	for (const [shared, name] of names) {
		const work = underWay.get(shared)?.get(name);
		if (work !== undefined) return work;
	}
	return undefined;
}

/**
 * Holds names that are free. Money rule: one at a time works on a name, because a second one would
 * find a submit whose end is not known, and not every service can be asked whether it made a task.
 *
 * @returns lets go of them
 */
export function hold(names: readonly Name[]): () => void {
	let end: () => void = () => undefined;
	const work = new Promise<void>((resolve) => (end = resolve));
	for (const [shared, name] of names) {
		const held = underWay.get(shared) ?? new Map<string, Promise<void>>();
		underWay.set(shared, held.set(name, work));
	}
	return () => {
		for (const [shared, name] of names) underWay.get(shared)?.delete(name);
		end();
	};
}
