// Classifies a call to the trigger, the cheap checks first (its body, its sender, its status, last the service's word), and says what each result is answered.
import type { IWebhookFunctions } from 'n8n-workflow';

import type { TaskSnapshot } from '../api/client';
import { readCredentials } from '../api/auth';
import { isBareNotFound } from '../api/errors/error';
import type { Family } from '../api/models';
import { isFinished, type Task } from '../api/task';
import { MAX_CALLBACK_BYTES, readCallback } from '../callbacks/read';
import { checkSignature, isToken } from '../callbacks/signature';
import { clock } from '../n8n/clock';
import type { FindOutcome } from '../tasks/readTasks';
import type { TriggerSettings } from './settings';

/** How a call to the trigger was classified. */
export type CallResult =
	| 'started'
	/** Asked about and started after the answer, because enough calls wait for the service already. */
	| 'deferred'
	/** An execution was started for this task and status before. */
	| 'repeated'
	/** The user did not choose this status. */
	| 'filtered'
	/** The service says that the task is in another state, which starts nothing. */
	| 'notConfirmed'
	/** The service's record is older than the notification: it is asked again after the answer. */
	| 'stale'
	/** The console's "test" button. */
	| 'testEvent'
	/** The service does not know the task: a forgery, or another account's. */
	| 'missing'
	| 'notACallback'
	| 'notGenuine'
	| 'tooLarge'
	| 'serviceUnavailable';

interface Answer {
	status: 200 | 400 | 401 | 413 | 503;
	/** A short word, the same for every call with this result. */
	word: string;
}

const ACCEPTED: Answer = { status: 200, word: 'accepted' };
const IGNORED: Answer = { status: 200, word: 'ignored' };

/**
 * Only 503 asks for another try: a sender that retries then does, and nothing is lost. Whatever
 * another try cannot change is 200, so that a sender does not repeat it or switch the URL off.
 */
const ANSWERS: Record<CallResult, Answer> = {
	started: ACCEPTED,
	deferred: ACCEPTED,
	repeated: IGNORED,
	filtered: IGNORED,
	notConfirmed: IGNORED,
	stale: IGNORED,
	testEvent: IGNORED,
	missing: IGNORED,
	notACallback: { status: 400, word: 'not a callback' },
	notGenuine: { status: 401, word: 'not authorized' },
	tooLarge: { status: 413, word: 'too large' },
	serviceUnavailable: { status: 503, word: 'try again later' },
};

/** The HTTP answer for a result. */
export function answerTo(result: CallResult): Answer {
	return ANSWERS[result];
}

/** What n8n adds to the request: the raw bytes, once they were read, and a way to read them. */
interface IncomingRequest {
	headers: Record<string, string | string[] | undefined>;
	query?: Record<string, unknown>;
	rawBody?: Uint8Array;
	readRawBody?: () => Promise<void>;
}

type Body = { kind: 'bytes'; bytes: Uint8Array } | { kind: 'tooLarge' } | { kind: 'unreadable' };

export type Classification =
	/** A notification that the user wants; whether it is true is not known yet. */
	| { kind: 'notification'; snapshot: TaskSnapshot; bytes: number }
	/** `note` is for the log: no secret, and of the call at most its task id. */
	| { kind: 'settled'; result: CallResult; note?: string };

/** What the service says of a notification. */
export type Confirmation =
	| { kind: 'confirmed'; snapshot: TaskSnapshot; family?: Family }
	/** The service's record is older than the notification: another question may help. */
	| { kind: 'stale' }
	| { kind: 'notConfirmed' }
	| { kind: 'missing' }
	/** The service gave no answer that tells of the task; asking again later may help, or not (`refused`). */
	| { kind: 'transient' | 'refused'; why: string };

/** @throws when the credential cannot be read */
export async function classify(
	context: IWebhookFunctions,
	settings: TriggerSettings,
): Promise<Classification> {
	const request = context.getRequestObject() as unknown as IncomingRequest;
	const body = await readBody(request);
	if (body.kind === 'tooLarge') return settled('tooLarge');
	const bytes = body.kind === 'bytes' ? body.bytes : new Uint8Array();
	const refusal = await refusalOf(context, settings, request, bytes);
	if (refusal !== undefined) return settled('notGenuine', refusal);

	const callback = readCallback(bytes);
	if (callback.kind === 'notACallback') return settled('notACallback', callback.why);
	if (callback.kind === 'testEvent') return settled('testEvent');
	if (!settings.triggerOn.includes(callback.task.status)) return settled('filtered');
	return {
		kind: 'notification',
		snapshot: { task: callback.task, raw: callback.raw },
		bytes: bytes.byteLength,
	};
}

/**
 * Compares the service's record with a notification, of which only the id is believed.
 *
 * @param outcome what the service answered for the notification's id
 */
export function confirmationOf(
	outcome: FindOutcome,
	notified: Pick<Task, 'status'>,
	{ triggerOn }: TriggerSettings,
): Confirmation {
	if (outcome.kind === 'missing') return { kind: 'missing' };
	if (outcome.kind !== 'found') {
		const { kind, error } = outcome;
		return { kind: isBareNotFound(error) ? 'transient' : kind, why: error.facts.message };
	}
	const { task, raw, family } = outcome;
	if (isStale(task, notified)) return { kind: 'stale' };
	if (!triggerOn.includes(task.status)) return { kind: 'notConfirmed' };
	return { kind: 'confirmed', snapshot: { task, raw }, family };
}

/** Gateways answer from a database of their own, which may be later than Kling's notification. */
function isStale(record: Task, notified: Pick<Task, 'status'>): boolean {
	if (isFinished(record)) return false;
	if (isFinished(notified)) return true;
	return record.status === 'submitted' && notified.status === 'processing';
}

/**
 * The length that the sender announces is compared before anything is read. A body sent without one
 * is read up to n8n's own limit (16 MB unless set otherwise). Never throws.
 */
async function readBody(request: IncomingRequest): Promise<Body> {
	if (Number(request.headers['content-length']) > MAX_CALLBACK_BYTES) return { kind: 'tooLarge' };
	try {
		if (request.rawBody === undefined) await request.readRawBody?.();
	} catch (thrown) {
		return { kind: isLimit(thrown) ? 'tooLarge' : 'unreadable' };
	}
	const bytes = request.rawBody;
	if (bytes === undefined) return { kind: 'unreadable' };
	return bytes.byteLength > MAX_CALLBACK_BYTES ? { kind: 'tooLarge' } : { kind: 'bytes', bytes };
}

/** How the reader that n8n uses says that its limit was passed. */
function isLimit(thrown: unknown): boolean {
	return (
		typeof thrown === 'object' &&
		thrown !== null &&
		'type' in thrown &&
		thrown.type === 'entity.too.large'
	);
}

/**
 * Finds out whether a call comes from whoever was given the secret, by the node's Authentication field.
 *
 * @param bytes the body as received
 * @returns undefined for a genuine call, otherwise what to log about the refusal
 * @throws when the credential cannot be read
 */
async function refusalOf(
	context: IWebhookFunctions,
	{ authentication }: TriggerSettings,
	{ headers, query }: IncomingRequest,
	bytes: Uint8Array,
): Promise<string | undefined> {
	if (authentication === 'none') return undefined;
	const credentials = readCredentials(await context.getCredentials('klingApi'));
	if (authentication === 'token') {
		return isToken(query?.token, credentials.callbackToken) ? undefined : 'wrong token';
	}
	const check = checkSignature(
		bytes,
		{
			id: single(headers['webhook-id']),
			timestamp: single(headers['webhook-timestamp']),
			signature: single(headers['webhook-signature']),
		},
		credentials.callbackSecret,
		clock.now(),
	);
	return check.kind === 'genuine' ? undefined : check.why;
}

function single(header: string | string[] | undefined): string | undefined {
	return typeof header === 'string' ? header : undefined;
}

function settled(result: CallResult, note?: string): Classification {
	return { kind: 'settled', result, note };
}
