// Requests through n8n's HTTP helper, told as values: to the service, and to a webhook's own address.
import type {
	IExecuteFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';

import type { ApiRequest, Outcome, Send } from '../api/client';
import { abortAfter } from './clock';

export type HttpContext = IExecuteFunctions | ILoadOptionsFunctions | IWebhookFunctions;

interface FullResponse {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

/** Codes that Node.js gives when a connection never came about, so that no byte of the request left. */
const NEVER_CONNECTED = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EADDRNOTAVAIL',
	'ERR_INVALID_URL',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'CERT_HAS_EXPIRED',
	'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** An answer to a create may take a while to begin. */
const LONGEST_SILENCE_MS = { GET: 30_000, POST: 120_000 } as const;

/**
 * Makes a `Send` that uses the credential `klingApi` through n8n's helper, and so keeps the
 * instance's proxy settings, SSRF protection and cancel signal.
 *
 * Money rules kept here:
 * - every HTTP status is an answer, so that n8n's own re-authentication never repeats a POST;
 * - redirects are not followed, so that a POST is never turned into something else;
 * - what is not proven unsent is `unknown`;
 * - the attempt ends when its time is over, even while single bytes still arrive.
 *
 * @param context the functions of `execute`, `webhook` or a list search
 * @returns a function that never throws and makes exactly one attempt
 */
export function createSend(context: HttpContext): Send {
	return async (request) => {
		const timeOver = abortAfter(request.timeoutMs);
		const { bounded, signal } = boundedBy(context, timeOver);
		try {
			const answer = context.helpers.httpRequestWithAuthentication.call(
				bounded,
				'klingApi',
				toOptions(request),
			) as Promise<FullResponse>;
			const response = await Promise.race([answer, aborted(signal)]);
			return {
				kind: 'answered',
				status: response.statusCode,
				headers: plainHeaders(response.headers),
				body: asText(response.body),
			};
		} catch (thrown) {
			const outcome = outcomeOf(thrown);
			if (outcome.kind === 'notSent' || !timeOver.aborted) return outcome;
			return { kind: 'unknown', reason: `no whole answer within ${request.timeoutMs / 1000} s` };
		}
	};
}

/**
 * n8n's own `timeout` counts silence only: a byte every few seconds keeps a request alive for ever. Its helper takes
 * the signal that ends a request from the context and from nowhere else, so it gets a context whose signal also aborts
 * when the time is over. That closes the connection.
 */
function boundedBy(context: HttpContext, timeOver: AbortSignal) {
	const stop =
		'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	const signal = stop === undefined ? timeOver : AbortSignal.any([stop, timeOver]);
	const bounded = Object.create(context, {
		getExecutionCancelSignal: { value: () => signal },
	}) as HttpContext;
	return { bounded, signal };
}

/** Whatever the helper waits for, the caller waits no longer than this. */
async function aborted(signal: AbortSignal): Promise<never> {
	return await new Promise((_, reject) => {
		const end = () => reject(signal.reason as Error);
		if (signal.aborted) end();
		else signal.addEventListener('abort', end, { once: true });
	});
}

function toOptions(request: ApiRequest): IHttpRequestOptions {
	return {
		method: request.method,
		url: request.url,
		headers: request.headers,
		...(request.body === undefined ? {} : { body: request.body }),
		// As text: a parsed body would have lost digits of long numeric ids already.
		encoding: 'text',
		// Counts silence; the whole attempt is bounded by the signal.
		timeout: Math.min(request.timeoutMs, LONGEST_SILENCE_MS[request.method]),
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	};
}

/** Decides from what was thrown whether the request can have reached the service. */
export function outcomeOf(thrown: unknown): Outcome {
	const links = chain(thrown);
	const reason = reasonOf(links);
	const unsent = links.some(
		(link) =>
			(typeof link.code === 'string' && NEVER_CONNECTED.has(link.code)) ||
			link.syscall === 'connect' ||
			(typeof link.name === 'string' && link.name.startsWith('Ssrf')),
	);
	return unsent ? { kind: 'notSent', reason } : { kind: 'unknown', reason };
}

interface Link {
	name?: unknown;
	code?: unknown;
	syscall?: unknown;
	message?: unknown;
	cause?: unknown;
	errors?: unknown;
}

/** The thrown value with its causes, outermost first; bounded because causes may loop. */
function chain(thrown: unknown): Link[] {
	const links: Link[] = [];
	let next: unknown = thrown;
	while (typeof next === 'object' && next !== null && links.length < 6) {
		const link = next as Link;
		links.push(link);
		next = link.cause ?? (Array.isArray(link.errors) ? link.errors[0] : undefined);
	}
	return links;
}

function reasonOf(links: Link[]): string {
	const coded = links.find((link) => typeof link.code === 'string' && link.code !== '');
	const deepest = links[links.length - 1];
	const message = typeof deepest?.message === 'string' ? deepest.message : 'no details given';
	return typeof coded?.code === 'string' ? `${coded.code}: ${message}` : message;
}

function plainHeaders(headers: Record<string, unknown>): Record<string, string> {
	const plain: Record<string, string> = {};
	for (const [name, value] of Object.entries(headers)) {
		if (value !== undefined && value !== null) plain[name.toLowerCase()] = String(value);
	}
	return plain;
}

function asText(body: unknown): string {
	if (typeof body === 'string') return body;
	if (Buffer.isBuffer(body)) return body.toString('utf8');
	return body === undefined || body === null ? '' : JSON.stringify(body);
}

/** n8n answers late while many calls come at once: each costs it about 40 ms of CPU. */
const OWN_CALL_MS = 60_000;

/** The part of Node's request that tells where the process listens. */
interface IncomingCall {
	originalUrl?: unknown;
	socket?: { localAddress?: unknown; localPort?: unknown; encrypted?: unknown };
}

/**
 * The address of this process and the path of the present call, without its query. No proxy or load balancer
 * stands between, so that the call ends in the same process.
 *
 * @returns undefined where the connection does not tell
 */
export function ownUrlOf(context: IWebhookFunctions): string | undefined {
	const { originalUrl, socket } = context.getRequestObject() as unknown as IncomingCall;
	const { localAddress, localPort, encrypted } = socket ?? {};
	if (typeof originalUrl !== 'string' || typeof localAddress !== 'string') return undefined;
	if (typeof localPort !== 'number') return undefined;
	// IPv4 written as IPv6, and the zone of a link-local address.
	const [address = ''] = localAddress.replace(/^::ffff:/, '').split('%', 1);
	const host = address.includes(':') ? `[${address}]` : address;
	const [path = ''] = originalUrl.split('?', 1);
	const url = `${encrypted === true ? 'https' : 'http'}://${host}:${localPort}${path}`;
	return URL.canParse(url) ? url : undefined;
}

/**
 * Calls an own URL through n8n's helper, so that the instance's rules for outgoing requests hold.
 *
 * @returns the HTTP status, or what happened instead; never throws
 */
export async function callOwnUrl(
	context: IWebhookFunctions,
	url: string,
	headers: Record<string, string>,
): Promise<number | string> {
	try {
		const response = (await context.helpers.httpRequest({
			method: 'POST',
			url,
			headers,
			body: {},
			timeout: OWN_CALL_MS,
			// The certificate is for the public name; the call does not leave this machine.
			skipSslCertificateValidation: true,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
		})) as { statusCode: number };
		return response.statusCode;
	} catch (thrown) {
		return thrown instanceof Error ? thrown.message : 'no reason given';
	}
}
