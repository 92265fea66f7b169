// The last step of an item whose task exists: an output item with or without the file, or an issue.
import type { IBinaryKeyData } from 'n8n-workflow';

import type { KlingApiError } from '../api/errors/error';
import { adviceOf } from '../api/errors/words';
import type { KlingClient, TaskSnapshot } from '../api/client';
import type { Family } from '../api/models';
import type { Task } from '../api/task';
import type { FileContext } from '../n8n/files';
import type { ItemIssue, ItemOutcome, PaidTask } from './outcome';
import { taskItem } from './output';
import { fetchVideo } from './fetchVideo';

/** How the wait for one task ended; `told` is the newest that is known of it. */
export type Waited =
	| { kind: 'finished'; snapshot: TaskSnapshot }
	| { kind: 'timedOut'; snapshot: TaskSnapshot; waitedMinutes: number }
	| { kind: 'stopped'; snapshot: TaskSnapshot }
	| { kind: 'refused'; snapshot: TaskSnapshot; error: KlingApiError };

export interface FinishFacts {
	family: Family;
	model?: string;
	/** The prompt as it was sent. */
	sentPrompt?: string;
	watermark?: boolean;
	simplify: boolean;
	/** Where to put the file; undefined when none is wanted. */
	download?: { fieldName: string };
	/** A failed task ends its item (after a wait) or is only reported (plain look-up). */
	failedIsIssue: boolean;
	onTimeout: 'error' | 'return';
	/** The task was paid for earlier, and is used again. */
	reused?: boolean;
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
		description: `${adviceOf(reason) ?? 'Change the images or the prompt accordingly and submit again'}. A new run makes, and bills, a new task.`,
		paid: paidTask(task),
	};
}

/** The deadline passed; the task goes on at the service. */
export function timeoutIssue(task: Task, waitedMinutes: number): ItemIssue {
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
		description: `Links live 30 days. Try Get Task with the ID ${task.id}, and ask the provider if the link stays away.`,
		paid,
	};
}

function minutes(count: number): string {
	const rounded = Math.round(count * 100) / 100;
	return rounded === 1 ? '1 minute' : `${rounded} minutes`;
}
