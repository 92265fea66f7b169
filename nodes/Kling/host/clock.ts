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

/**
 * @param ms how long, in milliseconds; more than 24 days count as 24 days, less than nothing as at once
 * @returns a signal that aborts then
 */
export function abortAfter(ms: number): AbortSignal {
	return AbortSignal.timeout(Math.min(Math.max(1, Math.ceil(ms)), LONGEST_TIMER_MS));
}
