// Finds a task whose family is not known for sure: asks the likely endpoint, then the other.
import type { FetchOutcome, KlingClient } from '../../api/client';
import { families, type Family } from '../../api/models';
import { readAgain } from '../reading';

export type FindOutcome = FetchOutcome & { family: Family };

/**
 * A task id alone does not tell its endpoint, and each endpoint says "not found" of the other's tasks.
 *
 * @param likely the family to ask first
 * @param id a task id or an external task id
 * @returns the first family's answer, unless it has no such task and the other one has
 */
export async function findTask(
	client: KlingClient,
	likely: Family,
	id: string,
	signal?: AbortSignal,
): Promise<FindOutcome> {
	const first = await readAgain(() => client.fetch(likely, id), signal);
	if (first.kind !== 'missing') return { ...first, family: likely };
	const other = likely === families.omni ? families.multiImage : families.omni;
	const second = await readAgain(() => client.fetch(other, id), signal);
	// Not knowing is not the same as not there: an unanswered second question is passed on.
	return second.kind === 'missing' || second.kind === 'refused'
		? { ...first, family: likely }
		: { ...second, family: other };
}
