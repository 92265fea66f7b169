// Handles one call to the trigger: classifies it, answers it, and starts the execution or leaves the rest to a follow-up.
import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import type { KlingClient } from '../api/client';
import { KlingApiError } from '../api/errors/error';
import { fetchVideo } from '../tasks/finish';
import { taskItem } from '../tasks/output';
import {
	answerTo,
	type CallResult,
	classify,
	confirmationOf,
	type Classification,
	type Confirmation,
} from './classification';
import {
	deduplicationOf,
	StartedTasks,
	type Deduplication,
	type NotifiedTask,
} from './deduplication';
import { checkOwnCalls, FollowUps, takeTicket, type Confirmed, type Ticket } from './followUp';
import { readSettings, type TriggerSettings } from './settings';
import { openClient, StatusFetcher, withDeadline } from './statusFetcher';

/**
 * How many calls of this process may wait inside `webhook()`, for the service's word (10 seconds at most)
 * or a download. n8n keeps about 10 MB for each: with the five own calls of `followUp.ts` 250 MB in all.
 */
const MOST_WAITING_CALLS = 20;
/** The largest notification that is kept whole for a follow-up, in bytes; real ones have about 1 kB. */
const LARGEST_KEPT = 64 * 1024;
/** How long a sender should stay away after a 503, in seconds. */
const RETRY_AFTER_S = '30';

const NOTHING_TO_START: IWebhookResponseData = { noWebhookResponse: true };

let waitingCalls = 0;

/** What this process knows of one trigger between two calls; n8n makes everything else anew for every call. */
interface Trigger {
	started: StartedTasks;
	fetcher: StatusFetcher;
	followUps: FollowUps;
}

const triggers = new Map<string, Trigger>();

/** One call, with what is known of it from the start. */
interface Call {
	context: IWebhookFunctions;
	settings: TriggerSettings;
	trigger: Trigger;
	deduplication: Deduplication;
}

/** The part of n8n's response object that an answer needs. */
interface OutgoingResponse {
	headersSent?: boolean;
	status(code: number): OutgoingResponse;
	set(headers: Record<string, string>): OutgoingResponse;
	end(body: string): unknown;
}

/**
 * Never throws: n8n would start an execution with an empty item then.
 *
 * The answer is given here and not by n8n: n8n saves static data, which holds what was started, only
 * where the answer is out before it starts the execution, and a download must not keep the caller.
 */
export async function handleCall(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const ticket = takeTicket(context);
	try {
		const settings = readSettings(context);
		const trigger = triggerOf(context);
		const deduplication = deduplicationOf(context, settings, trigger.started);
		const call: Call = { context, settings, trigger, deduplication };
		if (ticket !== undefined) return await handleOwnCall(call, ticket);
		// Early, so that the answer is there when many calls come.
		checkOwnCalls(context);
		const classification = await classify(context, settings);
		if (classification.kind === 'notification')
			return await handleNotification(call, classification);
		reply(context, classification.result, classification.note);
	} catch (thrown) {
		// Where a setting or the credential cannot be read, the sender may come back once that is mended.
		reply(context, 'serviceUnavailable', thrown instanceof Error ? thrown.message : undefined);
	} finally {
		ticket?.end();
	}
	return NOTHING_TO_START;
}

async function handleOwnCall(call: Call, { confirmed }: Ticket): Promise<IWebhookResponseData> {
	if (confirmed !== undefined) return await settle(call, confirmed, confirmed.snapshot.task);
	reply(call.context, 'repeated', 'the trigger called itself');
	return NOTHING_TO_START;
}

async function handleNotification(
	call: Call,
	notification: Extract<Classification, { kind: 'notification' }>,
): Promise<IWebhookResponseData> {
	const { context, settings } = call;
	const { snapshot } = notification;
	if (call.deduplication.has(snapshot.task)) {
		reply(context, 'repeated', `task ${snapshot.task.id}`);
		return NOTHING_TO_START;
	}
	const trusted: Confirmed | undefined = settings.fetchTask
		? undefined
		: { kind: 'confirmed', snapshot };
	const hasToWait = trusted === undefined || wantsFile(settings, snapshot.task);
	if (!hasToWait || context.getMode() === 'manual') {
		return await settle(call, trusted ?? (await ask(call, snapshot.task)), snapshot.task);
	}
	if (waitingCalls >= MOST_WAITING_CALLS) return defer(call, notification, trusted);
	waitingCalls += 1;
	try {
		return await settle(call, trusted ?? (await ask(call, snapshot.task)), snapshot.task);
	} finally {
		waitingCalls -= 1;
	}
}

/**
 * Ends a call that may not wait: its notification is followed up, and starts its execution later. Until an
 * own call has arrived the sender is asked to come again, in case none does.
 */
function defer(
	{ context, settings, trigger }: Call,
	{ snapshot, bytes }: Extract<Classification, { kind: 'notification' }>,
	confirmed?: Confirmed,
): IWebhookResponseData {
	const task = { id: snapshot.task.id, status: snapshot.task.status };
	const ownCalls = checkOwnCalls(context);
	const isTaken =
		ownCalls?.isCallable !== false &&
		(confirmed === undefined || bytes <= LARGEST_KEPT) &&
		trigger.followUps.takeOver(context, settings, task, { confirmed, isAsked: false });
	const isSure = isTaken && ownCalls?.isCallable === true;
	reply(context, isSure ? 'deferred' : 'serviceUnavailable', `task ${task.id}: many calls at once`);
	return NOTHING_TO_START;
}

async function ask(call: Call, task: NotifiedTask): Promise<Confirmation> {
	const { context, settings, trigger } = call;
	const answer = trigger.fetcher.fetch(context, task);
	return await withDeadline(
		answer.then((outcome) => confirmationOf(outcome, task, settings)),
		({ message }) => ({ kind: 'transient', why: message }),
	);
}

/** Answers by what is known of a notification, and starts the execution where all is well. */
async function settle(
	call: Call,
	confirmation: Confirmation,
	notified: NotifiedTask,
): Promise<IWebhookResponseData> {
	const { context, settings, trigger } = call;
	const result = resultOf(call, confirmation);
	reply(context, result, noteOf(confirmation, notified));
	if (confirmation.kind === 'confirmed') {
		return result === 'started' ? await start(call, confirmation) : NOTHING_TO_START;
	}
	if (!needsFollowUp(confirmation, settings)) return NOTHING_TO_START;
	const task = { id: notified.id, status: notified.status };
	if (await checkOwnCalls(context)?.callable) {
		trigger.followUps.takeOver(context, settings, task, { isAsked: true });
		return NOTHING_TO_START;
	}
	const later = await trigger.followUps.confirmHere(context, settings, task);
	if (later === undefined) return NOTHING_TO_START;
	logConfirmation(context, later, task);
	return later.kind === 'confirmed' && resultOf(call, later) === 'started'
		? await start(call, later)
		: NOTHING_TO_START;
}

/**
 * Not every sender comes back after a 503. Where one does, *Deduplicate* keeps it from starting the
 * same again; without it the sender's own repetition has to do.
 */
function needsFollowUp(confirmation: Confirmation, { options }: TriggerSettings): boolean {
	if (confirmation.kind === 'stale') return true;
	return confirmation.kind === 'transient' && options.deduplicate;
}

/** Claims the right to start where the notification is confirmed. */
function resultOf({ deduplication }: Call, confirmation: Confirmation): CallResult {
	if ('why' in confirmation) return 'serviceUnavailable';
	if (confirmation.kind !== 'confirmed') return confirmation.kind;
	return deduplication.claim(confirmation.snapshot.task) ? 'started' : 'repeated';
}

async function start(call: Call, confirmed: Confirmed): Promise<IWebhookResponseData> {
	const item = await makeItem(call, confirmed);
	call.deduplication.save();
	return { noWebhookResponse: true, workflowData: [[item]] };
}

/**
 * Makes the item that an execution starts with: the task as the action node gives it, with its file where wanted.
 *
 * Never throws: the caller has its answer already. A file that cannot be had is a sentence in the
 * item, not the end of it: the task and its link are still good for the workflow.
 */
async function makeItem(
	{ context, settings, trigger }: Call,
	{ snapshot, family = trigger.fetcher.likelyFamily }: Confirmed,
): Promise<INodeExecutionData> {
	const { options } = settings;
	const json = taskItem(snapshot, { simplify: options.simplify, family });
	if (!wantsFile(settings, snapshot.task)) return { json };
	if (snapshot.task.videos.length === 0) {
		return { json: withoutFile(json, 'The service gives no link to the video yet.') };
	}
	const file = await fetchVideo(context, await clientOrNone(context), family, snapshot.task);
	return file.kind === 'stored'
		? { json, binary: { [options.outputFieldName]: file.binary } }
		: { json: withoutFile(json, `${file.message}. ${file.description}`) };
}

function wantsFile({ options }: TriggerSettings, { status }: NotifiedTask): boolean {
	return options.downloadVideo && status === 'succeed';
}

function withoutFile(json: IDataObject, why: string): IDataObject {
	return { ...json, download_message: why };
}

/** Only an expired link needs the service; a trigger without a credential downloads all others. */
async function clientOrNone(context: IWebhookFunctions): Promise<KlingClient> {
	try {
		return await openClient(context);
	} catch {
		const error = new KlingApiError({
			category: 'auth',
			sendAgain: 'never',
			message: 'The trigger has no credential to ask the service with',
			description: 'Choose a Kling API credential in the trigger node',
		});
		const refuse = async () => ({ kind: 'refused' as const, error });
		return { create: refuse, fetch: refuse, list: refuse };
	}
}

/** What is known of the trigger that is being called; lives as long as the process. */
function triggerOf(context: IWebhookFunctions): Trigger {
	const key = `${context.getWorkflow().id ?? ''}/${context.getNode().id}`;
	const known = triggers.get(key);
	if (known !== undefined) return known;
	const fetcher = new StatusFetcher();
	const trigger: Trigger = {
		started: new StartedTasks(),
		fetcher,
		followUps: new FollowUps(fetcher, logConfirmation),
	};
	triggers.set(key, trigger);
	return trigger;
}

/** Answers the call and logs its result; a second answer to the same call is left out. */
function reply(context: IWebhookFunctions, result: CallResult, note?: string): void {
	log(context, 'a call', result, note);
	const { status, word } = answerTo(result);
	const response = context.getResponseObject() as unknown as OutgoingResponse;
	if (response.headersSent === true) return;
	response
		.status(status)
		.set({ 'Content-Type': 'text/plain; charset=utf-8' })
		.set(status === 503 ? { 'Retry-After': RETRY_AFTER_S } : {})
		.end(word);
}

function logConfirmation(
	context: IWebhookFunctions,
	confirmation: Confirmation,
	task: NotifiedTask,
): void {
	const result = 'why' in confirmation ? 'serviceUnavailable' : confirmation.kind;
	log(context, 'a notification, asked about again,', result, noteOf(confirmation, task));
}

function noteOf(confirmation: Confirmation, { id }: NotifiedTask): string {
	return 'why' in confirmation ? `task ${id}: ${confirmation.why}` : `task ${id}`;
}

const LEVELS: Partial<Record<string, 'info' | 'warn'>> = {
	notACallback: 'info',
	notGenuine: 'info',
	serviceUnavailable: 'warn',
};

function log(context: IWebhookFunctions, what: string, result: string, note = ''): void {
	const level = LEVELS[result] ?? 'debug';
	context.logger[level](
		`${context.getNode().name}: ${what} was classified as "${result}"${note === '' ? '' : `, ${note}`}`,
	);
}
