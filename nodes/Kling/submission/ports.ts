// What this room asks of the world around it, and what it hands back.
import type { KlingClient, TaskSnapshot } from '../api/client';
import type { KlingApiError } from '../api/errors/error';
import type { Gateway } from '../api/gateways';
import type { Family } from '../api/models';
import type { Clock, Random } from '../waiting/backoff';
import type { Memory, ProcessMemory } from './records';

/** How far a task is used again; the node's option *Reuse a Task*. */
export type Reuse = 'execution' | 'workflow' | 'never';

/** `new`: paid for in this try. `remembered`: in an earlier try of this execution. `adopted`: elsewhere. */
export type Origin = 'new' | 'adopted' | 'remembered';

/**
 * How an execution ended, as far as n8n tells. `succeeded` also stands for one that still waits: its
 * tasks are its own. `unknown` also stands for one that still runs.
 */
export type ExecutionOutcome = 'succeeded' | 'notSucceeded' | 'unknown';

/** Names that outlive the process and the execution's data: a name is claimed once. */
export interface Marks {
	/**
	 * Claims a name for good.
	 *
	 * @returns false when it was claimed before, by whomever
	 * @throws when the store does not answer: then it is not known whether the name is claimed
	 */
	claim(name: string): Promise<boolean>;
	/**
	 * Claims a name for an owner, who may ask again.
	 *
	 * @returns false when it belongs to another owner
	 * @throws when the store does not answer
	 */
	own(name: string, owner: string): Promise<boolean>;
	/** Gives a name back. */
	release(name: string): Promise<void>;
	/**
	 * Gives a name back when the execution has ended and was saved.
	 *
	 * @param when `ended`: not after a Stop, whose retry needs the name. `over`: in any case
	 */
	releaseAtEnd(name: string, when: 'ended' | 'over'): void;
}

export interface Ports {
	client: KlingClient;
	clock: Clock;
	random: Random;
	/** The node's context in the execution. */
	memory: Memory;
	/** Workflow static data. */
	workflowMemory?: Memory;
	/** What all executions of this node in this process know: tasks by work, and tasks by claimed key. */
	shared: { tasks: ProcessMemory; claims: ProcessMemory };
	/** Absent where n8n has no such store. */
	marks?: Marks;
	/** Asked about executions whose tasks a retry might take over. Never throws. */
	executionOutcome?(executionId: string): Promise<ExecutionOutcome>;
	/** The execution's cancel signal. */
	signal?: AbortSignal;
	/** One line for whoever runs this n8n; holds keys and task ids, never a secret. */
	log(line: string): void;
}

export interface Settings {
	gateway: Pick<Gateway, 'label' | 'listRoute' | 'externalIdLookUp'>;
	reuse: Reuse;
	executionId: string;
	/**
	 * When the execution, or the first of those that it retries, began: Unix time in milliseconds. Absent
	 * where n8n does not keep it over retries.
	 */
	establishedAt?: number;
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
	/** Tries of one run of the node, as its *Retry On Fail* allows them: 1 without it. */
	maxTries: number;
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
	| ({ kind: 'task'; key: string; origin: Origin; sentHere: boolean } & TaskSnapshot)
	/** Nothing new was paid for; `taskId` when an earlier task of this item exists that cannot be reached. */
	| { kind: 'refused'; error: Error; key?: string; taskId?: string }
	/** A task may exist under the key. */
	| { kind: 'unknown'; key: string; error: KlingApiError }
	/** The cap on new tasks was reached; nothing was sent. */
	| { kind: 'capped'; submitted: number; cap: number; error: KlingApiError }
	/** The user pressed Stop; with a key and `maybeSent`, a task may exist. */
	| { kind: 'stopped'; key?: string; maybeSent: boolean };
