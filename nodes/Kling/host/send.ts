// The node's adapter of the `Send` port: one attempt through n8n's own HTTP helper, told as a value.
import type {
	IExecuteFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';

import type { ApiRequest, Outcome, Send } from '../api/client';

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

/**
 * Makes a `Send` that uses the credential `klingApi` through n8n's helper, and so keeps the
 * instance's proxy settings, SSRF protection and cancel signal.
 *
 * Money rules kept here:
 * - every HTTP status is an answer, so that n8n's own re-authentication never repeats a POST;
 * - redirects are not followed, so that a POST is never turned into something else;
 * - what is not proven unsent is `unknown`.
 *
 * @param context the functions of `execute`, `webhook` or a list search
 * @returns a function that never throws and makes exactly one attempt
 */
export function createSend(context: HttpContext): Send {
	return async (request) => {
		try {
			const response = (await context.helpers.httpRequestWithAuthentication.call(
				context,
				'klingApi',
				toOptions(request),
			)) as FullResponse;
			return {
				kind: 'answered',
				status: response.statusCode,
				headers: plainHeaders(response.headers),
				body: asText(response.body),
			};
		} catch (thrown) {
			return outcomeOf(thrown);
		}
	};
}

function toOptions(request: ApiRequest): IHttpRequestOptions {
	return {
		method: request.method,
		url: request.url,
		headers: request.headers,
		...(request.body === undefined ? {} : { body: request.body }),
		// As text: a parsed body would have lost digits of long numeric ids already.
		encoding: 'text',
		timeout: request.timeoutMs,
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
