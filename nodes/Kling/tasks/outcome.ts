// What an operation gives back: one outcome per item, good or not; the router makes n8n's output of it.
import type { INodeExecutionData } from 'n8n-workflow';

import type { KlingApiError } from '../api/errors/error';

/** A task that exists at the service and may have been paid for. */
export interface PaidTask {
	taskId?: string;
	/** The idempotency key, by which a task can be found even when its id never arrived. */
	externalId?: string;
	/** In a few words, for example "processing" or "may exist". */
	state: string;
}

/** Why an item ended badly, in words for the user. */
export interface Issue {
	/** What happened, one sentence without the item number. */
	message: string;
	/** How to get unstuck. */
	description: string;
	api?: KlingApiError;
	paid?: PaidTask;
}

export type ItemOutcome = { items: INodeExecutionData[]; paid?: PaidTask } | { error: Issue };

export type OperationResult =
	| { kind: 'done'; outcomes: ItemOutcome[] }
	/** The execution sleeps; `items` is what the editor shows meanwhile. */
	| { kind: 'asleep'; items: INodeExecutionData[] };

/** The issue that a refusal of the service makes for an item. */
export function issueOf(error: KlingApiError, paid?: PaidTask): Issue {
	return { message: error.facts.message, description: error.facts.nextStep, api: error, paid };
}
