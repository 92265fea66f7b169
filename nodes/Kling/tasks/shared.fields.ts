// Form fields and small choices that more than one operation shows.
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

export const familyOptions: INodePropertyOptions[] = [
	{
		name: 'Multi-Image (Kling 1.6)',
		value: 'multiImage',
		description: 'Tasks of the multi-image2video endpoint',
	},
	{
		name: 'Omni (Kling O1, Kling 3.0 Omni)',
		value: 'omni',
		description: 'Tasks of the omni-video endpoint',
	},
];

export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

export const outputFieldNameField: INodeProperties = {
	displayName: 'Put Output File in Field',
	name: 'outputFieldName',
	type: 'string',
	default: 'data',
	placeholder: 'e.g. data',
	hint: 'The name of the output field to put the video file in',
	description: 'The name of the output field that will hold the MP4',
};

export const maxWaitField: INodeProperties = {
	displayName: 'Max Wait (Minutes)',
	name: 'maxWaitMinutes',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 2 },
	default: 30,
	description:
		'How long to wait for a video. The task goes on after that and can be collected with Get Task.',
};

export const pollIntervalField: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollIntervalSeconds',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 10,
	description: 'How often to ask the service. The interval increases gradually.',
};
