// The undici adapter of the `Send` port: the client of everything that runs outside n8n (driver, bench, tests).
import { createRequire } from 'node:module';
import { type Dispatcher, request } from 'undici';
import type * as Auth from '../../nodes/Kling/api/auth.ts';
import type { ApiRequest, Outcome, Send } from '../../nodes/Kling/api/client.ts';

interface UndiciOptions {
	/** A pool, a proxy or a mock; undici's global agent when left out. */
	dispatcher?: Dispatcher;
	/** Unix time in milliseconds, for signed tokens. */
	now?: () => number;
}

/** The connection never came about, so that no byte of the request left. */
const NEVER_CONNECTED = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'UND_ERR_CONNECT_TIMEOUT',
	'UND_ERR_INVALID_ARG',
	'ERR_INVALID_URL',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	'CERT_HAS_EXPIRED',
	'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * Makes a `Send` over undici. One attempt, no redirect, never throws.
 *
 * @param credentials the fields of a `klingApi` credential
 * @throws when the package has not been built: the authorization is the built node's own
 */
export function createUndiciSend(credentials: object, options: UndiciOptions = {}): Send {
	const { dispatcher, now = Date.now } = options;
	const { authorizationHeader } = builtAuth();
	return async (asked) => {
		let authorization: string;
		try {
			authorization = authorizationHeader(credentials, now());
		} catch (thrown) {
			return { kind: 'notSent', reason: messageOf(thrown) };
		}
		return attempt(asked, { ...asked.headers, Authorization: authorization }, dispatcher);
	};
}

async function attempt(
	asked: ApiRequest,
	headers: Record<string, string>,
	dispatcher?: Dispatcher,
): Promise<Outcome> {
	try {
		const answer = await request(asked.url, {
			method: asked.method,
			headers,
			body: asked.body ?? null,
			signal: AbortSignal.timeout(asked.timeoutMs),
			...(dispatcher === undefined ? {} : { dispatcher }),
		});
		const body = await answer.body.text();
		return { kind: 'answered', status: answer.statusCode, headers: plain(answer.headers), body };
	} catch (thrown) {
		const unsent = codesOf(thrown).some((code) => NEVER_CONNECTED.has(code));
		return { kind: unsent ? 'notSent' : 'unknown', reason: messageOf(thrown) };
	}
}

function plain(headers: Record<string, string | string[] | undefined>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).flatMap(([name, value]) =>
			value === undefined
				? []
				: [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
		),
	);
}

/** The error's own code, its cause's, and those of the addresses that were tried one after the other. */
function codesOf(thrown: unknown): string[] {
	if (!(thrown instanceof Error)) return [];
	const own = 'code' in thrown && typeof thrown.code === 'string' ? [thrown.code] : [];
	const tried = thrown instanceof AggregateError ? thrown.errors.flatMap(codesOf) : [];
	return [...own, ...tried, ...codesOf(thrown.cause)];
}

function messageOf(thrown: unknown): string {
	const [code] = codesOf(thrown);
	const message = thrown instanceof Error ? thrown.message : String(thrown);
	return code === undefined ? message : `${code}: ${message}`;
}

/** The node is CommonJS with imports that only a compiler resolves, so its built form is used. */
function builtAuth(): typeof Auth {
	return createRequire(import.meta.url)('../../dist/nodes/Kling/api/auth.js') as typeof Auth;
}
