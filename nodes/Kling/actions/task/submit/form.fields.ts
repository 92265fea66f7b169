// The form of Submit Multi-Image Video: what a user sees, in the order in which they think of it.
import type { INodeProperties } from 'n8n-workflow';
import { imageFields, show } from './images.fields';
import { optionFields } from './options.fields';
import { modelFields, videoFields } from './video.fields';

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

export const submitFields: INodeProperties[] = [
	...modelFields,
	...imageFields,
	...videoFields,
	afterSubmit,
	afterSubmitOfTool,
	downloadVideo,
	...optionFields,
];
