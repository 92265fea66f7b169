// The one form in which a refusal or a missing answer travels through this package.

/** What kind of thing went wrong; decides who can mend it. */
export type Category =
	| 'auth' // the key or token was not accepted
	| 'account' // arrears, exhausted pack, blocked account, IP list
	| 'access' // this account may not use this model or endpoint
	| 'input' // the caller sent something the service does not take
	| 'policy' // content refused
	| 'missing' // no such task, model or route
	| 'taken' // the external task id exists already
	| 'busy' // rate or concurrency limit
	| 'service' // the service or gateway failed by itself
	| 'network' // no connection, or no answer
	| 'reply'; // an answer that is not a Kling reply (HTML, empty, no id)

/**
 * May the same POST be sent again?
 * `safe`: proven that nothing was created. `lookUpFirst`: a task may exist. `never`: it would be refused again.
 */
export type SendAgain = 'safe' | 'lookUpFirst' | 'never';

/** What a user is told, under the names that n8n has for it. */
export interface Issue {
	/** What happened, in one sentence; never holds a secret. */
	message: string;
	/** What to do next. */
	description: string;
}

/** What a code, a status or a phrase of a service means. */
export interface Classification extends Issue {
	category: Category;
	sendAgain: SendAgain;
}

export interface KlingApiErrorFacts extends Classification {
	httpStatus?: number;
	/** Kling's code (1303) or a gateway's word (quota_not_enough). */
	code?: string;
	/** The service's own words, trimmed and stripped of secrets. */
	serviceMessage?: string;
	requestId?: string;
	/** How long the service asked to wait, in milliseconds. */
	retryAfterMs?: number;
}

/** A refusal or a missing answer of the service. Knows no n8n: `n8n/errors.ts` turns it into n8n's. */
export class KlingApiError extends Error {
	readonly facts: KlingApiErrorFacts;

	constructor(facts: KlingApiErrorFacts) {
		super(facts.message);
		// Other sentences follow it: each description ends as one.
		this.facts = { ...facts, description: facts.description.replace(/(?<![.!?…])$/, '.') };
		this.name = 'KlingApiError';
	}
}

/**
 * Money rule: a task is not given up because a proxy showed a web page once. Such a 404 has neither a code
 * of the service nor, where it counts, words about the task.
 */
export function isBareNotFound({ facts }: KlingApiError): boolean {
	return facts.category === 'missing' && facts.httpStatus === 404 && facts.code === undefined;
}

/** n8n's `failure` detail as plain data; older hosts ignore it. */
export type FailureDetail =
	| { cause: 'rate-limited' | 'quota-exhausted' | 'temporarily-unavailable'; retryAfterMs?: number }
	| { cause: 'credential-invalid' | 'configuration-invalid' };

/**
 * Why a request failed, in n8n's words, and only what the reply proves: silence and bad input say nothing.
 *
 * @returns undefined where no cause of n8n's list is proven
 */
export function failureDetail(error: KlingApiError): FailureDetail | undefined {
	const { category, code, httpStatus, retryAfterMs } = error.facts;
	const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
	if (category === 'auth') return { cause: 'credential-invalid' };
	if (category === 'access') return { cause: 'configuration-invalid' };
	if (category === 'busy') return { cause: 'rate-limited', ...wait };
	// An empty account fills up when somebody pays; a blocked one or an address list is another matter.
	if (category === 'account' && code !== '1100' && code !== '1304') {
		return { cause: 'quota-exhausted', ...wait };
	}
	const said = httpStatus !== undefined || code !== undefined;
	return category === 'service' && said ? { cause: 'temporarily-unavailable', ...wait } : undefined;
}
