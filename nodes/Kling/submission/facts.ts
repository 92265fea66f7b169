// The facts that decisions about an item are made of, the states of its work, and the actions.
import type { CreateOutcome, FetchOutcome, TaskSnapshot } from '../api/client';
import type { KlingApiError } from '../api/errors/error';
import type { Gateway } from '../api/gateways';
import type { Reuse } from './key';
import type { Entry, KnownTask } from './records';

/** What is known about an item before it is worked on. */
export interface Facts {
	gateway: Pick<Gateway, 'listRoute' | 'externalIdLookUp'>;
	reuse: Reuse;
	/** The user gave the external task id. */
	ownKey: boolean;
	/** `getMode()` says that this execution is the retry of another. */
	isRetry: boolean;
	/** A retried execution makes the same keys as the execution before it. */
	keyOutlivesRetry: boolean;
	/** n8n may have run the execution before, and kept nothing of it. */
	mayBeRerun: boolean;
	/** What this execution remembers of the item. */
	entry?: Entry;
	/** As many tasks as *Retry On Fail* allows were submitted for the item in this run of the node. */
	triesUsedUp: boolean;
	/** What the execution that is being retried remembers of an equal request, not claimed by another item. */
	earlier?: Entry;
	/** What is remembered of the work over all executions. */
	known?: KnownTask;
	/** The key of an attempt. */
	keyOf(attempt: number): string;
}

/** How the search of the list for an equal request ended. `attempt`: the one that the task's key names. */
export type SearchOutcome =
	| ({ kind: 'found'; attempt: number } & TaskSnapshot)
	| { kind: 'missing' }
	/** The service says that it has no list. */
	| { kind: 'unsupported'; error: KlingApiError }
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'transient'; error: KlingApiError };

/** `new`: paid for in this try. `remembered`: in an earlier try of this execution. `adopted`: elsewhere. */
export type Origin = 'new' | 'adopted' | 'remembered';

/**
 * Where a remembered id comes from: this execution, the one that is being retried, what is known over all
 * executions, or what the process knows of a key that is claimed already.
 */
export type Source = 'execution' | 'earlier' | 'known' | 'claim';

/**
 * Why a key is looked up: before the first send, because an answer was lost, because an earlier try of this
 * execution left it pending, because the execution that is being retried did, or because the key is taken.
 */
export type Why = 'beforeFirstSend' | 'inDoubt' | 'pending' | 'earlier' | 'duplicateKey';

export interface RememberedTask {
	id: string;
	key: string;
	attempt: number;
}

/** Where the work on an item stands. `inDoubt`: submits of this try's key whose end is not known. */
export type State =
	| { kind: 'start' }
	| ({ kind: 'fetched'; source: Source; outcome: FetchOutcome; now: number } & RememberedTask)
	| {
			kind: 'lookedUp';
			why: Why;
			key: string;
			attempt: number;
			inDoubt: number;
			outcome: FetchOutcome;
			now: number;
	  }
	| { kind: 'searched'; outcome: SearchOutcome; now: number }
	/** Another process, or an execution that was cut off, has claimed the key. `id`: what this process knows of it. */
	| { kind: 'claimed'; key: string; attempt: number; id?: string }
	| {
			kind: 'answered';
			key: string;
			attempt: number;
			inDoubt: number;
			unsent: number;
			outcome: CreateOutcome;
	  };

export type Action =
	| ({ kind: 'fetch'; source: Source } & RememberedTask)
	| { kind: 'lookUp'; key: string; why: Why; attempt: number; inDoubt: number }
	| { kind: 'search' }
	/** `unsent`: how often it could not leave this machine. `because`: why it goes back to the queue. */
	| {
			kind: 'send';
			attempt: number;
			inDoubt: number;
			unsent: number;
			because?: 'busy' | 'notSent';
	  }
	| { kind: 'adopt'; snapshot: TaskSnapshot; key: string; attempt: number; origin: Origin }
	/** The id is certain, its present status is not. */
	| ({ kind: 'trust'; origin: Origin } & RememberedTask)
	/** The id is certain, and the service does not show its task. */
	| { kind: 'endLost'; id: string; key: string; error: KlingApiError }
	| { kind: 'endInDoubt'; key: string; error?: KlingApiError; duplicate: boolean }
	/** The key was claimed before, and nothing tells what became of it. */
	| { kind: 'endClaimed'; key: string }
	| { kind: 'refuse'; error: KlingApiError }
	/** It cannot be told whether a task exists already; nothing was sent in this try. */
	| { kind: 'refuseUnchecked'; error: KlingApiError }
	| { kind: 'giveUpAttempts'; key: string };
