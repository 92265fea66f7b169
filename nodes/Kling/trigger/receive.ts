// Handles one call to the trigger: judges it, answers it, and only then does what takes long.
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { answerTo, type Judgement } from '../callbacks/answer';
import { askAgain } from './askAgain';
import { makeItem } from './item';
import { judge, type Verdict } from './judge';
import { readSettings } from './settings';

/** The part of n8n's response object that an answer needs. */
interface OutgoingResponse {
	status(code: number): OutgoingResponse;
	set(headers: Record<string, string>): OutgoingResponse;
	end(body: string): unknown;
}

/** How long a sender should stay away after a 503, in seconds. */
const COME_BACK_AFTER_S = '30';

/**
 * Never throws: n8n would start an execution with an empty item then.
 *
 * The answer is given here and not by n8n: n8n saves static data, which holds what was seen, only
 * where the answer is out before it starts the execution, and a download must not keep the caller.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const first = await judgeOrDefer(context);
	log(context, first);
	answer(context, first.judgement);
	const verdict = await settled(context, first);
	if (verdict.judgement !== 'started') return { noWebhookResponse: true };
	const item = await makeItem(context, readSettings(context), verdict);
	return { noWebhookResponse: true, workflowData: [[item]] };
}

/** Where a setting or the credential cannot be read, the sender may come back once that is mended. */
async function judgeOrDefer(context: IWebhookFunctions): Promise<Verdict> {
	try {
		return await judge(context, readSettings(context));
	} catch (thrown) {
		const note = thrown instanceof Error ? thrown.message : 'for an unknown reason';
		return { judgement: 'serviceUnavailable', note };
	}
}

/**
 * What is decided now that the sender need not wait any more. Not every sender comes back after a 503;
 * where one does, *Deduplicate* keeps it from starting the same again.
 */
async function settled(context: IWebhookFunctions, first: Verdict): Promise<Verdict> {
	if (first.judgement !== 'behind' && first.judgement !== 'serviceUnavailable') return first;
	// The settings themselves may be what cannot be read.
	if (first.told === undefined) return first;
	const settings = readSettings(context);
	if (first.judgement === 'serviceUnavailable' && !settings.options.deduplicate) return first;
	const verdict = await askAgain(context, settings, first.told);
	log(context, verdict);
	return verdict;
}

function answer(context: IWebhookFunctions, judgement: Judgement): void {
	const { status, word } = answerTo(judgement);
	const response = context.getResponseObject() as unknown as OutgoingResponse;
	response
		.status(status)
		.set({ 'Content-Type': 'text/plain; charset=utf-8' })
		.set(status === 503 ? { 'Retry-After': COME_BACK_AFTER_S } : {})
		.end(word);
}

const LEVELS: Partial<Record<Judgement, 'info' | 'warn'>> = {
	notACallback: 'info',
	notGenuine: 'info',
	serviceUnavailable: 'warn',
};

function log(context: IWebhookFunctions, verdict: Verdict): void {
	const { judgement } = verdict;
	const note = verdict.judgement === 'started' ? `task ${verdict.told.task.id}` : verdict.note;
	const level = LEVELS[judgement] ?? 'debug';
	context.logger[level](
		`${context.getNode().name}: a call was judged "${judgement}"${note ? `, ${note}` : ''}`,
	);
}
