// The facts that decisions about an item are made of, and the decisions.
import type { CreateOutcome, Told } from '../api/client';
import type { KlingApiError } from '../api/errors';
import type { Gateway } from '../api/gateways';
import type { Reuse } from './key';
import type { Entry, WorkflowTask } from './memory';

/** What the services can do that decisions depend on. */
type Abilities = Pick<Gateway, 'listRoute' | 'externalIdLookUp' | 'lookUpProvesAbsence'>;

/** What is known about an item before it is worked on. */
export interface Facts {
	gateway: Abilities;
	reuse: Reuse;
	/** The user gave the external task id. */
	ownKey: boolean;
	/** `getMode()` says that this execution is the retry of another. */
	isRetry: boolean;
	/** This host may have run the execution before, and kept nothing of it. */
	mayBeRerun?: boolean;
	/** What this execution remembers of the item. */
	entry?: Entry;
	/** What the execution that is being retried remembers of an equal request, not claimed by another item. */
	earlier?: Entry;
	/** With reuse over the workflow: what the workflow remembers of an equal request. */
	workflow?: WorkflowTask;
	/** The key of an attempt. */
	keyOf(attempt: number): string;
}

/** How asking for a task ended, after as much patience as the question deserves. */
export type Look =
	| { kind: 'found'; told: Told }
	/** The service answered that there is none. */
	| { kind: 'absent'; error: KlingApiError }
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'unanswered'; error: KlingApiError };

/** How the search of the list by fingerprint ended. */
export type SearchLook =
	| { kind: 'found'; told: Told }
	| { kind: 'none' }
	/** The service says that it has no list. */
	| { kind: 'unsupported'; error: KlingApiError }
	| { kind: 'refused'; error: KlingApiError }
	| { kind: 'unanswered'; error: KlingApiError };

/** `new`: paid for in this try. `remembered`: in an earlier try of this execution. `adopted`: elsewhere. */
export type Origin = 'new' | 'adopted' | 'remembered';

/** Where a remembered id comes from. */
export type Source = 'execution' | 'earlier' | 'workflow';

/**
 * Why a key is looked up. `left`: an earlier try of this execution left it open.
 * `earlier`: the execution that is being retried left it open.
 */
export type Why = 'beforeFirstSend' | 'unknown' | 'left' | 'earlier' | 'taken';

/** Where the work on an item stands. `unsettled`: submits of this try's key whose end is not known. */
export type Situation =
	| { at: 'start' }
	| { at: 'fetched'; source: Source; look: Look; now: number }
	| { at: 'lookedUp'; why: Why; attempt: number; unsettled: number; look: Look; now: number }
	| { at: 'searched'; look: SearchLook }
	| { at: 'answered'; attempt: number; unsettled: number; unsent: number; outcome: CreateOutcome };

export type Decision =
	| { do: 'fetch'; id: string; key: string; source: Source }
	| { do: 'lookUp'; key: string; why: Why; attempt: number; unsettled: number }
	| { do: 'search' }
	/** `unsent`: how often it could not leave this machine. `because`: why it goes back to the queue. */
	| { do: 'send'; attempt: number; unsettled: number; unsent: number; because?: 'busy' | 'notSent' }
	| { do: 'adopt'; told: Told; key: string; attempt: number; origin: Origin }
	/** The id is certain, its present status is not. */
	| { do: 'trust'; id: string; key: string; attempt: number; origin: Origin }
	| { do: 'lost'; id: string; key: string; error: KlingApiError }
	| { do: 'endUnknown'; key: string; error?: KlingApiError; taken: boolean }
	| { do: 'refuse'; error: KlingApiError }
	/** It cannot be told whether a task exists already; nothing was sent in this try. */
	| { do: 'refuseUnchecked'; error: KlingApiError }
	| { do: 'giveUpAttempts'; key: string };
