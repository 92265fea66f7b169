// Equal tool calls side by side are one piece of work: the second waits for the first, and then finds its task.
import { orStopped } from '../waiting/backoff';
import type { ExecutionRecord } from './memory';

/** The work under way in this process, by the record that the calls share, and by slot. */
const underWay = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Money rule: one at a time works on a slot, because whoever starts beside another would find a
 * submit without an end, and not every service can be asked whether it made a task.
 *
 * @param work does what there is to do, by what the record says when its turn comes
 */
export async function inTurn<Result>(
	record: ExecutionRecord,
	slot: string,
	signal: AbortSignal | undefined,
	work: () => Promise<Result>,
): Promise<Result | 'stopped'> {
	const turns = underWay.get(record.shared) ?? new Map<string, Promise<unknown>>();
	underWay.set(record.shared, turns);
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
