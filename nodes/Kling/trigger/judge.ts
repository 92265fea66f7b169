// Judges a call to the trigger, step by step, the cheap steps first, until one of them decides.
import type { IWebhookFunctions } from 'n8n-workflow';

import type { Told } from '../api/client';
import type { Family } from '../api/models';
import { isFinished, type Task } from '../api/task';
import type { Judgement } from '../callbacks/answer';
import { readCallback } from '../callbacks/read';
import { askService } from './ask';
import { refusalOf } from './authenticate';
import { readBody, type IncomingRequest } from './body';
import { memoryOf, repetitionsOf } from './memory';
import type { TriggerSettings } from './settings';

export type Verdict =
	/** `family` is unknown while only the notification tells of the task. */
	| { judgement: 'started'; told: Told; family?: Family }
	/** `told` is the notification's word, which the service has not confirmed yet. */
	| { judgement: 'behind'; told: Told; note: string }
	/** `told` where the service was asked and did not answer: another question may help. */
	| { judgement: 'serviceUnavailable'; told?: Told; note: string }
	/** `note` is for the log: no secret, and of the call at most its task id. */
	| { judgement: Exclude<Judgement, 'started' | 'behind' | 'serviceUnavailable'>; note?: string };

/**
 * The service is asked last, and only about notifications that would start an execution: one
 * request for each at most, unless the task lives at the other of the two endpoints.
 *
 * @throws when the credential cannot be read
 */
export async function judge(
	context: IWebhookFunctions,
	settings: TriggerSettings,
): Promise<Verdict> {
	const request = context.getRequestObject() as unknown as IncomingRequest;
	const body = await readBody(request);
	if (body.kind === 'tooLarge') return { judgement: 'tooLarge' };
	const bytes = body.kind === 'bytes' ? body.bytes : new Uint8Array();
	const refusal = await refusalOf(context, settings, request, bytes);
	if (refusal !== undefined) return { judgement: 'notGenuine', note: refusal };

	const callback = readCallback(bytes);
	if (callback.kind === 'notACallback') return { judgement: 'notACallback', note: callback.why };
	if (callback.kind === 'testEvent') return { judgement: 'testEvent' };
	if (!settings.triggerOn.includes(callback.task.status)) return { judgement: 'unwanted' };

	const repetitions = repetitionsOf(context, settings);
	if (repetitions.has(callback.task)) return repeated(callback);
	if (settings.fetchTask) return await judgeByService(context, settings, callback);
	return repetitions.claim(callback.task)
		? { judgement: 'started', told: { task: callback.task, raw: callback.raw } }
		: repeated(callback);
}

/**
 * Of the notification only the id is believed: the service's word is what starts, or does not.
 *
 * @throws when the credential cannot be read
 */
export async function judgeByService(
	context: IWebhookFunctions,
	settings: TriggerSettings,
	callback: Told,
): Promise<Verdict> {
	const note = `task ${callback.task.id}`;
	const word = await askService(context, memoryOf(context), callback.task);
	if (word === undefined) {
		return { judgement: 'serviceUnavailable', note: `${note}: too many notifications at once` };
	}
	if (word.kind === 'missing') return { judgement: 'unknownTask', note };
	if (word.kind !== 'found') {
		const told = word.kind === 'transient' ? callback : undefined;
		return { judgement: 'serviceUnavailable', told, note: `${note}: ${word.error.facts.message}` };
	}
	const { task, raw, family } = word;
	if (isBehind(task, callback.task)) return { judgement: 'behind', told: callback, note };
	if (!settings.triggerOn.includes(task.status)) return { judgement: 'contradicted', note };
	return repetitionsOf(context, settings).claim(task)
		? { judgement: 'started', told: { task, raw }, family }
		: repeated(callback);
}

/** Gateways answer from a database of their own, which may be later than Kling's notification. */
function isBehind(task: Task, told: Task): boolean {
	if (isFinished(task)) return false;
	return isFinished(told) || (task.status === 'submitted' && told.status === 'processing');
}

function repeated({ task }: Told): Verdict {
	return { judgement: 'repeated', note: `task ${task.id}` };
}
