// What an operation gives back for its items, and the JSON of an item; the only place that knows the output's field names.
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import type { TaskSnapshot } from '../api/client';
import type { Issue, KlingApiError } from '../api/errors/error';
import type { Family } from '../api/models';
import { linksExpireAt, type Task } from '../api/task';

/** A task that exists at the service and may have been paid for. */
export interface PaidTask {
	taskId?: string;
	/** The idempotency key, by which a task can be found even when its id never arrived. */
	externalId?: string;
	/** In a few words, for example "processing" or "may exist". */
	state: string;
}

/** Why an item ended badly; without the item's number. */
export interface ItemIssue extends Issue {
	api?: KlingApiError;
	paid?: PaidTask;
}

export type ItemOutcome = { items: INodeExecutionData[]; paid?: PaidTask } | { error: ItemIssue };

export type OperationResult =
	| { kind: 'done'; outcomes: ItemOutcome[] }
	/** The execution sleeps; `items` is what the editor shows meanwhile. */
	| { kind: 'asleep'; items: INodeExecutionData[] };

/** The issue that a refusal of the service makes for an item. */
export function issueOf(error: KlingApiError, paid?: PaidTask): ItemIssue {
	const { message, description } = error.facts;
	return { message, description, api: error, paid };
}

export interface OutputFacts {
	/** The task's fields alone, or the reply as received with them beside it. */
	simplify: boolean;
	/** Whether a watermarked copy was asked for or found. */
	watermark?: boolean;
	family: Family;
	/** The model that was asked for; a reply does not tell it. */
	model?: string;
	/** The prompt as it was sent; shown where the reply is shown too. */
	sentPrompt?: string;
	/** The wait ran out and this is what was last known. */
	timedOut?: boolean;
	/** The task was paid for earlier, and is used again. */
	reused?: boolean;
}

/**
 * The JSON of one task. Never has a top-level `error`: n8n would run the paid node again.
 *
 * @param snapshot the task and the reply it was read from
 */
export function taskItem(snapshot: TaskSnapshot, facts: OutputFacts): IDataObject {
	const fields = taskFields(snapshot.task, facts);
	if (facts.simplify) return fields;
	const sent = facts.sentPrompt === undefined ? {} : { prompt: facts.sentPrompt };
	return { task: { ...fields, ...sent }, reply: snapshot.raw as IDataObject };
}

function taskFields(task: Task, facts: OutputFacts): IDataObject {
	const video = task.videos[0];
	return {
		task_id: task.id,
		external_task_id: task.externalId ?? null,
		task_status: task.status,
		task_status_msg: task.reason ?? '',
		video_url: video?.url ?? null,
		duration: video?.durationSeconds ?? null,
		created_at: isoTime(task.createdAt),
		updated_at: isoTime(task.updatedAt),
		expires_at: isoTime(linksExpireAt(task)),
		...(facts.model === undefined ? {} : { model: facts.model }),
		endpoint: facts.family.path,
		...(task.unitDeduction === undefined ? {} : { final_unit_deduction: task.unitDeduction }),
		...(video?.watermarkUrl === undefined || facts.watermark === false
			? {}
			: { watermark_url: video.watermarkUrl }),
		...(facts.reused === true ? { reused: true } : {}),
		...(facts.timedOut === true ? { timed_out: true } : {}),
	};
}

/** @param ms Unix time in milliseconds */
function isoTime(ms: number | undefined): string | null {
	if (ms === undefined) return null;
	const date = new Date(ms);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
