// Equal work side by side is done once: the second waits for the first, and then finds its task.
import { orStopped } from '../waiting/backoff';

/** The work under way in this process, by what those who do it share, and by slot. */
const underWay = new WeakMap<object, Map<string, Promise<unknown>>>();

/** Shared by all executions of this process: for work that has the same key in each of them. */
export const EVERY_EXECUTION = {};

/**
 * Money rule: one at a time works on a slot, because whoever starts beside another would find a
 * submit without an end, and not every service can be asked whether it made a task.
 *
 * @param shared the same object for all who may do this work
 * @param work does what there is to do, by what is known when its turn comes
 */
export async function inTurn<Result>(
	shared: object,
	slot: string,
	signal: AbortSignal | undefined,
	work: () => Promise<Result>,
): Promise<Result | 'stopped'> {
	const turns = underWay.get(shared) ?? new Map<string, Promise<unknown>>();
	underWay.set(shared, turns);
	for (let other = turns.get(slot); other !== undefined; other = turns.get(slot)) {
		if ((await orStopped(other, signal)) === 'stopped') return 'stopped';
	}
	const own = work();
	turns.set(
		slot,
		own.catch(() => undefined),
	);
	try {
		return await own;
	} finally {
		turns.delete(slot);
	}
}
