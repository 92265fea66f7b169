// When Submit shows a field (always, or by the model that is picked), and the form of its images.
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

const SUBMIT = { resource: ['task'], operation: ['submit'] };

/**
 * The omni family by the names of its models, free text included. Never by a regular expression:
 * n8n gives one 250 ms, and on a busy machine a run, or a resumed execution, dies of it.
 */
export const OMNI_V3 = [{ _cnd: { includes: 'omni' } }];
export const OMNI_O1 = [...'123456789'].map((digit) => ({ _cnd: { includes: `video-o${digit}` } }));
/** As in `api/models`, which a form does not load: n8n reads all forms at its start. */
export const AUTOMATIC_MODEL = 'auto';

/** The model that names no images. */
export const MULTI_IMAGE = 'kling-v1-6';
export const OMNI = [...OMNI_V3, ...OMNI_O1];

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

export const imageFields: INodeProperties[] = [
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
			'An array of URLs, of Base64 texts or of objects such as {"image": "…"}. A list of URLs separated by commas works too.',
		displayOptions: show({ imageInput: ['json'] }),
	},
];
