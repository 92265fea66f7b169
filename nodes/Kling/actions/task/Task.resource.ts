// The resource "Video Task": its operations with their forms, and the webhook at which the service calls a sleeping Submit.
import type { INodeProperties, IWebhookDescription } from 'n8n-workflow';

import { getFields } from './get.fields';
import { listFields } from './list.fields';
import { submitFields } from './submit/submit.fields';

export const taskProperties: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['task'] } },
		options: [
			{
				name: 'Submit Multi-Image Video',
				value: 'submit',
				action: 'Submit video from reference images',
				description:
					'Make a video from images and a prompt. Every submit is billed: do not repeat it for a video that is not ready, use Get Task.',
			},
			{
				name: 'Get Task',
				value: 'get',
				action: 'Get video task',
				description:
					'Look up one task by its ID: its status and, once finished, the link to the video. Costs nothing.',
			},
			{
				name: 'List Tasks',
				value: 'list',
				action: 'List video tasks',
				description: 'List the tasks of the account, newest first. Costs nothing.',
			},
		],
		default: 'submit',
	},
	...submitFields,
	...getFields,
	...listFields,
];

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
