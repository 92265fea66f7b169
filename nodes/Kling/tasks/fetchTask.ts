// Fetches a task again while that may help, at the endpoint that has it.
import { createClient, type FetchOutcome, type KlingClient } from '../api/client';
import { resolveService, type Service } from '../api/service';
import { clock } from '../n8n/clock';
import { createSend, type HttpContext } from '../n8n/http';
import type { KlingApiError } from '../api/errors/error';
import { families, type Family } from '../api/models';

/** Pauses between the tries of one read, in milliseconds. */
const PAUSES_MS = [500, 2_000, 5_000];
/** The longest pause, whatever the service asks for. */
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

export type FindOutcome = FetchOutcome & { family: Family };

/**
 * Neither a task id nor a notification tells the endpoint, and each endpoint says "not found" of the
 * other's tasks.
 *
 * @param likely the family to ask first
 * @param ask asks one family, as often as the caller allows
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

export interface Connection {
	service: Service;
	client: KlingClient;
}

/**
 * Reads the node's credential and opens the client of its service.
 *
 * @throws KlingApiError when the credential is incomplete (for example a custom base URL that is none)
 */
export async function connect(context: HttpContext): Promise<Connection> {
	const credentials = await context.getCredentials('klingApi');
	const service = resolveService(credentials);
	return { service, client: createClient(service, createSend(context), { now: clock.now }) };
}
