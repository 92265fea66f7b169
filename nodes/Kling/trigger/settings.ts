// Reads the trigger's parameters through a schema, so that no cast is needed after it.
import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

const settingsSchema = z.object({
	triggerOn: z.array(z.enum(['submitted', 'processing', 'succeed', 'failed'])),
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
