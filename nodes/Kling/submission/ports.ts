// What this room asks of the world around it, and what it hands back.
import type { KlingClient, Told } from '../api/client';
import type { KlingApiError } from '../api/errors';
import type { Gateway } from '../api/gateways';
import type { Family } from '../api/models';
import type { Clock, Random } from '../waiting/backoff';
import type { Origin } from './facts';
import type { Reuse } from './key';
import type { Memory } from './memory';

/**
 * How an execution ended, as far as n8n tells. `succeeded` also stands for one that still waits: its
 * tasks are its own. `unknown` also stands for one that still runs.
 */
export type ExecutionOutcome = 'succeeded' | 'notSucceeded' | 'unknown';

export interface Ports {
	client: KlingClient;
	clock: Clock;
	random: Random;
	/** The node's context in the execution. */
	memory: Memory;
	/** Workflow static data; used with reuse over the workflow only. */
	workflowMemory?: Memory;
	/** Asked about executions whose tasks a retry might take over. Never throws. */
	executionOutcome?(executionId: string): Promise<ExecutionOutcome>;
	/** The execution's cancel signal. */
	signal?: AbortSignal;
	/** One line for whoever runs this n8n; holds keys and task ids, never a secret. */
	log(line: string): void;
}

export interface Settings {
	gateway: Pick<Gateway, 'label' | 'listRoute' | 'externalIdLookUp' | 'lookUpProvesAbsence'>;
	reuse: Reuse;
	executionId: string;
	/** n8n's run index of the node. */
	run: number;
	/** Called by an AI agent: run and item then say nothing about the work. */
	isTool: boolean;
	/** `getMode()` is `retry`. */
	isRetry: boolean;
	/**
	 * An n8n before 2.0 runs an execution again by itself when its worker was killed: with the same id, in
	 * the same mode, and without what it remembered. Then the key is looked for before the first send.
	 */
	mayBeRerun?: boolean;
	/** At least 1. */
	maxConcurrent: number;
	/** How long a busy service is waited for. */
	maxWaitMinutes: number;
	/** New paid tasks per execution; 0 for no limit. */
	maxNewTasks: number;
}

/** One input item to be submitted. */
export interface Job {
	/** Index of the input item. */
	item: number;
	/** From `fingerprintOf`. */
	fingerprint: string;
	/** The external task id that the user gave. */
	userKey?: string;
	family: Family;
	/** Estimated size of the request body, in bytes. */
	bytes: number;
	/**
	 * Makes the request body with this key as `external_task_id`. Called when there is room to send it,
	 * again for every sending; the text is let go when its request ends. What it throws ends the item.
	 */
	build(key: string): Promise<string>;
}

/** What became of a job. */
export type Submission =
	/** `sentHere`: this execution sent its request, so its callback, if it asked for one, comes here. */
	| ({ kind: 'task'; key: string; origin: Origin; sentHere: boolean } & Told)
	/** Nothing new was paid for; `taskId` when an earlier task of this item exists that cannot be reached. */
	| { kind: 'refused'; error: Error; key?: string; taskId?: string }
	/** A task may exist under the key. */
	| { kind: 'unknown'; key: string; error: KlingApiError }
	/** The cap on new tasks was reached; nothing was sent. */
	| { kind: 'capped'; submitted: number; cap: number; error: KlingApiError }
	/** The user pressed Stop; with a key and `maybeSent`, a task may exist. */
	| { kind: 'stopped'; key?: string; maybeSent: boolean };
