// Finds out whether a call comes from whoever was given the secret, by the node's Authentication field.
import type { IWebhookFunctions } from 'n8n-workflow';

import { readCredentials } from '../api/credentials';
import { checkSignature } from '../callbacks/signature';
import { isToken } from '../callbacks/token';
import { clock } from '../host/clock';
import type { IncomingRequest } from './body';
import type { TriggerSettings } from './settings';

/**
 * @param bytes the body as received
 * @returns undefined for a genuine call, otherwise a word for the log that says why it is refused
 * @throws when the credential cannot be read
 */
export async function refusalOf(
	context: IWebhookFunctions,
	{ authentication }: TriggerSettings,
	request: IncomingRequest,
	bytes: Uint8Array,
): Promise<string | undefined> {
	if (authentication === 'none') return undefined;
	const credentials = readCredentials(await context.getCredentials('klingApi'));
	if (authentication === 'token') {
		return isToken(request.query?.token, credentials.callbackToken) ? undefined : 'wrong token';
	}
	const { headers } = request;
	const verdict = checkSignature(
		bytes,
		{
			id: single(headers['webhook-id']),
			timestamp: single(headers['webhook-timestamp']),
			signature: single(headers['webhook-signature']),
		},
		credentials.callbackSecret,
		clock.now(),
	);
	return verdict.kind === 'genuine' ? undefined : verdict.why;
}

function single(header: string | string[] | undefined): string | undefined {
	return typeof header === 'string' ? header : undefined;
}
