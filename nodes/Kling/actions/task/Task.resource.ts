// The resource "Video Task": its operations, and the forms of all of them.
import type { INodeProperties } from 'n8n-workflow';

import { getFields } from './get.fields';
import { listFields } from './list.fields';
import { submitFields } from './submit/form.fields';

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
