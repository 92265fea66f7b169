// Checks, before a trigger goes live, that what its settings need is there.
import type { IHookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { readCredentials, type KlingCredentials } from '../api/credentials';
import { readSettings, type TriggerSettings } from './settings';

interface Gap {
	message: string;
	description: string;
}

/**
 * Without this a trigger would go live and then answer 401 or 503 to every notification.
 *
 * @throws NodeOperationError that says what is missing and where to put it
 */
export async function checkSetup(context: IHookFunctions): Promise<void> {
	const settings = readSettings(context);
	if (!settings.fetchTask && settings.authentication === 'none') return;
	const gap = gapIn(settings, await credentialsOf(context));
	if (gap === undefined) return;
	throw new NodeOperationError(context.getNode(), gap.message, { description: gap.description });
}

async function credentialsOf(context: IHookFunctions): Promise<KlingCredentials | undefined> {
	if (context.getNode().credentials?.klingApi === undefined) return undefined;
	return readCredentials(await context.getCredentials('klingApi'));
}

function gapIn(
	{ authentication }: TriggerSettings,
	credentials?: KlingCredentials,
): Gap | undefined {
	if (credentials === undefined) {
		return {
			message: 'The trigger needs a Kling API credential',
			description:
				"Choose one in the node. Only with 'Fetch Task' off and 'Authentication' set to 'None' it works without.",
		};
	}
	if (authentication === 'token' && credentials.callbackToken.trim() === '') {
		return {
			message: "The credential has no 'Callback Token'",
			description: 'Put a long random text into that field, and append it to the URL as ?token=….',
		};
	}
	if (authentication === 'signature' && credentials.callbackSecret.trim() === '') {
		return {
			message: "The credential has no 'Callback Signing Secret'",
			description: "Create a webhook secret in the service's console and put it into that field.",
		};
	}
	return undefined;
}
