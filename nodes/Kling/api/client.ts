// The one door to the service: creates a task, fetches one, lists a page, over a port that makes one attempt.
import type { KlingApiError } from './errors';
import type { Family } from './models';
import type { JsonObject, Task } from './task';

/** One HTTP request, without its authorization: the adapter adds that. */
export interface ApiRequest {
	method: 'GET' | 'POST';
	url: string;
	headers: Record<string, string>;
	/** JSON text. */
	body?: string;
	timeoutMs: number;
}

/** How one attempt ended. `notSent`: no byte reached the service. `unknown`: it was sent, the answer never came. */
export type Outcome =
	| { kind: 'answered'; status: number; headers: Record<string, string>; body: string }
	| { kind: 'notSent'; reason: string }
	| { kind: 'unknown'; reason: string };

/** Makes exactly one attempt, follows no redirect, and never throws. */
export type Send = (request: ApiRequest) => Promise<Outcome>;

export interface Told {
	task: Task;
	/** The reply (or the list's element) as received. */
	raw: JsonObject;
}

export type CreateOutcome =
	| ({ kind: 'accepted' } & Told)
	/** Proven: nothing was created. */
	| { kind: 'refused'; error: KlingApiError }
	/** Proven: nothing was created, and the service asks for patience. */
	| { kind: 'busy'; error: KlingApiError }
	/** The external task id exists: a task of ours to adopt. */
	| { kind: 'taken'; error: KlingApiError }
	/** Proven: nothing left this machine. */
	| { kind: 'notSent'; error: KlingApiError }
	/** A task may exist, and may have been billed. */
	| { kind: 'unknown'; error: KlingApiError };

export type FetchOutcome =
	| ({ kind: 'found' } & Told)
	| { kind: 'missing'; error: KlingApiError }
	/** Asking again would give the same answer (wrong key, no access). */
	| { kind: 'refused'; error: KlingApiError }
	/** Asking again later may help. */
	| { kind: 'transient'; error: KlingApiError };

export type ListOutcome =
	| { kind: 'page'; tasks: Told[] }
	/** The service has no list route. */
	| { kind: 'unsupported'; error: KlingApiError }
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'transient'; error: KlingApiError };

export interface KlingClient {
	/** Sends once. `body` is the JSON text that `request.ts` made. */
	create(family: Family, body: string): Promise<CreateOutcome>;
	/** `id` is a task id or, where the gateway can, an external task id. */
	fetch(family: Family, id: string): Promise<FetchOutcome>;
	/** Pages count from 1; pageSize 1 to 500. */
	list(family: Family, pageNum: number, pageSize: number): Promise<ListOutcome>;
}
