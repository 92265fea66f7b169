// The read policy: a GET costs nothing, so it is asked again a few times before it is given up.
import type { KlingApiError } from '../api/errors';
import { clock } from '../host/clock';

/** Pauses between the tries of one read, in milliseconds. */
const PAUSES_MS = [500, 2_000, 5_000];
/** A longer wait than this is not worth a user's patience inside one read. */
const LONGEST_PAUSE_MS = 15_000;

/**
 * Repeats a read while the service says that asking again may help.
 *
 * @param read makes one attempt
 * @param signal the execution's cancel signal; a stop ends the pauses
 * @returns the last outcome
 */
export async function readAgain<Outcome extends { kind: string }>(
	read: () => Promise<Outcome | { kind: 'transient'; error: KlingApiError }>,
	signal?: AbortSignal,
): Promise<Outcome | { kind: 'transient'; error: KlingApiError }> {
	let outcome = await read();
	for (const pause of PAUSES_MS) {
		if (outcome.kind !== 'transient' || signal?.aborted) return outcome;
		const asked = (outcome as { error: KlingApiError }).error.facts.retryAfterMs ?? pause;
		await clock.sleep(Math.min(Math.max(asked, pause), LONGEST_PAUSE_MS), signal);
		if (signal?.aborted) return outcome;
		outcome = await read();
	}
	return outcome;
}
