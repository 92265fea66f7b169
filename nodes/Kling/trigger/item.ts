// Makes the item that an execution starts with: the task as the action node gives it, with its file where wanted.
import type { IDataObject, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import { taskItem } from '../actions/output';
import { fetchVideo } from '../actions/videoBinary';
import type { KlingClient, Told } from '../api/client';
import { KlingApiError } from '../api/errors';
import type { Family } from '../api/models';
import { openClient } from './ask';
import { memoryOf } from './memory';
import type { TriggerSettings } from './settings';

/**
 * Never throws: the caller has its answer already. A file that cannot be had is a sentence in the
 * item, not the end of it: the task and its link are still good for the workflow.
 *
 * @param told.family where the service found the task; the likely one is taken where it was not asked
 */
export async function makeItem(
	context: IWebhookFunctions,
	{ options }: TriggerSettings,
	{ told, family = memoryOf(context).likelyFamily }: { told: Told; family?: Family },
): Promise<INodeExecutionData> {
	const json = taskItem(told, { simplify: options.simplify, family });
	if (!options.downloadVideo || told.task.status !== 'succeed') return { json };
	if (told.task.videos.length === 0) {
		return { json: withoutFile(json, 'The service gives no link to the video yet.') };
	}
	const file = await fetchVideo(context, await clientOrNone(context), family, told.task);
	return file.kind === 'stored'
		? { json, binary: { [options.outputFieldName]: file.binary } }
		: { json: withoutFile(json, `${file.message}. ${file.nextStep}`) };
}

function withoutFile(json: IDataObject, why: string): IDataObject {
	return { ...json, download_message: why };
}

/** Only an expired link needs the service; a trigger without a credential downloads all others. */
async function clientOrNone(context: IWebhookFunctions): Promise<KlingClient> {
	try {
		return await openClient(context);
	} catch {
		const refuse = async () => ({ kind: 'refused' as const, error: noCredential() });
		return { create: refuse, fetch: refuse, list: refuse };
	}
}

function noCredential(): KlingApiError {
	return new KlingApiError({
		category: 'auth',
		sendAgain: 'never',
		message: 'The trigger has no credential to ask the service with',
		nextStep: 'Choose a Kling API credential in the trigger node',
	});
}
