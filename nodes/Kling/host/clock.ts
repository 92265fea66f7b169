// Time as the rest of the package sees it: now, and a sleep that ends soon after a stop.
import { sleep } from 'n8n-workflow';

/** How often a sleeper looks whether the user pressed Stop, in milliseconds. */
const STOP_CHECK_MS = 400;

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
		const until = Date.now() + ms;
		while (!signal?.aborted) {
			const left = until - Date.now();
			if (left <= 0) return;
			await sleep(Math.min(left, STOP_CHECK_MS));
		}
	},
};
