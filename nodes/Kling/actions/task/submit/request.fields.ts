// The form of what Submit asks for: the model, its images, and the video; and when a field is shown, always or by the model.
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

const SUBMIT = { resource: ['task'], operation: ['submit'] };

/**
 * The omni family by the names of its models, free text included. Never by a regular expression:
 * n8n gives one 250 ms, and on a busy machine a run, or a resumed execution, dies of it.
 */
export const OMNI_V3 = [{ _cnd: { includes: 'omni' } }];
export const OMNI_O1 = [...'123456789'].map((digit) => ({ _cnd: { includes: `video-o${digit}` } }));
export const OMNI = [...OMNI_V3, ...OMNI_O1];

/* As in `api/models`, which a form does not load, because n8n reads all forms at its start. A test compares them. */
export const AUTOMATIC_MODEL = 'auto';
/** The model that names no images, and that is reported as retired. */
export const KLING_1_6 = 'kling-v1-6';

/** Stands before every look at the model's name: without one, n8n 1 breaks on `includes`. */
export const OF_SUBMIT = { '/operation': ['submit'] };

export const show = (more: IDisplayOptions['show'] = {}): IDisplayOptions => ({
	show: { ...SUBMIT, ...more },
});

/** @param models conditions on the name of the model, or names */
export const hideFor = (models: NonNullable<IDisplayOptions['hide']>[string]): IDisplayOptions => ({
	show: SUBMIT,
	hide: { model: models },
});

const model: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	// Not required: n8n's editor empties the picker when the credential changes while a field is being filled in.
	default: { mode: 'list', value: AUTOMATIC_MODEL, cachedResultName: 'Automatic' },
	description:
		'The model that makes the video. Automatic, or an empty field, uses the one that your provider sells today. The fields below follow the model: the omni models take up to 7 images, first and last frames, more durations, several shots and sound.',
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
		"Kling's partners report that Kling retired kling-v1-6 on 2026-09-15. If the 'Provider' of your credential is Kling AI, pick kling-v3-omni or kling-video-o1. Gateways may still sell kling-v1-6.",
	name: 'retiredModelNotice',
	type: 'notice',
	default: '',
	displayOptions: show({ model: [KLING_1_6] }),
};

/** What an image is given as comes first, what it is for last. */
const imageRow: INodeProperties[] = [
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
			"Must be reachable from the internet. For private links, turn on the option 'Download Images First'.",
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
	{
		displayName: 'Role',
		name: 'role',
		type: 'options',
		options: [
			{
				name: 'Reference',
				value: 'reference',
				description: 'Shows a person, a thing, a place or a style',
			},
			{
				name: 'First Frame',
				value: 'first_frame',
				description: 'The video begins with this image and has its shape',
			},
			{
				name: 'Last Frame',
				value: 'end_frame',
				description: 'The video ends with this image. Needs a first frame.',
			},
		],
		default: 'reference',
		description: 'What the image is for',
		displayOptions: { show: { ...OF_SUBMIT, '/model': OMNI } },
	},
];

const imageFields: INodeProperties[] = [
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
			'The people, things and places that the video shows: JPG or PNG, at most 10 MB, each side at least 300 pixels, aspect ratio between 1:2.5 and 2.5:1',
		displayOptions: show({ imageInput: ['fields'] }),
		options: [
			{
				displayName: 'Image',
				name: 'image',
				values: imageRow,
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
			'An array of URLs, of Base64 texts or of objects such as {"image": "…"}, for an omni model also {"image": "…", "type": "first_frame"} or "end_frame". A list of URLs separated by commas works too.',
		displayOptions: show({ imageInput: ['json'] }),
	},
];

const prompt: INodeProperties = {
	displayName: 'Prompt',
	name: 'prompt',
	type: 'string',
	typeOptions: { rows: 4 },
	default: '',
	required: true,
	placeholder: 'e.g. The woman puts on the red jacket and waves at the camera',
	description:
		'What happens in the video, at most 2500 characters. Name the people and things of the images and what they do.',
	displayOptions: hideFor(OMNI),
};

const omniPrompt: INodeProperties = {
	...prompt,
	placeholder: 'e.g. @1 puts on the jacket of @2 and waves at the camera',
	hint: 'Refer to the images as @1, @2 … in the order given above',
	displayOptions: { ...show({ model: OMNI }), hide: { shots: ['custom'] } },
};

const shots: INodeProperties = {
	displayName: 'Shots',
	name: 'shots',
	type: 'options',
	options: [
		{ name: 'One Shot', value: 'none', description: 'The video is not cut' },
		{
			name: 'Let the Model Decide',
			value: 'auto',
			description: 'The model cuts the prompt into shots by itself',
		},
		{
			name: 'Custom',
			value: 'custom',
			description: 'Give each shot a prompt and a length, 1 to 6 shots',
		},
	],
	default: 'none',
	description: 'Whether the video is one shot or is cut from several',
	displayOptions: show({ model: OMNI_V3 }),
};

const shotList: INodeProperties = {
	displayName: 'Shot List',
	name: 'shotList',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Shot', sortable: true },
	placeholder: 'Add Shot',
	default: { shot: [{ prompt: '', seconds: 5 }] },
	required: true,
	description: "1 to 6 shots, in order. Their seconds add up to 'Duration (Seconds)'.",
	displayOptions: show({ model: OMNI_V3, shots: ['custom'] }),
	options: [
		{
			displayName: 'Shot',
			name: 'shot',
			values: [
				{
					displayName: 'Prompt',
					name: 'prompt',
					type: 'string',
					typeOptions: { rows: 2 },
					default: '',
					placeholder: 'e.g. Close-up of @1, slowly turning',
					description: 'What happens in this shot, at most 512 characters',
				},
				{
					displayName: 'Seconds',
					name: 'seconds',
					type: 'number',
					typeOptions: { minValue: 1, maxValue: 15 },
					default: 5,
					description: 'How long this shot lasts',
				},
			],
		},
	],
};

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

const mode: INodeProperties = {
	displayName: 'Mode',
	name: 'mode',
	type: 'options',
	options: [standard, professional],
	default: 'std',
	description: 'The quality of the picture. The price follows it.',
	displayOptions: hideFor(OMNI_V3),
};

const modeOfV3: INodeProperties = {
	...mode,
	options: [standard, professional, best],
	displayOptions: show({ model: OMNI_V3 }),
};

const duration: INodeProperties = {
	displayName: 'Duration',
	name: 'duration',
	type: 'options',
	options: [
		{ name: '5 Seconds', value: '5' },
		{ name: '10 Seconds', value: '10' },
	],
	default: '5',
	description: 'How long the video is. The price follows it.',
	displayOptions: hideFor(OMNI),
};

/** An omni model takes any whole number of seconds up to its own limit. */
const durationUpTo = (maxValue: number, model: typeof OMNI): INodeProperties => ({
	displayName: 'Duration (Seconds)',
	name: 'duration',
	type: 'number',
	typeOptions: { minValue: 3, maxValue },
	default: 5,
	description: `How long the video is, 3 to ${maxValue} seconds. The price follows it.`,
	displayOptions: show({ model }),
});

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
	description:
		'The shape of the picture. Not sent with a first frame: the video then has the shape of that image.',
	displayOptions: show(),
};

const videoFields: INodeProperties[] = [
	shots,
	shotList,
	prompt,
	omniPrompt,
	mode,
	modeOfV3,
	duration,
	durationUpTo(15, OMNI_V3),
	durationUpTo(10, OMNI_O1),
	aspectRatio,
];

/** In the order in which a user thinks of them. */
export const requestFields: INodeProperties[] = [
	model,
	retiredNotice,
	...imageFields,
	...videoFields,
];
