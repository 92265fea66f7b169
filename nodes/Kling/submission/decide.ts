// What to do next about one item, so that it is paid for once and never lost. Facts in, action out.
import type { CreateOutcome, FetchOutcome, TaskSnapshot } from '../api/client';
import type { KlingApiError } from '../api/errors/error';
import type { Gateway } from '../api/gateways';
import { isFinished, linksExpireAt, type Task } from '../api/task';
import type { Origin, Reuse } from './ports';
import type { Entry, KnownTask } from './records';

/*
 * The promises; the table in decide.test.ts has the rows of each:
 *
 *  1 Nothing is remembered, nothing can exist: send.
 *  2 A task of this item is remembered: ask for it, do not send.
 *  3 A remembered id is never lost because the service did not answer.
 *  4 A paid task that the service does not show is named, not replaced.
 *  5 Adopt only what runs, or succeeded with a link that lives.
 *  6 A failed task of an earlier try: a new attempt under a new key.
 *  7 A task that failed in this very try is this try's result.
 *  8 A submit in doubt is looked up before anything else.
 *  9 Sent once more only where a look-up proves that nothing is there.
 * 10 Never a third time in one try.
 * 11 Else it ends with its key and the word that a task may exist.
 * 12 The key is a duplicate: the task is looked for and adopted.
 * 13 Look before the first send where the key may be known: a user's id, reuse over the workflow, a retry,
 *    an n8n that runs executions again by itself.
 * 14 If that look-up gets no answer nothing is sent.
 * 15 A retried execution looks for its tasks first, and sends the rest.
 * 16 If that search gets no answer nothing is sent.
 * 17 Refused is refused. Busy goes back to the queue.
 * 18 What never left is tried a few times, then refused.
 * 19 A task that failed in the last try that *Retry On Fail* allows is the result of its item.
 * 20 A key that is claimed is not sent: its task is asked for, or the item ends with the key.
 */

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

type In<Kind extends State['kind']> = Extract<State, { kind: Kind }>;

/** Submits of one key in one try: the first, and one more after a proof that it made nothing. */
const MAX_IN_DOUBT = 2;
/** Tries of a request that could not leave this machine. */
const MAX_UNSENT = 4;
/** Failed attempts that are passed over before a person has to look. */
const MAX_ATTEMPT = 20;
/** A task that is older, and whose key does not name a lineage, may stem from before a reset of the database. */
export const LAST_DAY_MS = 24 * 60 * 60 * 1000;

/** Says what to do next. Pure: the same facts give the same action. */
export function decide(facts: Facts, state: State): Action {
	switch (state.kind) {
		case 'start':
			return atStart(facts);
		case 'fetched':
			return afterFetch(facts, state);
		case 'lookedUp':
			return afterLookUp(facts, state);
		case 'searched':
			return afterSearch(facts, state);
		case 'claimed':
			return afterClaim(state);
		case 'answered':
			return afterAnswer(facts, state);
	}
}

/** True when a task may stand for the item: it runs, or it succeeded and its link still lives. */
export function isUsable(task: Task, now: number): boolean {
	if (!isFinished(task)) return true;
	if (task.status === 'failed') return false;
	const expiresAt = linksExpireAt(task);
	return expiresAt === undefined || expiresAt > now;
}

function atStart(facts: Facts): Action {
	const { entry, earlier, known } = facts;
	if (entry?.state === 'ended' && !facts.triesUsedUp) return firstSend(facts, entry.attempt + 1);
	if (entry?.id !== undefined) return fetch('execution', { ...entry, id: entry.id });
	if (entry !== undefined) return lookUpInDoubt(facts, entry.key, 'pending', entry.attempt, 1);
	if (earlier?.state === 'ended') return firstSend(facts, nextAttempt(facts, earlier.attempt));
	if (earlier?.id !== undefined) return fetch('earlier', { ...earlier, id: earlier.id });
	if (earlier !== undefined)
		return lookUpInDoubt(facts, earlier.key, 'earlier', earlier.attempt, 0);
	if (known !== undefined) return fetch('known', known);
	return searchOrSend(facts);
}

/** A retry whose keys are new counts from 0 again. */
function nextAttempt({ keyOutlivesRetry, ownKey }: Facts, attempt: number): number {
	return keyOutlivesRetry || ownKey ? attempt + 1 : 0;
}

function searchOrSend(facts: Facts, attempt = 0): Action {
	const { isRetry, reuse, ownKey, gateway } = facts;
	const isSearched = isRetry && reuse === 'execution' && !ownKey && attempt === 0;
	if (isSearched && gateway.listRoute !== 'none') return { kind: 'search' };
	return firstSend(facts, attempt);
}

/** The way to the first submit of an attempt: past a look-up where the key may be known from before. */
function firstSend(facts: Facts, attempt: number): Action {
	const key = keyFor(facts, attempt);
	if (attempt > MAX_ATTEMPT) return { kind: 'giveUpAttempts', key };
	if (mayBeKnown(facts) && facts.gateway.externalIdLookUp !== 'none') {
		return { kind: 'lookUp', key, why: 'beforeFirstSend', attempt, inDoubt: 0 };
	}
	return send(attempt, 0);
}

function mayBeKnown({ ownKey, reuse, isRetry, keyOutlivesRetry, mayBeRerun }: Facts): boolean {
	if (ownKey || reuse === 'workflow') return true;
	return reuse === 'execution' && (mayBeRerun || (isRetry && keyOutlivesRetry));
}

function afterFetch(facts: Facts, state: In<'fetched'>): Action {
	const { source, outcome, now, id, key, attempt } = state;
	const origin = source === 'execution' ? 'remembered' : 'adopted';
	switch (outcome.kind) {
		case 'found':
			if (isUsable(outcome.task, now)) {
				return { kind: 'adopt', snapshot: snapshotOf(outcome), key, attempt, origin };
			}
			if (source === 'execution' && isFinalFailure(facts, outcome.task)) {
				return { kind: 'adopt', snapshot: snapshotOf(outcome), key, attempt, origin };
			}
			if (source !== 'earlier') return firstSend(facts, attempt + 1);
			return searchOrSend(facts, nextAttempt(facts, attempt));
		case 'transient':
			return { kind: 'trust', id, key, attempt, origin };
		case 'missing':
			// Where the key can be looked up, what is known over all executions is only a short cut.
			if (source === 'known' && facts.gateway.externalIdLookUp === 'trusted') {
				return firstSend(facts, attempt);
			}
			return { kind: 'endLost', id, key, error: outcome.error };
		case 'refused':
			return { kind: 'endLost', id, key, error: outcome.error };
	}
}

function afterLookUp(facts: Facts, state: In<'lookedUp'>): Action {
	const { why, outcome, key, attempt, inDoubt } = state;
	if (outcome.kind === 'found') return afterFind(facts, state, snapshotOf(outcome));
	if (why === 'beforeFirstSend') return afterFirstLook(facts, outcome, attempt);
	const proven = outcome.kind === 'missing' && facts.gateway.externalIdLookUp === 'trusted';
	if (proven && why === 'earlier') return searchOrSend(facts);
	if (proven && why !== 'duplicateKey' && inDoubt < MAX_IN_DOUBT) return send(attempt, inDoubt);
	return { kind: 'endInDoubt', key, error: outcome.error, duplicate: why === 'duplicateKey' };
}

function afterFind(facts: Facts, state: In<'lookedUp'>, snapshot: TaskSnapshot): Action {
	const { why, key, attempt, inDoubt, now } = state;
	const isOfThisTry = why === 'inDoubt' || (why === 'duplicateKey' && inDoubt > 0);
	if (isOfThisTry) return { kind: 'adopt', snapshot, key, attempt, origin: 'new' };
	const origin = why === 'pending' ? 'remembered' : 'adopted';
	if (isUsable(snapshot.task, now) && !isOfAnotherDatabase(facts, snapshot.task, now)) {
		return { kind: 'adopt', snapshot, key, attempt, origin };
	}
	if (why === 'pending' && isFinalFailure(facts, snapshot.task)) {
		return { kind: 'adopt', snapshot, key, attempt, origin };
	}
	if (why !== 'earlier') return firstSend(facts, attempt + 1);
	return searchOrSend(facts, nextAttempt(facts, attempt));
}

/** Money rule: n8n counts the tries of *Retry On Fail* anew after every sleep, so they are counted here. */
function isFinalFailure({ triesUsedUp }: Facts, { status }: Task): boolean {
	return triesUsedUp && status === 'failed';
}

/** After a reset of the database execution ids begin anew, and so do keys that are made of them. */
function isOfAnotherDatabase(facts: Facts, { createdAt }: Task, now: number): boolean {
	const { keyOutlivesRetry, reuse, ownKey, entry, earlier } = facts;
	if (keyOutlivesRetry || ownKey || reuse !== 'execution') return false;
	if (entry !== undefined || earlier !== undefined) return false;
	return createdAt !== undefined && createdAt < now - LAST_DAY_MS;
}

function afterFirstLook(
	{ gateway }: Facts,
	outcome: Exclude<In<'lookedUp'>['outcome'], { kind: 'found' }>,
	attempt: number,
): Action {
	if (outcome.kind === 'missing') return send(attempt, 0);
	if (outcome.kind === 'refused') return { kind: 'refuse', error: outcome.error };
	// Nobody promised that this service can look up: silence says nothing about it.
	if (gateway.externalIdLookUp === 'try') return send(attempt, 0);
	return { kind: 'refuseUnchecked', error: outcome.error };
}

function afterSearch(facts: Facts, { outcome, now }: In<'searched'>): Action {
	switch (outcome.kind) {
		case 'found':
			return afterSearchFound(facts, outcome, now);
		case 'missing':
			return firstSend(facts, 0);
		case 'unsupported':
			// A list that is known to be there did not answer; a proxy may have said so in its place.
			if (facts.gateway.listRoute !== 'known') return firstSend(facts, 0);
			return { kind: 'refuseUnchecked', error: outcome.error };
		case 'transient':
			return { kind: 'refuseUnchecked', error: outcome.error };
		case 'refused':
			return { kind: 'refuse', error: outcome.error };
	}
}

function afterSearchFound(
	facts: Facts,
	found: Extract<SearchOutcome, { kind: 'found' }>,
	now: number,
): Action {
	const { attempt } = found;
	if (!isUsable(found.task, now)) return firstSend(facts, attempt + 1);
	const key = found.task.externalId ?? facts.keyOf(attempt);
	return { kind: 'adopt', snapshot: snapshotOf(found), key, attempt, origin: 'adopted' };
}

function afterClaim({ key, attempt, id }: In<'claimed'>): Action {
	return id === undefined ? { kind: 'endClaimed', key } : fetch('claim', { id, key, attempt });
}

function afterAnswer(facts: Facts, state: In<'answered'>): Action {
	const { outcome, key, attempt, inDoubt, unsent } = state;
	switch (outcome.kind) {
		case 'accepted':
			return { kind: 'adopt', snapshot: snapshotOf(outcome), key, attempt, origin: 'new' };
		case 'refused':
			return { kind: 'refuse', error: outcome.error };
		case 'busy':
			return { kind: 'send', attempt, inDoubt, unsent, because: 'busy' };
		case 'notSent':
			if (unsent + 1 >= MAX_UNSENT) return { kind: 'refuse', error: outcome.error };
			return { kind: 'send', attempt, inDoubt, unsent: unsent + 1, because: 'notSent' };
		case 'taken':
			return lookUpInDoubt(facts, key, 'duplicateKey', attempt, inDoubt, outcome.error);
		case 'unknown':
			return lookUpInDoubt(facts, key, 'inDoubt', attempt, inDoubt + 1, outcome.error);
	}
}

/** A task may exist under this key: look for it, or where that is impossible say so. */
function lookUpInDoubt(
	{ gateway }: Facts,
	key: string,
	why: Why,
	attempt: number,
	inDoubt: number,
	error?: KlingApiError,
): Action {
	if (gateway.externalIdLookUp === 'none') {
		return { kind: 'endInDoubt', key, error, duplicate: why === 'duplicateKey' };
	}
	return { kind: 'lookUp', key, why, attempt, inDoubt };
}

/** The key of an attempt; one that was used already stays, because some keys hold chance. */
export function keyFor({ entry, keyOf }: Facts, attempt: number): string {
	return entry?.attempt === attempt ? entry.key : keyOf(attempt);
}

function send(attempt: number, inDoubt: number): Action {
	return { kind: 'send', attempt, inDoubt, unsent: 0 };
}

function fetch(source: Source, { id, key, attempt }: RememberedTask): Action {
	return { kind: 'fetch', source, id, key, attempt };
}

function snapshotOf({ task, raw }: TaskSnapshot): TaskSnapshot {
	return { task, raw };
}
