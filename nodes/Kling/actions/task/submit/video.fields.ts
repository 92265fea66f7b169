// What the video is, in the form of Submit: the model, and the fields that follow it.
import type { INodeProperties } from 'n8n-workflow';

import { AUTOMATIC_MODEL, hideFor, OMNI, OMNI_O1, OMNI_V3, show } from './images.fields';

const model: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	default: { mode: 'list', value: AUTOMATIC_MODEL, cachedResultName: 'Automatic' },
	required: true,
	description:
		'The model that makes the video. Automatic uses the one that your provider sells today. The fields below follow the model: the omni models take up to 7 images, first and last frames, more durations, several shots and sound.',
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
	displayOptions: show({ model: ['kling-v1-6'] }),
};

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

export const modelFields: INodeProperties[] = [model, retiredNotice];

export const videoFields: INodeProperties[] = [
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
