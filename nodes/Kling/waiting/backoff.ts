// How long to wait before asking again, and how a wait is cut short. Pure but for the last function.

/** Time, as it is passed in. */
export interface Clock {
	/** Unix time in milliseconds. */
	now(): number;
	/** Ends after `ms`, or within a second of the signal's abort. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const MINUTE_MS = 60_000;

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

const BUSY_FROM_MS = 1000;
const BUSY_CAP_MS = MINUTE_MS;
const AGAIN_FROM_MS = 500;
const AGAIN_CAP_MS = 15_000;
/** A poll interval grows by this much a round … */
const POLL_GROWTH = 1.15;
/** … to no more than this many times what the user asked for, nor beyond a minute. */
const POLL_GROWTH_CAP = 3;
const POLL_CAP_MS = MINUTE_MS;
const POLL_JITTER = 0.1;

/**
 * How long a busy service is left alone: what it asked for, else exponential with full jitter,
 * from 1 s (Kling's own advice for the first wait) to 60 s.
 *
 * @param round 0 for the first busy reply in a row
 * @param retryAfterMs what the service asked for, in milliseconds
 * @returns milliseconds
 * @see https://kling.ai/document-api "concurrency rules": back off by 1 s or more
 */
export function busyDelayMs(round: number, random: Random, retryAfterMs?: number): number {
	if (retryAfterMs !== undefined && retryAfterMs > 0) return retryAfterMs;
	return between(BUSY_FROM_MS, exponential(2 * BUSY_FROM_MS, round, BUSY_CAP_MS), random);
}

/**
 * How long until a look-up, or a request that never left, is tried again: 0.5 s to 15 s with jitter.
 *
 * @param round 0 for the first repetition
 * @returns milliseconds
 */
export function againDelayMs(round: number, random: Random, retryAfterMs?: number): number {
	if (retryAfterMs !== undefined && retryAfterMs > 0) return retryAfterMs;
	const top = exponential(2 * AGAIN_FROM_MS, round, AGAIN_CAP_MS);
	return between(top / 2, top, random);
}

/**
 * How long until the next round of a poll: the user's interval, growing mildly, with 10 % jitter;
 * after rounds without an answer at least as long as a busy service is left alone.
 *
 * @param round 0 before the first repetition
 * @param silentRounds rounds in a row that brought no answer
 * @returns milliseconds
 */
export function pollDelayMs(
	intervalMs: number,
	round: number,
	random: Random,
	silentRounds = 0,
	retryAfterMs?: number,
): number {
	const top = Math.max(intervalMs, Math.min(intervalMs * POLL_GROWTH_CAP, POLL_CAP_MS));
	const grown = Math.min(intervalMs * POLL_GROWTH ** Math.min(round, 100), top);
	const jittered = grown * (1 - POLL_JITTER + 2 * POLL_JITTER * random());
	if (silentRounds === 0) return jittered;
	return Math.max(jittered, busyDelayMs(silentRounds - 1, random, retryAfterMs));
}

/** Ends like `promise`, or with `stopped` as soon as the signal aborts; the promise itself goes on. */
export async function orStopped<T>(
	promise: Promise<T>,
	signal: AbortSignal | undefined,
): Promise<T | 'stopped'> {
	if (signal === undefined) return await promise;
	let forget: () => void = () => undefined;
	const stopped = new Promise<'stopped'>((resolve) => {
		forget = whenStopped(signal, () => resolve('stopped'));
	});
	try {
		return await Promise.race([promise, stopped]);
	} finally {
		forget();
	}
}

const calls = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts. However many ask, the signal has one listener: Node writes a
 * warning into n8n's log from the eleventh on.
 *
 * @returns takes the request back
 */
export function whenStopped(signal: AbortSignal, call: () => void): () => void {
	if (signal.aborted) {
		call();
		return () => undefined;
	}
	const known = calls.get(signal);
	const ofSignal = known ?? new Set<() => void>();
	ofSignal.add(call);
	if (known === undefined) {
		calls.set(signal, ofSignal);
		signal.addEventListener('abort', () => ofSignal.forEach((one) => one()), { once: true });
	}
	return () => void ofSignal.delete(call);
}

function exponential(fromMs: number, round: number, capMs: number): number {
	return Math.min(capMs, fromMs * 2 ** Math.min(round, 30));
}

function between(low: number, high: number, random: Random): number {
	return low + random() * Math.max(0, high - low);
}
