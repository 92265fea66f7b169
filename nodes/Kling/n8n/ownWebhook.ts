// Lets a webhook node call the URL it was called at, in the same process: the way to start an execution later on.
import type { IWebhookFunctions } from 'n8n-workflow';

/** n8n answers late while many calls come at once: each costs it about 40 ms of CPU. */
const TIMEOUT_MS = 60_000;

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
			timeout: TIMEOUT_MS,
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
