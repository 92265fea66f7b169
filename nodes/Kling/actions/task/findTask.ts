// Finds a task whose family is not known for sure: asks the likely endpoint, then the other.
import type { FetchOutcome } from '../../api/client';
import { families, type Family } from '../../api/models';

export type FindOutcome = FetchOutcome & { family: Family };

/**
 * Neither a task id nor a notification tells the endpoint, and each endpoint says "not found" of the
 * other's tasks.
 *
 * @param likely the family to ask first
 * @param ask puts the question to one family, with the patience of whoever asks
 * @returns the first family's answer, unless it has no such task and the other one has
 */
export async function findTask(
	likely: Family,
	ask: (family: Family) => Promise<FetchOutcome>,
): Promise<FindOutcome> {
	const first = await ask(likely);
	if (first.kind !== 'missing') return { ...first, family: likely };
	const other = likely === families.omni ? families.multiImage : families.omni;
	const second = await ask(other);
	// Services without the other endpoint refuse the second question: then the first answer stands.
	// But not knowing is not the same as not there: an unanswered one is passed on.
	return second.kind === 'missing' || second.kind === 'refused'
		? { ...first, family: likely }
		: { ...second, family: other };
}
