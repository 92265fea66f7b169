// The webhook at which the service calls a sleeping execution.
import type { IWebhookDescription } from 'n8n-workflow';

/** A path of the node's own, so that a late call cannot resume another node that waits in the execution. */
export const RESUME_PATH = 'kling';

/** `noData`, because n8n would answer "firstEntryJson" otherwise. */
const webhook: IWebhookDescription = {
	name: 'default',
	httpMethod: 'POST',
	responseMode: 'onReceived',
	responseData: 'noData',
	path: RESUME_PATH,
	restartWebhook: true,
};

/**
 * A constant, not a literal in the node: it is no trigger, has no life cycle, and n8n's rule for
 * trigger webhooks would ask for one. Executions that version 0.1 put to sleep are called without a path.
 */
export const resumeWebhooks: IWebhookDescription[] = [webhook, { ...webhook, path: '' }];
