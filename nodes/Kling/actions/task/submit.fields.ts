// The form of Submit Multi-Image Video: what a user sees, in the order in which they think of it.
import type { INodeProperties } from 'n8n-workflow';

import { show } from './submit.display';
import { imageFields } from './submit.images.fields';
import { optionFields } from './submit.options.fields';
import { modelFields, videoFields } from './submit.video.fields';

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

export const submitFields: INodeProperties[] = [
	...modelFields,
	...imageFields,
	...videoFields,
	afterSubmit,
	...optionFields,
];
