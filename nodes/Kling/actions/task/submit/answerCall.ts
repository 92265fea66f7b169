// What happens when the service calls a sleeping execution: it is woken up, or the call is ignored.
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { MAX_CALLBACK_BYTES, readCallback } from '../../../callbacks/read';
import { clock } from '../../../n8n/clock';
import { suspendedMemory } from '../../../n8n/memory';
import { wake } from '../../../n8n/sleep';
import { type CallHint, Calls, readSleeping } from '../../../waiting/suspended';
import { SLEEP_MEMORY } from './waitAsleep';

const calls = new Calls();

/**
 * Answers a call to the resume URL at once, from what is at hand: n8n holds about 10 MB for each call until then.
 * Never throws: n8n would run the next nodes with an empty item and forget the earlier ones.
 */
export function answerCall(context: IWebhookFunctions): IWebhookResponseData {
	const response = context.getResponseObject();
	const ignored: IWebhookResponseData = { noWebhookResponse: true };
	try {
		const run = readSleeping(suspendedMemory(context, SLEEP_MEMORY));
		const decision = calls.judge(context.getExecutionId(), run, hintOf(context), clock.now());
		response.status(200).send(decision === 'wake' ? 'resuming' : 'ignored');
		return decision === 'wake' ? { ...ignored, workflowData: wake(context) } : ignored;
	} catch (thrown) {
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		context.logger.warn(`A call to the resume URL could not be read: ${why}`);
		if (!response.headersSent) response.status(200).send('ignored');
		return ignored;
	}
}

/** n8n has read the body; its raw bytes keep every digit of a numeric id. */
function hintOf(context: IWebhookFunctions): CallHint {
	const { rawBody } = context.getRequestObject();
	const bytes = Buffer.isBuffer(rawBody)
		? rawBody
		: Buffer.from(JSON.stringify(context.getBodyData() ?? {}));
	if (bytes.length > MAX_CALLBACK_BYTES) return { kind: 'unreadable' };
	const callback = readCallback(bytes);
	switch (callback.kind) {
		case 'task': {
			const { id, externalId, status } = callback.task;
			return { kind: 'task', id, externalId, status };
		}
		case 'testEvent':
			return { kind: 'task', id: '', status: 'submitted' };
		case 'notACallback':
			return { kind: 'unreadable' };
	}
}
