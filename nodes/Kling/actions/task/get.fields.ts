// The form of Get Task.
import type { INodeProperties } from 'n8n-workflow';

import {
	familyOptions,
	maxWaitField,
	outputFieldNameField,
	pollIntervalField,
	simplifyField,
} from '../../tasks/shared.fields';

const GET = { resource: ['task'], operation: ['get'] };

export const getFields: INodeProperties[] = [
	{
		displayName: 'Task',
		name: 'taskId',
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		required: true,
		description: 'The task to look up',
		displayOptions: { show: GET },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Choose a recent task…',
				typeOptions: { searchListMethod: 'searchTasks', searchable: true },
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. 867283741759111202',
				hint: 'The task_id in the output of Submit Multi-Image Video',
			},
			{
				displayName: 'By External ID',
				name: 'externalId',
				type: 'string',
				placeholder: 'e.g. order-4711',
				hint: 'Your own ID, or the external_task_id in the output of Submit. Not every gateway can look it up.',
			},
		],
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		displayOptions: { show: GET },
		options: [
			{
				displayName: 'Download Video',
				name: 'downloadVideo',
				type: 'boolean',
				default: false,
				description: 'Whether to put the MP4 of a finished task into the output item',
			},
			{ ...maxWaitField, displayOptions: { show: { waitUntilFinished: [true] } } },
			{
				displayName: 'Model Family',
				name: 'family',
				type: 'options',
				options: familyOptions,
				default: 'multiImage',
				description:
					'Where to look first. The other endpoint is tried when the task is not found there.',
			},
			{ ...pollIntervalField, displayOptions: { show: { waitUntilFinished: [true] } } },
			{ ...outputFieldNameField, displayOptions: { show: { downloadVideo: [true] } } },
			simplifyField,
			{
				displayName: 'Wait Until Finished',
				name: 'waitUntilFinished',
				type: 'boolean',
				default: false,
				description:
					'Whether to ask again until the video is finished. A task that fails then ends the item.',
			},
		],
	},
];
