// Time as the rest of the package sees it: now, and a sleep that ends soon after a stop.
import { sleep } from 'n8n-workflow';

/** How often a sleeper looks whether the user pressed Stop, in milliseconds. */
const STOP_CHECK_MS = 400;
/** 24 days; a timer of Node.js that is set to more goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const clock = {
	/** @returns Unix time in milliseconds */
	now: (): number => Date.now(),

	/**
	 * Sleeps in short pieces, because n8n-workflow exports no sleep that takes a signal.
	 *
	 * @param ms how long, in milliseconds
	 * @param signal the execution's cancel signal; the sleep ends within half a second of it
	 */
	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		// Not by the time of day, which may be set back by hours meanwhile.
		const until = performance.now() + ms;
		while (!signal?.aborted) {
			const left = until - performance.now();
			if (left <= 0) return;
			await sleep(Math.min(left, STOP_CHECK_MS));
		}
	},
};

/** By then n8n has looked for executions that a crash broke off, on any machine. */
const STARTED_BY_MS = 60_000;
let firstAgeMs: number | undefined;

/**
 * Waits until n8n has started. n8n wakes executions that fell due while it was off before it looks for executions that a
 * crash broke off, and takes those for such: unless they end after that look, they stay "crashed".
 *
 * @param signal the execution's cancel signal
 */
export async function untilStarted(signal?: AbortSignal): Promise<void> {
	// n8n looks in the second half of its start, however slow the machine is.
	firstAgeMs ??= performance.now();
	const startedMs = Math.min(2 * firstAgeMs + 5_000, STARTED_BY_MS);
	await clock.sleep(startedMs - performance.now(), signal);
}

/**
 * @param ms how long, in milliseconds; more than 24 days count as 24 days, less than nothing as at once
 * @returns a signal that aborts then
 */
export function abortAfter(ms: number): AbortSignal {
	return AbortSignal.timeout(Math.min(Math.max(1, Math.ceil(ms)), LONGEST_TIMER_MS));
}
