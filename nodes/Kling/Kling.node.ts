// The action node: its description and the door to the operations, nothing else.
import type {
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeExecutionData,
	INodeListSearchResult,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { resumeWebhooks, taskProperties } from './actions/task/Task.resource';

/**
 * Programmatic, not declarative: it waits, sleeps, streams files and must decide about every answer.
 * What it does is loaded when it is first done: n8n loads all nodes at its start.
 */
export class Kling implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling AI',
		name: 'kling',
		icon: { light: 'file:../../icons/kling.svg', dark: 'file:../../icons/kling.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ { submit: "Submit multi-image video", get: "Get task", list: "List tasks" }[$parameter["operation"]] }}',
		description:
			'Make videos from reference images and a prompt with Kling, directly or through a gateway. Each submitted task is billed once.',
		defaults: { name: 'Kling AI' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'klingApi', required: true }],
		webhooks: resumeWebhooks,
		waitingNodeTooltip:
			'The execution sleeps, looks for the video from time to time, and goes on by itself. You can close this page.',
		properties: [
			{
				displayName: 'Resource',
				name: 'resource',
				type: 'options',
				noDataExpression: true,
				options: [{ name: 'Video Task', value: 'task' }],
				default: 'task',
			},
			...taskProperties,
		],
	};

	methods = {
		listSearch: {
			async searchModels(
				this: ILoadOptionsFunctions,
				filter?: string,
			): Promise<INodeListSearchResult> {
				const { searchModels } = await import('./actions/task/pickers');
				return await searchModels.call(this, filter);
			},
			async searchTasks(
				this: ILoadOptionsFunctions,
				filter?: string,
				paginationToken?: string,
			): Promise<INodeListSearchResult> {
				const { searchTasks } = await import('./actions/task/pickers');
				return await searchTasks.call(this, filter, paginationToken);
			},
		},
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { route } = await import('./actions/router');
		return await route(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const { answerCall } = await import('./actions/task/submit/asleep');
		return answerCall(this);
	}
}
