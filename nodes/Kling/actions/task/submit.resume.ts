// What happens when the service calls a sleeping execution.
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

export async function resumeSubmit(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	context.getResponseObject().status(200).end();
	return { noWebhookResponse: true };
}
