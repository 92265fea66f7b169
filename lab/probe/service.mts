// Joins credentials, client and connection for a probe, and keeps every answer for a look at its shape.
import type { KlingClient, Outcome, Send } from '../../nodes/Kling/api/client.ts';
import type { Gateway } from '../../nodes/Kling/api/gateways.ts';
import { createUndiciSend } from '../port/undici.mts';
import type { Built } from './built.mts';
import type { AuthScheme } from './findings.mts';

/** Keys, as they come from the environment. */
export type Keys =
	| { authType: 'apiKey'; apiKey: string }
	| { authType: 'accessKey'; accessKey: string; secretKey: string };

export interface ProbedService {
	client: KlingClient;
	send: Send;
	/** The last answer; undefined before the first. */
	last(): Outcome | undefined;
}

export interface Target {
	/** The row of the table that is tried. */
	row: Gateway;
	baseUrl: string;
	keys: Keys;
}

const TIMEOUT_MS = 60_000;

/**
 * A client of the service with these keys in this form. It tries every route, whatever the table says of it,
 * and takes only a clear answer for "there is no such task".
 */
export function connectTo(
	{ createClient }: Built,
	{ row, baseUrl, keys }: Target,
	authScheme: AuthScheme,
): ProbedService {
	const credentials = { provider: 'custom', baseUrl, authScheme, ...keys };
	const gateway: Gateway = {
		...row,
		baseUrl,
		listRoute: 'try',
		externalIdLookUp: 'trusted',
	};
	let last: Outcome | undefined;
	const adapter = createUndiciSend(credentials);
	const send: Send = async (request) => {
		last = await adapter(request);
		return last;
	};
	const service = { baseUrl, gateway, redact: (text: string) => text };
	const client = createClient(service, send, {
		now: Date.now,
		getTimeoutMs: TIMEOUT_MS,
	});
	return { client, send, last: () => last };
}

/** Keys of the same kind that no service knows. */
export function wrongKeys(keys: Keys): Keys {
	const wrong = 'probe-with-a-wrong-key-0000000000000000';
	return keys.authType === 'apiKey'
		? { authType: 'apiKey', apiKey: wrong }
		: { authType: 'accessKey', accessKey: wrong, secretKey: wrong };
}
