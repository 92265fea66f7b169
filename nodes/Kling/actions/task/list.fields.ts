// The form of List Tasks.
import type { INodeProperties } from 'n8n-workflow';

import { familyOptions, simplifyField } from '../../tasks/shared.fields';

const LIST = { resource: ['task'], operation: ['list'] };

export const listFields: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
		displayOptions: { show: LIST },
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		description: 'Max number of results to return',
		displayOptions: { show: { ...LIST, returnAll: [false] } },
	},
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		default: {},
		displayOptions: { show: LIST },
		options: [
			{
				displayName: 'Created After',
				name: 'createdAfter',
				type: 'dateTime',
				default: '',
				description: 'Only tasks that were submitted at or after this time',
			},
			{
				displayName: 'Created Before',
				name: 'createdBefore',
				type: 'dateTime',
				default: '',
				description: 'Only tasks that were submitted before this time',
			},
			{
				displayName: 'Model Family',
				name: 'family',
				type: 'options',
				options: [{ name: 'All', value: 'all' }, ...familyOptions],
				default: 'all',
				description: "Which of the service's two lists to read",
			},
			{
				displayName: 'Status',
				name: 'status',
				type: 'multiOptions',
				options: [
					{ name: 'Failed', value: 'failed' },
					{ name: 'Processing', value: 'processing' },
					{ name: 'Submitted', value: 'submitted' },
					{ name: 'Succeeded', value: 'succeed' },
				],
				default: [],
				description: 'Only tasks in one of these states. Leave empty for all.',
			},
		],
	},
	{ ...simplifyField, displayOptions: { show: LIST } },
];
