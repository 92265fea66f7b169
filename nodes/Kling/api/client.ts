// The one client of the service: creates a task, fetches one, lists a page, over a port that makes one attempt.
import type { KlingApiError } from './errors/error';
import { type AnswerFacts, retryAfterMs } from './errors/classify';
import type { Service } from './service';
import { type Family, retirementHint } from './models';
import { createOutcomeOf, fetchOutcomeOf, listOutcomeOf, listUnsupported } from './outcomes';
import type { JsonObject, Task } from './task';

/** One HTTP request, without its authorization: the adapter adds that. */
export interface ApiRequest {
	method: 'GET' | 'POST';
	url: string;
	headers: Record<string, string>;
	/** JSON text. */
	body?: string;
	/** How long the attempt may take from its start to the last byte of the answer, in milliseconds. */
	timeoutMs: number;
}

/** How one attempt ended. `notSent`: no byte reached the service. `unknown`: it was sent, the answer never came. */
export type Outcome =
	| { kind: 'answered'; status: number; headers: Record<string, string>; body: string }
	| { kind: 'notSent'; reason: string }
	| { kind: 'unknown'; reason: string };

/** Makes exactly one attempt, follows no redirect, and never throws. */
export type Send = (request: ApiRequest) => Promise<Outcome>;

export interface TaskSnapshot {
	task: Task;
	/** The reply (or the list's element) as received. */
	raw: JsonObject;
}

export type CreateOutcome =
	| ({ kind: 'accepted' } & TaskSnapshot)
	/** Proven: nothing was created. */
	| { kind: 'refused'; error: KlingApiError }
	/** Proven: nothing was created, and the service asks to come back later. */
	| { kind: 'busy'; error: KlingApiError }
	/** The external task id exists: a task of ours to adopt. */
	| { kind: 'taken'; error: KlingApiError }
	/** Proven: nothing left this machine. */
	| { kind: 'notSent'; error: KlingApiError }
	/** A task may exist, and may have been billed. */
	| { kind: 'unknown'; error: KlingApiError };

export type FetchOutcome =
	| ({ kind: 'found' } & TaskSnapshot)
	| { kind: 'missing'; error: KlingApiError }
	/** Asking again would give the same answer (wrong key, no access). */
	| { kind: 'refused'; error: KlingApiError }
	/** Asking again later may help. */
	| { kind: 'transient'; error: KlingApiError };

/** A page of the list route: all its rows, those with a task ID as tasks. */
export interface TaskPage {
	tasks: TaskSnapshot[];
	/** Rows without a task ID, as received. They are rows of the page like the others. */
	unreadable: unknown[];
	/** False where the service said yes and sent no list: nothing can be concluded from it. */
	hasList: boolean;
}

export type ListOutcome =
	| ({ kind: 'page' } & TaskPage)
	/** The service has no list route. */
	| { kind: 'unsupported'; error: KlingApiError }
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'transient'; error: KlingApiError };

/** What the caller knows of the task it asks for; gateways that rename tasks are believed by it. */
export interface KnownIds {
	externalId?: string;
}

export interface KlingClient {
	/** Sends once. `body` is the JSON text that `request.ts` made. */
	create(family: Family, body: string): Promise<CreateOutcome>;
	/** `id` is a task id or, where the gateway can, an external task id. */
	fetch(family: Family, id: string, known?: KnownIds): Promise<FetchOutcome>;
	/** Pages count from 1; pageSize 1 to 500. */
	list(family: Family, pageNum: number, pageSize: number): Promise<ListOutcome>;
}

export interface ClientOptions {
	/** Unix time in milliseconds; needed to read a `Retry-After` that is a date. */
	now?: () => number;
	/** How long a read may take. Default: a minute. */
	getTimeoutMs?: number;
}

const GET_TIMEOUT_MS = 60_000;
const CREATE_TIMEOUT_MS = 120_000;
const LONGEST_CREATE_MS = 600_000;
/** A create carries up to 64 MB of images, also over a slow line: about 1 Mbit/s. */
const CREATE_BYTES_PER_MS = 125;

/**
 * A client of one service.
 *
 * Money: every method makes one attempt and nothing here repeats a POST. What an attempt proves is told by the
 * kind of its outcome; whether to send again is for `submission/` to decide.
 *
 * @param service from `resolveService`
 * @param send the adapter, which adds the authorization
 */
export function createClient(
	service: Service,
	send: Send,
	options: ClientOptions = {},
): KlingClient {
	const { now = () => Number.NaN, getTimeoutMs = GET_TIMEOUT_MS } = options;
	const { baseUrl, gateway, redact } = service;
	const endpoint = (family: Family) => `${baseUrl}/v1/videos/${family.path}`;
	const get = (url: string) =>
		send({ method: 'GET', url, headers: { Accept: 'application/json' }, timeoutMs: getTimeoutMs });
	const factsOf = (outcome: Outcome): AnswerFacts => {
		if (outcome.kind !== 'answered') return { redact };
		const wait = retryAfterMs(outcome.headers, now());
		return {
			redact,
			httpStatus: outcome.status,
			...(wait === undefined ? {} : { retryAfterMs: wait }),
		};
	};

	return {
		async create(family, body) {
			const outcome = await send({
				method: 'POST',
				url: endpoint(family),
				headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
				body,
				timeoutMs: timeoutOf(body),
			});
			const retirement = retirementHint(modelIn(body), gateway);
			return createOutcomeOf(outcome, { ...factsOf(outcome), retirement });
		},

		async fetch(family, id, known = {}) {
			const outcome = await get(`${endpoint(family)}/${encodeURIComponent(id)}`);
			return fetchOutcomeOf(outcome, factsOf(outcome), gateway, id, known);
		},

		async list(family, pageNum, pageSize) {
			if (gateway.listRoute === 'none') return listUnsupported(gateway);
			// Both, always: One-Hub silently falls back to page 1 of 30 when one is missing.
			const outcome = await get(`${endpoint(family)}?pageNum=${pageNum}&pageSize=${pageSize}`);
			return listOutcomeOf(outcome, factsOf(outcome), gateway);
		},
	};
}

/** The body's characters stand for its bytes: what is long in it is Base64. */
function timeoutOf(body: string): number {
	return Math.min(
		CREATE_TIMEOUT_MS + Math.ceil(body.length / CREATE_BYTES_PER_MS),
		LONGEST_CREATE_MS,
	);
}

/** `toBody` writes the model first, so a body of many megabytes need not be parsed for it. */
function modelIn(body: string): string {
	return /^\{"model(?:_name)?":"([^"\\]{1,100})"/.exec(body)?.[1] ?? '-';
}
