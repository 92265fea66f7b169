// The form of the trigger: what starts the workflow, who may call, and what the item holds.
import type { INodeProperties } from 'n8n-workflow';

import { outputFieldNameField, simplifyField } from '../tasks/shared.fields';

export const triggerFields: INodeProperties[] = [
	{
		displayName: 'Trigger On',
		name: 'triggerOn',
		type: 'multiOptions',
		required: true,
		options: [
			{
				name: 'Succeeded',
				value: 'succeed',
				action: 'On video ready',
				description: 'The video is ready to download',
			},
			{
				name: 'Failed',
				value: 'failed',
				action: 'On video task failed',
				description: 'The task ended without a video',
			},
			{
				name: 'Processing',
				value: 'processing',
				action: 'On video task processing',
				description: 'The service began to render',
			},
			{
				name: 'Submitted',
				value: 'submitted',
				action: 'On video task submitted',
				description: 'The service took the task',
			},
		],
		default: ['succeed', 'failed'],
	},
	{
		displayName: 'Authentication',
		name: 'authentication',
		type: 'options',
		options: [
			{ name: 'None', value: 'none', description: 'Accept calls from anybody who knows the URL' },
			{
				name: 'Signature',
				value: 'signature',
				description:
					"Accept calls that are signed with the credential's Callback Signing Secret. Kling signs, most gateways do not.",
			},
			{
				name: 'Token',
				value: 'token',
				description: "Accept calls whose URL ends in ?token= and the credential's Callback Token",
			},
		],
		default: 'none',
		description: 'How a call proves that it comes from the service',
	},
	{
		displayName: 'Fetch Task',
		name: 'fetchTask',
		type: 'boolean',
		default: true,
		description:
			'Whether to take only the task ID from a notification and ask the service for the rest. A forged notification then starts nothing.',
	},
	{
		displayName:
			"Anybody who knows the URL can start this workflow with made-up data and made-up links. Turn on 'Fetch Task', or set 'Authentication' to Token or Signature.",
		name: 'openNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { authentication: ['none'], fetchTask: [false] } },
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		// n8n leaves the body of a call alone only for nodes of version 1 with this option: it would
		// answer unreadable JSON itself, quoting it, and read bodies of any size.
		default: { binaryData: true },
		options: [
			{
				displayName: 'Binary Data',
				name: 'binaryData',
				type: 'hidden',
				default: true,
			},
			{
				displayName: 'Deduplicate',
				name: 'deduplicate',
				type: 'boolean',
				default: true,
				description:
					'Whether to start one execution per task and status, however often and in whatever order the notifications arrive',
			},
			{
				displayName: 'Download Video',
				name: 'downloadVideo',
				type: 'boolean',
				default: false,
				description: 'Whether to put the MP4 of a finished task into the output item',
			},
			{ ...outputFieldNameField, displayOptions: { show: { downloadVideo: [true] } } },
			simplifyField,
		],
	},
];
