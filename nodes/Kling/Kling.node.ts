// The action node: its description and the door to the operations, nothing else.
import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { resumeWebhooks } from './actions/resumeWebhook';
import { route } from './actions/router';
import { searchModels } from './actions/task/modelPicker';
import { resumeSubmit } from './actions/task/submit.resume';
import { searchTasks } from './actions/task/taskPicker';
import { taskProperties } from './actions/task/Task.resource';

/** Programmatic, not declarative: it waits, parks, streams files and must decide about every answer. */
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
			'The execution sleeps until the service reports that the video is finished. No worker is held meanwhile.',
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

	methods = { listSearch: { searchModels, searchTasks } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await route(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resumeSubmit(this);
	}
}
