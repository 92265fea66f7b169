// The form of Submit Multi-Image Video: what is asked for, what happens then, and what may be added.
import type { INodeProperties } from 'n8n-workflow';

import {
	maxWaitField,
	outputFieldNameField,
	pollIntervalField,
	simplifyField,
} from '../../../tasks/shared.fields';
import {
	AUTOMATIC_MODEL,
	KLING_1_6,
	OF_SUBMIT,
	OMNI,
	OMNI_V3,
	requestFields,
	show,
} from './request.fields';

const afterSubmit: INodeProperties = {
	displayName: 'When Submitted',
	name: 'afterSubmit',
	type: 'options',
	options: [
		{
			name: 'Wait for the Video',
			value: 'wait',
			description: 'Carry on when the video is finished, usually after some minutes',
		},
		{
			name: 'Return the Task',
			value: 'return',
			description:
				'Carry on at once. Collect the video later with Get Task, or in a second workflow with the trigger.',
		},
	],
	default: 'wait',
	description:
		'Whether the workflow carries on with the finished video or at once. Every execution of this step makes and bills a new video: to build the next steps, pin the output.',
	displayOptions: show({ '@tool': [false] }),
};

/** An agent cannot be kept waiting for minutes. */
const afterSubmitOfTool: INodeProperties = {
	...afterSubmit,
	default: 'return',
	description:
		'Whether the agent gets the task at once or has to wait for the video. A wait may be longer than the agent is ready to wait; it can ask for the video with Get Task.',
	displayOptions: show({ '@tool': [true] }),
};

const downloadVideo: INodeProperties = {
	displayName: 'Download Video',
	name: 'downloadVideo',
	type: 'boolean',
	default: true,
	description:
		'Whether to put the finished MP4 into the output item, for the next step to use. The link to it is there in any case.',
	displayOptions: show({ afterSubmit: ['wait'] }),
};

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields',
	name: 'additionalFields',
	type: 'collection',
	placeholder: 'Add Field',
	default: {},
	displayOptions: show(),
	options: [
		{
			displayName: 'Additional Body Fields',
			name: 'additionalBodyFields',
			type: 'json',
			default: '{}',
			placeholder: 'e.g. {"cfg_scale": 0.5}',
			description:
				'A JSON object whose members are added to the request as they are, for what this form does not have. Members that the node sets itself cannot be replaced.',
		},
		{
			displayName: 'Callback URL',
			name: 'callbackUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/…/kling',
			description:
				'Where the service reports each change of the task, for example the production URL of a Kling AI Trigger. A wait is not called then, and asks the service every few minutes.',
		},
		{
			displayName: 'External Task ID',
			name: 'externalTaskId',
			type: 'string',
			default: '',
			placeholder: 'e.g. order-4711',
			description:
				'Your own ID for the task, at most 64 characters. The same ID with the same request is the same task: it is not paid again.',
		},
		{
			displayName: 'Negative Prompt',
			name: 'negativePrompt',
			type: 'string',
			typeOptions: { rows: 2 },
			default: '',
			placeholder: 'e.g. blurry, extra fingers, text',
			description: 'What the video must not show, at most 2500 characters',
			displayOptions: { show: OF_SUBMIT, hide: { '/model': ['', AUTOMATIC_MODEL, ...OMNI] } },
		},
		{
			displayName: 'Sound',
			name: 'sound',
			type: 'options',
			options: [
				{ name: 'Off', value: 'off' },
				{ name: 'On', value: 'on', description: 'The price may be higher' },
			],
			default: 'off',
			description: 'Whether the model makes sound with the picture',
			displayOptions: { show: { ...OF_SUBMIT, '/model': OMNI_V3 } },
		},
		{
			displayName: 'Watermark',
			name: 'watermark',
			type: 'boolean',
			default: false,
			description:
				'Whether to make a copy with a watermark as well. Its link is in the output; the download is the clean file.',
		},
	],
};

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: {},
	displayOptions: show(),
	options: [
		{
			displayName: 'Download Images First',
			name: 'fetchImages',
			type: 'boolean',
			default: false,
			description:
				'Whether n8n downloads the image URLs, checks them and sends the files. Turn it on for links that only your n8n can open.',
		},
		{
			displayName: 'Max Concurrent Requests',
			name: 'maxConcurrent',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 50 },
			default: 5,
			description:
				'How many submits run at the same time. When the plan has no free slot, items queue up by themselves.',
		},
		{
			displayName: 'Max New Tasks',
			name: 'maxNewTasks',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'How many tasks this node may pay for in one execution, loops and retries included. 0 means no limit.',
		},
		{
			...maxWaitField,
			description:
				'How long to wait for a video. The task goes on after that and can be collected with Get Task. Queueing for a free slot has the same limit once more.',
		},
		{
			displayName: 'Name Images in the Prompt',
			name: 'nameImages',
			type: 'boolean',
			default: true,
			description:
				'Whether to put @1, @2 … in front of a prompt that names no image. An omni model may ignore an image that the prompt does not name.',
			displayOptions: { show: OF_SUBMIT, hide: { '/model': [KLING_1_6] } },
		},
		{
			displayName: 'On Timeout',
			name: 'onTimeout',
			type: 'options',
			options: [
				{
					name: 'Stop With a Message',
					value: 'error',
					description: 'The item ends with the task ID and how to collect the video',
				},
				{
					name: 'Return the Task',
					value: 'return',
					description: 'The item carries on with what was last known, marked as timed_out',
				},
			],
			default: 'error',
			description: 'What to do when the video is not ready in time',
			displayOptions: { show: { '/afterSubmit': ['wait'] } },
		},
		{
			...pollIntervalField,
			description:
				'How often to ask the service when waiting by polling. The interval increases gradually.',
			displayOptions: { show: { '/afterSubmit': ['wait'] } },
		},
		{
			...outputFieldNameField,
			displayOptions: { show: { '/afterSubmit': ['wait'], '/downloadVideo': [true] } },
		},
		{
			displayName: 'Reuse a Task',
			name: 'reuse',
			type: 'options',
			options: [
				{
					name: 'Never',
					value: 'never',
					description: 'Every execution submits anew, also when n8n retries one that failed',
				},
				{
					name: 'Within the Execution',
					value: 'execution',
					description: 'Retries of this execution find the tasks that were paid for already',
				},
				{
					name: 'Within the Workflow',
					value: 'workflow',
					description:
						'Equal rows are one task, today and tomorrow. Image links that change on every run defeat this.',
				},
			],
			default: 'execution',
			description: 'When to use a task that was paid for before instead of a new one',
		},
		simplifyField,
		{
			displayName: 'Wait Using',
			name: 'waitUsing',
			type: 'options',
			options: [
				{
					name: 'Automatic',
					value: 'auto',
					description:
						'Sleeps without holding a worker. The service calls n8n where that is possible.',
				},
				{
					name: 'Callback',
					value: 'callback',
					description:
						'The same, and gives the service the address of this n8n also where it is private',
				},
				{
					name: 'Polling',
					value: 'poll',
					description: 'The execution stays active and asks from time to time',
				},
			],
			default: 'auto',
			description: 'How to wait for the video',
			displayOptions: { show: { '/afterSubmit': ['wait'] }, hide: { '@tool': [true] } },
		},
	],
};

export const submitFields: INodeProperties[] = [
	...requestFields,
	afterSubmit,
	afterSubmitOfTool,
	downloadVideo,
	additionalFields,
	options,
];
