// Asks the service for the task that a notification names: once per notification, few at a time, 10 s at most.
import type { IWebhookFunctions } from 'n8n-workflow';

import { createClient, type FetchOutcome, type KlingClient, type Send } from '../api/client';
import { resolveService } from '../api/gateways';
import { Limit } from '../api/limit';
import { families, type Family } from '../api/models';
import type { Task } from '../api/task';
import { clock } from '../host/clock';
import { createSend } from '../host/send';
import type { TriggerMemory } from './memory';

export type ServiceWord = FetchOutcome & { family: Family };

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
): Promise<ServiceWord | undefined> {
	const key = `${told.status}:${told.id}`;
	const underWay = memory.asking.get(key);
	if (underWay !== undefined) return await underWay;
	if (atATime.waiting >= MOST_WAITING) return undefined;
	const asked = atATime.run(
		async () => await askBothFamilies(await openClient(context), memory, told.id),
	);
	memory.asking.set(key, asked);
	try {
		return await asked;
	} finally {
		memory.asking.delete(key);
	}
}

/** A notification does not tell its endpoint, and each endpoint says "not found" of the other's tasks. */
async function askBothFamilies(
	client: KlingClient,
	memory: TriggerMemory,
	taskId: string,
): Promise<ServiceWord> {
	const likely = memory.likelyFamily;
	const first = await client.fetch(likely, taskId);
	if (first.kind !== 'missing') return { ...first, family: likely };
	const other = likely === families.omni ? families.multiImage : families.omni;
	const second = await client.fetch(other, taskId);
	if (second.kind === 'found') memory.likelyFamily = other;
	// Services without the other endpoint refuse the second question: then the first answer stands.
	return second.kind === 'missing' || second.kind === 'refused'
		? { ...first, family: likely }
		: { ...second, family: other };
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
