// What an operation gives back: one outcome per item, good or not; the router makes n8n's output of it.
import type { INodeExecutionData } from 'n8n-workflow';

import type { Issue, KlingApiError } from '../api/errors/error';

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
