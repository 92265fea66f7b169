// The last step of an item whose task exists: its video in n8n's storage, and an output item or an issue.
import type { IBinaryData, IBinaryKeyData } from 'n8n-workflow';

import type { KlingClient, TaskSnapshot } from '../api/client';
import type { KlingApiError } from '../api/errors/error';
import { adviceOf } from '../api/errors/words';
import { Limit } from '../api/limit';
import type { Family } from '../api/models';
import { LINK_LIFE_DAYS, type Task } from '../api/task';
import { clock } from '../n8n/clock';
import { openFile, storeFile, type FileContext, type FileStream } from '../n8n/files';
import { showHints } from '../n8n/messages';
import { downloadVideo, type DownloadResult } from '../video/download';
import { againDelayMs, orStopped } from '../waiting/backoff';
import {
	taskItem,
	type ItemIssue,
	type ItemOutcome,
	type OutputFacts,
	type PaidTask,
} from './output';
import { readAgain } from './readTasks';

/** How the wait for one task ended; `snapshot` is the newest that is known of the task. */
export type Waited =
	| { kind: 'finished'; snapshot: TaskSnapshot }
	| { kind: 'timedOut'; snapshot: TaskSnapshot; waitedMinutes: number }
	| { kind: 'stopped'; snapshot: TaskSnapshot }
	| { kind: 'refused'; snapshot: TaskSnapshot; error: KlingApiError };

export interface FinishFacts extends Omit<OutputFacts, 'timedOut'> {
	/** Where to put the file; undefined when none is wanted. */
	download?: { fieldName: string };
	/** A failed task ends its item (after a wait) or is only reported (plain look-up). */
	failedIsIssue: boolean;
	onTimeout: 'error' | 'return';
}

/**
 * Makes the outcome of one item. Whatever goes wrong from here on, the task's id is in it:
 * the video is paid for and can be collected.
 *
 * @param signal *Stop*, or the caller's deadline
 */
export async function finishItem(
	context: FileContext,
	client: KlingClient,
	waited: Waited,
	facts: FinishFacts,
	signal?: AbortSignal,
): Promise<ItemOutcome> {
	const { snapshot } = waited;
	const paid = paidTask(snapshot.task);
	if (waited.kind === 'refused') return { error: refusedIssue(waited.error, snapshot.task, paid) };
	if (waited.kind === 'stopped') return { error: stoppedIssue(snapshot.task, paid) };
	if (waited.kind === 'timedOut') {
		if (facts.onTimeout === 'error')
			return { error: timeoutIssue(snapshot.task, waited.waitedMinutes) };
		return { items: [{ json: taskItem(snapshot, { ...facts, timedOut: true }) }], paid };
	}
	if (snapshot.task.status === 'failed' && facts.failedIsIssue)
		return { error: failedIssue(snapshot.task) };

	const json = taskItem(snapshot, facts);
	if (facts.download === undefined || snapshot.task.status !== 'succeed')
		return { items: [{ json }], paid };
	if (snapshot.task.videos.length === 0) return { error: noLinkIssue(snapshot.task, paid) };
	const file = await fetchVideo(context, client, facts.family, snapshot.task, signal);
	// The deadline cut the download off (after *Stop* nobody reads this): the link is there all the same.
	if (file.kind === 'failed' && file.why === 'stopped' && facts.onTimeout === 'return') {
		return { items: [{ json: taskItem(snapshot, { ...facts, timedOut: true }) }], paid };
	}
	if (file.kind === 'failed') {
		return { error: { message: file.message, description: file.description, paid } };
	}
	const binary: IBinaryKeyData = { [facts.download.fieldName]: file.binary };
	return { items: [{ json, binary }], paid };
}

/** What a message says of a task that exists. */
export function paidTask(task: Task): PaidTask {
	return { taskId: task.id, externalId: task.externalId, state: task.status };
}

/** A failed task, with Kling's own reason. */
function failedIssue(task: Task): ItemIssue {
	const reason = task.reason ?? 'the service gives no reason';
	return {
		message: `Kling ended task ${task.id} without a video: ${reason}`,
		description: `${adviceOf(reason) ?? 'Where the reason is about an image or the prompt, change that; then submit again'}. A new run makes, and bills, a new task.`,
		paid: paidTask(task),
	};
}

/** The deadline passed; the task goes on at the service. */
function timeoutIssue(task: Task, waitedMinutes: number): ItemIssue {
	return {
		message: `Task ${task.id} was not finished within ${minutes(waitedMinutes)}. Last response: ${task.status}`,
		description: `The task goes on at the service and is not lost: collect the video with Get Task and the ID ${task.id}, or raise 'Max Wait (Minutes)'. Do not submit it again.`,
		paid: paidTask(task),
	};
}

function stoppedIssue(task: Task, paid: PaidTask): ItemIssue {
	return {
		message: `The execution was stopped while task ${task.id} was being waited for`,
		description: `The task goes on at the service: collect the video with Get Task and the ID ${task.id}.`,
		paid,
	};
}

function refusedIssue(error: KlingApiError, task: Task, paid: PaidTask): ItemIssue {
	return {
		message: `Task ${task.id} can no longer be retrieved: ${error.facts.message}`,
		description: `${error.facts.description} Then collect the video with Get Task and the ID ${task.id}.`,
		api: error,
		paid,
	};
}

function noLinkIssue(task: Task, paid: PaidTask): ItemIssue {
	return {
		message: `Task ${task.id} is finished, but the service gives no link to its video`,
		description: `Links live ${LINK_LIFE_DAYS} days. Try Get Task with the ID ${task.id}, and ask the provider if the link stays away.`,
		paid,
	};
}

function minutes(count: number): string {
	const rounded = Math.round(count * 100) / 100;
	return rounded === 1 ? '1 minute' : `${rounded} minutes`;
}

/**
 * For all executions and triggers of this process: a hundred videos end in one minute, and a storage in a
 * database or in S3 takes each file into memory whole.
 */
const atATime = new Limit(5);

/**
 * Streams the video into n8n's storage, when its turn comes.
 *
 * @param task succeeded, with a link
 * @param signal *Stop*, or the caller's deadline
 * @returns the stored file, or why there is none; never throws
 */
export async function fetchVideo(
	context: FileContext,
	client: KlingClient,
	family: Family,
	task: Task,
	signal?: AbortSignal,
): Promise<DownloadResult<IBinaryData>> {
	const download = async () => {
		const result = await downloadVideo<FileStream, IBinaryData>(
			{ taskId: task.id, url: task.videos[0]?.url ?? '' },
			{
				open: async (url, ownSignal) => await openFile(context, url, ownSignal),
				store: async (stream, fileName, mimeType) =>
					await storeFile(context, stream, fileName, mimeType),
				refresh: async () => {
					const snapshot = await readAgain(() => client.fetch(family, task.id), signal);
					return snapshot.kind === 'found' ? snapshot.task.videos[0]?.url : undefined;
				},
				sleep: async (ms, ownSignal) => await clock.sleep(ms, ownSignal),
				backoffMs: (attempt) => againDelayMs(attempt - 1, Math.random),
			},
			{ signal },
		);
		if (result.kind === 'stored' && result.hint !== undefined) showHints(context, [result.hint]);
		return result;
	};
	let begin: () => void = () => undefined;
	const begun = new Promise<void>((resolve) => (begin = resolve));
	const result = atATime.run(async () => {
		begin();
		return await download();
	});
	// Stopped in line: without a turn, because all that it does then is to say so.
	if ((await orStopped(begun, signal)) === 'stopped') return await download();
	return await result;
}
