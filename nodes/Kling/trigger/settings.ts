// The trigger's parameters, read through a schema, and the check of them before the trigger goes live.
import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { z } from 'zod';

import { weakSecretIssue, readCredentials, type KlingCredentials } from '../api/auth';
import type { Issue } from '../api/errors/error';
import { taskStatus } from '../api/task';

const settingsSchema = z.object({
	triggerOn: z.array(taskStatus),
	authentication: z.enum(['none', 'token', 'signature']),
	fetchTask: z.boolean(),
	options: z.object({
		deduplicate: z.boolean().default(true),
		downloadVideo: z.boolean().default(false),
		outputFieldName: z.string().min(1).default('data'),
		simplify: z.boolean().default(true),
	}),
});

export type TriggerSettings = z.infer<typeof settingsSchema>;

/** @throws ZodError when an expression gives a value that a field does not take */
export function readSettings(context: IHookFunctions | IWebhookFunctions): TriggerSettings {
	return settingsSchema.parse({
		triggerOn: context.getNodeParameter('triggerOn'),
		authentication: context.getNodeParameter('authentication'),
		fetchTask: context.getNodeParameter('fetchTask'),
		options: context.getNodeParameter('options', {}),
	});
}

/**
 * Without this check a trigger would go live and then answer 401 or 503 to every notification.
 *
 * @throws NodeOperationError that says what is missing and where to put it
 */
export async function checkSetup(context: IHookFunctions): Promise<void> {
	const settings = readSettings(context);
	if (!settings.fetchTask && settings.authentication === 'none') return;
	const issue = setupIssue(settings, await credentialsOf(context));
	if (issue === undefined) return;
	throw new NodeOperationError(context.getNode(), issue.message, {
		description: issue.description,
	});
}

async function credentialsOf(context: IHookFunctions): Promise<KlingCredentials | undefined> {
	if (context.getNode().credentials?.klingApi === undefined) return undefined;
	return readCredentials(await context.getCredentials('klingApi'));
}

function setupIssue(
	{ authentication }: TriggerSettings,
	credentials?: KlingCredentials,
): Issue | undefined {
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
	if (authentication !== 'signature') return undefined;
	if (credentials.callbackSecret.trim() === '') {
		return {
			message: "The credential has no 'Callback Signing Secret'",
			description: "Create a webhook secret in the service's console and put it into that field.",
		};
	}
	return weakSecretIssue(credentials.callbackSecret);
}
