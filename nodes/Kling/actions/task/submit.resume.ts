// What happens when the service calls a sleeping execution: ask the API, and carry on when all is finished.
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { MAX_CALLBACK_BYTES, readCallback } from '../../callbacks/read';
import { abortAfter, clock } from '../../host/clock';
import { parkedMemory } from '../../host/memory';
import { settleResume } from '../../host/park';
import { ResumeGuard, type Resume, type ResumePorts } from '../../waiting/park';
import type { ResumeHint } from '../../waiting/parked';
import type { ItemOutcome } from '../outcome';
import { stopError, toItems } from '../router.output';
import { openDoor, type Door } from '../service';
import { finishItem } from './finish';
import { finishFactsOf, merge, readKept, SLEEP_MEMORY, type Kept } from './submit.sleep';
import { rememberDeliveredAsleep } from './submit.submitted';

type Finished = Extract<Resume, { resume: true }>['finished'];

const guard = new ResumeGuard();

/** A download is cut off so long before the deadline, so that the execution goes on with what is there. */
const TIMER_MARGIN_MS = 10_000;

/** What the caller is told; nothing of the execution is in it. */
const ANSWERED: IWebhookResponseData = { noWebhookResponse: true };

/**
 * Answers a call to the resume URL.
 *
 * Promises kept here:
 * - the body is no more than a hint: only the API's word resumes;
 * - the caller is answered before anything is downloaded;
 * - nothing is thrown: n8n would run the next nodes with an empty item and forget the earlier ones.
 */
export async function resumeSubmit(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const response = context.getResponseObject();
	try {
		const kept = readKept(parkedMemory(context, SLEEP_MEMORY)?.read());
		const door = await openDoor(context);
		const ports = portsOf(context, door);
		const resume = await guard.answer(context.getExecutionId(), kept?.state, hintOf(context), ports);
		if (kept === undefined || !resume.resume) {
			const { status, body } = 'answer' in resume ? resume.answer : { status: 200, body: 'ignored' };
			response.status(status).send(body);
			const isDoubted = 'doubted' in resume && resume.doubted === true;
			if (kept === undefined || !isDoubted) return ANSWERED;
			const later = await guard.askAgain(context.getExecutionId(), kept.state, ports);
			return later === undefined ? ANSWERED : await wakeUp(context, door, kept, later.finished);
		}
		response.status(200).send('resumed');
		return await wakeUp(context, door, kept, resume.finished);
	} catch (thrown) {
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		context.logger.warn(`A call to the resume URL could not be handled: ${why}`);
		if (!response.headersSent) response.status(503).send('try again later');
		return ANSWERED;
	}
}

function portsOf(context: IWebhookFunctions, { client, service }: Door): ResumePorts {
	const log = (line: string) => context.logger.info(line);
	return { client, gateway: service.gateway, clock, log };
}

/** n8n has read the body; its raw bytes keep every digit of a numeric id. */
function hintOf(context: IWebhookFunctions): ResumeHint {
	const { rawBody } = context.getRequestObject();
	const bytes = Buffer.isBuffer(rawBody) ? rawBody : Buffer.from(JSON.stringify(context.getBodyData() ?? {}));
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

async function wakeUp(
	context: IWebhookFunctions,
	{ client }: Door,
	kept: Kept,
	finished: Finished,
): Promise<IWebhookResponseData> {
	const { state } = kept;
	const patience = abortAfter(state.deadline - clock.now() - TIMER_MARGIN_MS);
	const collected = new Map<number, ItemOutcome>();
	for (const { item, told } of finished) {
		const waited = { kind: 'finished' as const, told };
		collected.set(item.item, await finishItem(context, client, waited, finishFactsOf(item), patience));
	}
	guard.handedOver(context.getExecutionId(), state, { clock });
	// The timer has resumed the execution then.
	if (clock.now() >= state.deadline) return ANSWERED;

	const outcomes = merge(kept.count, kept.done, (item) => collected.get(item) ?? { items: [] });
	const fault = kept.stopOnError ? stopError(context.getNode(), outcomes) : undefined;
	const settled = settleResume(context, fault);
	if (!settled && fault !== undefined) {
		context.logger.warn(`This n8n cannot stop a resumed workflow, so the next nodes run: ${fault.message}`);
	}
	if (fault === undefined) rememberDeliveredAsleep(context, kept.run, goodItems(outcomes));
	return { noWebhookResponse: true, workflowData: [toItems(outcomes)] };
}

function goodItems(outcomes: ItemOutcome[]): number[] {
	return outcomes.flatMap((outcome, item) => ('items' in outcome ? [item] : []));
}
