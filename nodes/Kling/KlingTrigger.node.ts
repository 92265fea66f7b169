// The trigger node: description and dispatch, nothing else.
import type {
	IHookFunctions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { triggerFields } from './trigger/trigger.fields';

const MODES =
	"This trigger has two URLs, under 'Webhook URLs'. <b>While you build</b>, execute this step and use the test URL: it takes one notification, within two minutes.";

/**
 * A service is told the URL with each task, so there is nothing to register anywhere.
 * What it does is loaded when it is first done: n8n loads all nodes at its start.
 */
export class KlingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling AI Trigger',
		name: 'klingTrigger',
		icon: { light: 'file:../../icons/kling.svg', dark: 'file:../../icons/kling.dark.svg' },
		group: ['trigger'],
		// Must stay 1 as long as the option `binaryData` is what keeps n8n from parsing the body.
		version: 1,
		subtitle: '={{ [$parameter["triggerOn"]].flat().join(", ").replace("succeed", "succeeded") }}',
		// The panel merges both nodes into one entry and shows this text there.
		description:
			'Make videos from reference images and a prompt, or start the workflow when a video is ready',
		eventTriggerDescription: 'Waiting for the service to call the test URL',
		activationMessage:
			"You can now submit tasks with the production URL of this trigger as their 'Callback URL'.",
		defaults: { name: 'Kling AI Trigger' },
		triggerPanel: {
			header: "Copy the URL under 'Webhook URLs' into 'Callback URL' of Submit Multi-Image Video",
			executionsHelp: {
				inactive: `${MODES}<br /> <br /> <b>For real use</b>, publish the workflow and use the production URL. Its executions show up in the executions list, not in the editor.`,
				active: `${MODES}<br /> <br /> <b>For real use</b>, use the production URL: the workflow is live. Its executions show up in the <a data-key="executions">executions list</a>, not in the editor.`,
			},
			activationHint:
				"Once the workflow is finished, publish it and give the production URL as 'Callback URL': it works without this button.",
		},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		// Not required: with Fetch Task off and no authentication nothing is asked and nothing is checked.
		credentials: [{ name: 'klingApi', required: false }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				responseData: 'noData',
				path: 'kling',
			},
		],
		properties: triggerFields,
	};

	webhookMethods = {
		default: {
			/** Always "no", so that `create` checks the settings each time the trigger goes live. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return false;
			},
			async create(this: IHookFunctions): Promise<boolean> {
				const { checkSetup } = await import('./trigger/settings');
				await checkSetup(this);
				this.logger.debug(
					`${this.getNode().name} listens at ${this.getNodeWebhookUrl('default') ?? 'its URL'}; nothing has to be registered at the service`,
				);
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				this.logger.debug(
					`${this.getNode().name} stops listening; tasks that name its URL will report in vain`,
				);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const { handleCall } = await import('./trigger/webhook');
		return await handleCall(this);
	}
}
