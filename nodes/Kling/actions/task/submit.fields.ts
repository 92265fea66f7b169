// The form of Submit Multi-Image Video: what a user sees, in the order in which they think of it.
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import {
	maxWaitField,
	outputFieldNameField,
	pollIntervalField,
	simplifyField,
} from './shared.fields';

const SUBMIT = { resource: ['task'], operation: ['submit'] };

/**
 * The omni family by the names of its models, free text included. Never by a regular expression:
 * n8n gives one 250 ms, and on a busy machine a run, or a resumed execution, dies of it.
 */
const OMNI_V3 = [{ _cnd: { includes: 'omni' } }];
const OMNI_O1 = [...'123456789'].map((digit) => ({ _cnd: { includes: `video-o${digit}` } }));
const OMNI = [...OMNI_V3, ...OMNI_O1];

const show = (more: IDisplayOptions['show'] = {}): IDisplayOptions => ({
	show: { ...SUBMIT, ...more },
});
const notOmni: IDisplayOptions = { show: SUBMIT, hide: { model: OMNI } };
/** Stands before every look at the model's name: without one, n8n 1 breaks on `includes`. */
const OF_SUBMIT = { '/operation': ['submit'] };

const model: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	default: { mode: 'list', value: 'kling-v1-6', cachedResultName: 'Kling 1.6 (kling-v1-6)' },
	required: true,
	description:
		'The model that makes the video. The fields below follow it: the omni models take up to 7 images, more durations and sound.',
	displayOptions: show(),
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchModels', searchable: true },
		},
		{
			displayName: 'By Name',
			name: 'id',
			type: 'string',
			placeholder: 'e.g. kling-v3-omni',
			hint: 'Any model name your provider documents',
		},
	],
};

/** The provider stands in the credential, where no form can look: the words hold for all of them. */
const retiredNotice: INodeProperties = {
	displayName:
		"Kling's partners report that Kling retired kling-v1-6 on 2026-09-15. With a provider 'Kling AI' pick kling-v3-omni or kling-video-o1; gateways may still sell it.",
	name: 'retiredModelNotice',
	type: 'notice',
	default: '',
	displayOptions: show({ model: ['kling-v1-6'] }),
};

const images: INodeProperties[] = [
	{
		displayName: 'Image Input',
		name: 'imageInput',
		type: 'options',
		options: [
			{
				name: 'Using Fields Below',
				value: 'fields',
				description: 'Add the images one by one, each from a URL, a binary field or Base64',
			},
			{
				name: 'Using JSON',
				value: 'json',
				description: 'Give all images at once, for example from an earlier step',
			},
		],
		default: 'fields',
		description: 'How to give the reference images',
		displayOptions: show(),
	},
	{
		displayName: 'Images',
		name: 'images',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Image', sortable: true },
		placeholder: 'Add Image',
		default: { image: [{ source: 'url', url: '' }] },
		required: true,
		description:
			'The people, things and places that the video shows: JPG or PNG, at most 10 MB, each side at least 300 pixels, not narrower or wider than 1:2.5',
		displayOptions: show({ imageInput: ['fields'] }),
		options: [
			{
				displayName: 'Image',
				name: 'image',
				values: [
					{
						displayName: 'Source',
						name: 'source',
						type: 'options',
						options: [
							{ name: 'URL', value: 'url', description: 'A public link to the image' },
							{
								name: 'Binary Field',
								value: 'binary',
								description: 'An image that an earlier step loaded',
							},
							{ name: 'Base64', value: 'base64', description: 'The image as Base64 text' },
						],
						default: 'url',
						description: 'Where the image comes from',
					},
					{
						displayName: 'URL',
						name: 'url',
						type: 'string',
						default: '',
						placeholder: 'e.g. https://example.com/character.jpg',
						description:
							'Must be reachable from the internet. For private links, turn on the option \'Download Images First\'.',
						displayOptions: { show: { source: ['url'] } },
					},
					{
						displayName: 'Input Data Field Name',
						name: 'binaryPropertyName',
						type: 'string',
						default: 'data',
						placeholder: 'e.g. data or front,side or *',
						hint: 'Several names separated by commas, or * for all images of the item',
						description: 'The name of the input field that holds the image file',
						displayOptions: { show: { source: ['binary'] } },
					},
					{
						displayName: 'Base64',
						name: 'base64',
						type: 'string',
						typeOptions: { rows: 2 },
						default: '',
						placeholder: 'e.g. iVBORw0KGgoAAAANSUhEUg…',
						description: 'The file as Base64 text, with or without the data: prefix',
						displayOptions: { show: { source: ['base64'] } },
					},
				],
			},
		],
	},
	{
		displayName: 'Images (JSON)',
		name: 'imagesJson',
		type: 'json',
		default: '[]',
		required: true,
		placeholder: 'e.g. ["https://example.com/front.jpg", "https://example.com/side.jpg"]',
		description:
			'An array of URLs, of Base64 texts or of objects such as {"image": "…"}. A list of URLs separated by commas works too.',
		displayOptions: show({ imageInput: ['json'] }),
	},
];

const promptText =
	'What happens in the video, at most 2500 characters. Name the people and things of the images and what they do.';

const prompt: INodeProperties[] = [
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		required: true,
		placeholder: 'e.g. The woman puts on the red jacket and waves at the camera',
		description: promptText,
		displayOptions: notOmni,
	},
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		required: true,
		placeholder: 'e.g. @1 puts on the jacket of @2 and waves at the camera',
		hint: 'Refer to the images as @1, @2 … in the order given above',
		description: promptText,
		displayOptions: show({ model: OMNI }),
	},
];

const standard = {
	name: 'Standard',
	value: 'std',
	description: 'Faster and cheaper',
};
const professional = {
	name: 'Professional',
	value: 'pro',
	description: 'Better picture, costs more',
};
const best = { name: '4K', value: '4k', description: 'The largest picture, costs the most' };

const modes: INodeProperties[] = [
	{
		displayName: 'Mode',
		name: 'mode',
		type: 'options',
		options: [standard, professional],
		default: 'std',
		description: 'How much care, and money, goes into the picture',
		displayOptions: { show: SUBMIT, hide: { model: OMNI_V3 } },
	},
	{
		displayName: 'Mode',
		name: 'mode',
		type: 'options',
		options: [
			standard,
			professional,
			best,
		],
		default: 'std',
		description: 'How much care, and money, goes into the picture',
		displayOptions: show({ model: OMNI_V3 }),
	},
];

const durations: INodeProperties[] = [
	{
		displayName: 'Duration',
		name: 'duration',
		type: 'options',
		options: [
			{ name: '5 Seconds', value: '5' },
			{ name: '10 Seconds', value: '10' },
		],
		default: '5',
		description: 'How long the video is. The price follows it.',
		displayOptions: notOmni,
	},
	{
		displayName: 'Duration (Seconds)',
		name: 'duration',
		type: 'number',
		typeOptions: { minValue: 3, maxValue: 15 },
		default: 5,
		description: 'How long the video is, 3 to 15 seconds. The price follows it.',
		displayOptions: show({ model: OMNI_V3 }),
	},
	{
		displayName: 'Duration (Seconds)',
		name: 'duration',
		type: 'number',
		typeOptions: { minValue: 3, maxValue: 10 },
		default: 5,
		description: 'How long the video is, 3 to 10 seconds. The price follows it.',
		displayOptions: show({ model: OMNI_O1 }),
	},
];

const aspectRatio: INodeProperties = {
	displayName: 'Aspect Ratio',
	name: 'aspectRatio',
	type: 'options',
	options: [
		{ name: 'Landscape (16:9)', value: '16:9' },
		{ name: 'Portrait (9:16)', value: '9:16' },
		{ name: 'Square (1:1)', value: '1:1' },
	],
	default: '16:9',
	description: 'The shape of the picture',
	displayOptions: show(),
};

const afterSubmit: INodeProperties = {
	displayName: 'When Submitted',
	name: 'afterSubmit',
	type: 'options',
	options: [
		{
			name: 'Return the Task',
			value: 'return',
			description: 'Carry on at once. Collect the video later with Get Task or the trigger.',
		},
		{
			name: 'Wait for the Video',
			value: 'wait',
			description: 'Carry on when the video is finished, usually after some minutes',
		},
	],
	default: 'return',
	description: 'Whether the workflow carries on at once or with the finished video',
	displayOptions: show(),
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
			displayName: 'Callback URL',
			name: 'callbackUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/…/kling',
			description:
				'Where the service reports each change of the task, for example the production URL of a Kling AI Trigger. A wait then asks the service from time to time instead of being called.',
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
			displayOptions: { show: OF_SUBMIT, hide: { '/model': OMNI } },
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
			displayName: 'Download Video',
			name: 'downloadVideo',
			type: 'boolean',
			default: false,
			description:
				'Whether to put the finished MP4 into the output item, for the next step to use. Needs \'Wait for the Video\'.',
			displayOptions: { show: { '/afterSubmit': ['wait'] } },
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
			description: 'How often to ask the service when waiting by polling. It grows slowly.',
			displayOptions: { show: { '/afterSubmit': ['wait'] } },
		},
		{
			...outputFieldNameField,
			displayOptions: { show: { '/afterSubmit': ['wait'], downloadVideo: [true] } },
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
					description: 'Callback where this n8n can be reached from the internet, else polling',
				},
				{
					name: 'Callback',
					value: 'callback',
					description: 'The execution sleeps and costs nothing until the service calls',
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
	model,
	retiredNotice,
	...images,
	...prompt,
	...modes,
	...durations,
	aspectRatio,
	afterSubmit,
	additionalFields,
	options,
];
