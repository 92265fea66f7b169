// Asks the service for the task that a notification names: once per notification, few at a time, 10 s at most.
import type { IWebhookFunctions } from 'n8n-workflow';

import { findTask, type FindOutcome } from '../actions/task/findTask';
import { createClient, type KlingClient, type Send } from '../api/client';
import { resolveService } from '../api/gateways';
import { Limit } from '../api/limit';
import type { Task } from '../api/task';
import { clock } from '../host/clock';
import { createSend } from '../host/send';
import type { TriggerMemory } from './memory';

/** The sender waits for its answer meanwhile. */
const PATIENCE_MS = 10_000;
/** For all triggers of this process, so that a flood of notifications is none of requests. */
const atATime = new Limit(5);
/** With this many waiting, the last one would wait too long: its sender is asked to come back. */
const MOST_WAITING = 100;

/**
 * The service's word on a task. Calls for the same task and status that come meanwhile share it.
 *
 * @param told the task as the notification tells of it; only its id is believed
 * @returns undefined when too many questions wait already
 * @throws when the credential cannot be read
 */
export async function askService(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	told: Task,
): Promise<FindOutcome | undefined> {
	const key = `${told.status}:${told.id}`;
	const underWay = memory.asking.get(key);
	if (underWay !== undefined) return await underWay;
	if (atATime.waiting >= MOST_WAITING) return undefined;
	const asked = atATime.run(async () => await ask(await openClient(context), memory, told.id));
	memory.asking.set(key, asked);
	try {
		return await asked;
	} finally {
		memory.asking.delete(key);
	}
}

async function ask(
	client: KlingClient,
	memory: TriggerMemory,
	taskId: string,
): Promise<FindOutcome> {
	const word = await findTask(memory.likelyFamily, (family) => client.fetch(family, taskId));
	if (word.kind === 'found') memory.likelyFamily = word.family;
	return word;
}

/**
 * The client of the credential's service, with the patience of somebody who is being waited for:
 * all its requests together have 10 seconds from now on.
 *
 * @throws when the credential cannot be read
 */
export async function openClient(context: IWebhookFunctions): Promise<KlingClient> {
	const service = resolveService(await context.getCredentials('klingApi'));
	const send = impatient(createSend(context), clock.now() + PATIENCE_MS);
	return createClient(service, send, { now: clock.now });
}

function impatient(send: Send, deadlineMs: number): Send {
	return async (request) => {
		const leftMs = Math.max(1, deadlineMs - clock.now());
		return await send({ ...request, timeoutMs: Math.min(request.timeoutMs, leftMs) });
	};
}
