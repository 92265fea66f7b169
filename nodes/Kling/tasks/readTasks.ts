// Reads tasks from the service: opens its client, repeats a read while that may help, finds the endpoint that has a task, lists.
import {
	createClient,
	type ClientOptions,
	type FetchOutcome,
	type KlingClient,
	type ListOutcome,
	type TaskSnapshot,
} from '../api/client';
import type { Gateway } from '../api/gateways';
import { LARGEST_PAGE, walkPages } from '../api/pages';
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
export async function connect(
	context: HttpContext,
	options: Pick<ClientOptions, 'getTimeoutMs'> = {},
): Promise<Connection> {
	const credentials = await context.getCredentials('klingApi');
	const service = resolveService(credentials);
	const client = createClient(service, createSend(context), { now: clock.now, ...options });
	return { service, client };
}

export interface ListQuestion {
	/** How many matching tasks are wanted; Infinity for all. */
	wanted: number;
	/** Unix time in milliseconds; older tasks are not wanted. */
	createdAfter?: number;
	/** Left out where every task is wanted. */
	matches?(snapshot: TaskSnapshot): boolean;
}

export interface ListPorts {
	client: Pick<KlingClient, 'list'>;
	gateway: Pick<Gateway, 'listRoute'>;
	signal?: AbortSignal;
}

type Refusal = Exclude<ListOutcome, { kind: 'page' }>;

/**
 * Collects matching tasks of one family, each once.
 *
 * @returns the tasks in the service's order and how many rows could not be read, or the outcome that ended the walk
 */
export async function listTasks(
	{ client, gateway, signal }: ListPorts,
	family: Family,
	{ wanted, createdAfter, matches }: ListQuestion,
): Promise<{ kind: 'tasks'; tasks: TaskSnapshot[]; unreadable: number } | Refusal> {
	const found = new Map<string, TaskSnapshot>();
	let unreadable = 0;
	const walk = await walkPages({
		async readPage(pageNum, pageSize) {
			if (signal?.aborted) return 'stopped';
			return await readAgain(() => client.list(family, pageNum, pageSize), signal);
		},
		listRoute: gateway.listRoute,
		// How many of a page match is not known beforehand, so a filter reads the largest pages.
		pageSize: matches === undefined ? Math.max(1, Math.min(LARGEST_PAGE, wanted)) : LARGEST_PAGE,
		createdAfter,
		onTasks(tasks) {
			for (const snapshot of tasks) {
				if (matches?.(snapshot) ?? true) found.set(snapshot.task.id, snapshot);
			}
			return found.size >= wanted ? 'enough' : 'more';
		},
	});
	if (walk.kind === 'walked') unreadable = walk.unreadable;
	else if (walk.kind !== 'stopped') return walk;
	return { kind: 'tasks', tasks: [...found.values()].slice(0, wanted), unreadable };
}
