// The webhook at which the service wakes a sleeping execution up.
import type { IWebhookDescription } from 'n8n-workflow';

/**
 * A constant, not a literal in the node: it is no trigger, has no life cycle, and n8n's rule for
 * trigger webhooks would ask for one. `noData`, because n8n would answer "firstEntryJson" otherwise.
 */
export const resumeWebhooks: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		responseData: 'noData',
		path: '',
		restartWebhook: true,
	},
];
