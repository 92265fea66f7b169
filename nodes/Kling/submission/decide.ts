// What to do next about one item, so that it is paid for once and never lost. Facts in, decision out.
import type { Told } from '../api/client';
import type { KlingApiError } from '../api/errors';
import { isFinished, linksExpireAt, type Task } from '../api/task';
import type { Decision, Facts, SearchLook, Situation, Source, Why } from './facts';

/*
 * The promises, and the test in decide.*.test.ts that holds each:
 *
 *  1 Nothing is remembered, nothing can exist: send.                       'first submit'
 *  2 A task of this item is remembered: ask for it, do not send.           'remembered'
 *  3 A remembered id is never lost because the service did not answer.     'remembered'
 *  4 A paid task that the service does not show is named, not replaced.    'remembered'
 *  5 Adopt only what runs, or succeeded with a link that lives.            'adoption'
 *  6 A failed task of an earlier try: a new attempt under a new key.       'adoption'
 *  7 A task that failed in this very try is this try's result.             'adoption'
 *  8 A submit of unknown outcome is looked up before anything else.        'unknown outcome'
 *  9 Sent once more only where a look-up proves that nothing is there.     'unknown outcome'
 * 10 Never a third time in one try.                                        'unknown outcome'
 * 11 Else it ends with its key and the word that a task may exist.         'unknown outcome'
 * 12 The key is taken: the task is looked for and adopted.                 'taken'
 * 13 A user's id, reuse over the workflow, and a host that runs executions again by itself: look before
 *    the first send.                                                       'look before the first send'
 * 14 If that look-up gets no answer nothing is sent.                       'look before the first send'
 * 15 A retried execution looks for its tasks first, and sends the rest.    'retried execution'
 * 16 If that search gets no answer nothing is sent.                        'retried execution'
 * 17 Refused is refused. Busy goes back to the queue.                      'answers'
 * 18 What never left is tried a few times, then refused.                   'answers'
 */

/** Submits of one key in one try: the first, and one more after a proof that it made nothing. */
const MAX_UNSETTLED = 2;
/** Tries of a request that could not leave this machine. */
const MAX_UNSENT = 4;
/** Failed attempts that are passed over before a person has to look. */
const MAX_ATTEMPT = 20;

/** Says what to do next. Pure: the same facts give the same decision. */
export function decide(facts: Facts, situation: Situation): Decision {
	switch (situation.at) {
		case 'start':
			return atStart(facts);
		case 'fetched':
			return afterFetch(facts, situation);
		case 'lookedUp':
			return afterLookUp(facts, situation);
		case 'searched':
			return afterSearch(facts, situation.look);
		case 'answered':
			return afterAnswer(facts, situation);
	}
}

/** True when a task may stand for the item: it runs, or it succeeded and its link still lives. */
export function isUsable(task: Task, now: number): boolean {
	if (!isFinished(task)) return true;
	if (task.status === 'failed') return false;
	const expiresAt = linksExpireAt(task);
	return expiresAt === undefined || expiresAt > now;
}

function atStart(facts: Facts): Decision {
	const { entry, earlier, workflow } = facts;
	if (entry?.state === 'ended') return firstSend(facts, entry.attempt + 1);
	if (entry?.id !== undefined) return fetchKnown(entry.id, entry.key, 'execution');
	if (entry !== undefined) return lookUpOpen(facts, entry.key, 'left', entry.attempt, 1);
	if (earlier?.id !== undefined) return fetchKnown(earlier.id, earlier.key, 'earlier');
	if (earlier !== undefined) return lookUpOpen(facts, earlier.key, 'earlier', 0, 0);
	if (workflow !== undefined) return fetchKnown(workflow.id, workflow.key, 'workflow');
	return searchOrSend(facts);
}

function searchOrSend(facts: Facts): Decision {
	const { isRetry, reuse, ownKey, gateway } = facts;
	const byFingerprint = isRetry && reuse === 'execution' && !ownKey;
	if (byFingerprint && gateway.listRoute !== 'none') return { do: 'search' };
	return firstSend(facts, 0);
}

/** The way to the first submit of an attempt: past a look-up where the key may be known from before. */
function firstSend(facts: Facts, attempt: number): Decision {
	const key = keyFor(facts, attempt);
	if (attempt > MAX_ATTEMPT) return { do: 'giveUpAttempts', key };
	const { ownKey, reuse, mayBeRerun } = facts;
	const mayBeKnown = ownKey || reuse === 'workflow' || (mayBeRerun && reuse === 'execution');
	if (mayBeKnown && facts.gateway.externalIdLookUp !== 'none') {
		return { do: 'lookUp', key, why: 'beforeFirstSend', attempt, unsettled: 0 };
	}
	return send(attempt, 0);
}

function afterFetch(facts: Facts, { source, look, now }: At<'fetched'>): Decision {
	const { id, key, attempt } = rememberedOf(facts, source);
	const origin = source === 'execution' ? 'remembered' : 'adopted';
	switch (look.kind) {
		case 'found':
			if (isUsable(look.told.task, now)) {
				return { do: 'adopt', told: look.told, key, attempt, origin };
			}
			return source === 'earlier' ? searchOrSend(facts) : firstSend(facts, attempt + 1);
		case 'unanswered':
			return { do: 'trust', id, key, attempt, origin };
		case 'absent':
			// The workflow's memory is only a short cut: the key decides.
			if (source === 'workflow') return firstSend(facts, attempt);
			return { do: 'lost', id, key, error: look.error };
		case 'refused':
			return { do: 'lost', id, key, error: look.error };
	}
}

function afterLookUp(facts: Facts, situation: At<'lookedUp'>): Decision {
	const { why, look } = situation;
	if (look.kind === 'found') return afterFind(facts, situation, look.told);
	if (why === 'beforeFirstSend') return afterFirstLook(facts, situation);
	const key = keyLookedUp(facts, situation);
	const proven = look.kind === 'absent' && facts.gateway.lookUpProvesAbsence;
	if (proven && why === 'earlier') return searchOrSend(facts);
	if (proven && why !== 'taken' && situation.unsettled < MAX_UNSETTLED) {
		return send(situation.attempt, situation.unsettled);
	}
	return { do: 'endUnknown', key, error: look.error, taken: why === 'taken' };
}

function afterFind(facts: Facts, situation: At<'lookedUp'>, told: Told): Decision {
	const { why, attempt, unsettled, now } = situation;
	const key = keyLookedUp(facts, situation);
	const ofThisTry = why === 'unknown' || (why === 'taken' && unsettled > 0);
	if (ofThisTry) return { do: 'adopt', told, key, attempt, origin: 'new' };
	const origin = why === 'left' ? 'remembered' : 'adopted';
	if (isUsable(told.task, now)) return { do: 'adopt', told, key, attempt, origin };
	return why === 'earlier' ? searchOrSend(facts) : firstSend(facts, attempt + 1);
}

function afterFirstLook(facts: Facts, { look, attempt }: At<'lookedUp'>): Decision {
	if (look.kind === 'absent' || look.kind === 'found') return send(attempt, 0);
	// Nobody promised that this service can look up: silence says nothing about it.
	if (look.kind === 'unanswered' && facts.gateway.externalIdLookUp === 'try')
		return send(attempt, 0);
	if (look.kind === 'unanswered') return { do: 'refuseUnchecked', error: look.error };
	return { do: 'refuse', error: look.error };
}

function afterSearch(facts: Facts, look: SearchLook): Decision {
	switch (look.kind) {
		case 'found':
			return {
				do: 'adopt',
				told: look.told,
				key: look.told.task.externalId ?? facts.keyOf(0),
				attempt: 0,
				origin: 'adopted',
			};
		case 'none':
			return firstSend(facts, 0);
		case 'unsupported':
			// A list that is known to be there did not answer, whoever said so in its place.
			if (facts.gateway.listRoute === 'known') return { do: 'refuseUnchecked', error: look.error };
			return firstSend(facts, 0);
		case 'unanswered':
			return { do: 'refuseUnchecked', error: look.error };
		case 'refused':
			return { do: 'refuse', error: look.error };
	}
}

function afterAnswer(facts: Facts, situation: At<'answered'>): Decision {
	const { outcome, attempt, unsettled, unsent } = situation;
	const key = keyFor(facts, attempt);
	switch (outcome.kind) {
		case 'accepted':
			return {
				do: 'adopt',
				told: { task: outcome.task, raw: outcome.raw },
				key,
				attempt,
				origin: 'new',
			};
		case 'refused':
			return { do: 'refuse', error: outcome.error };
		case 'busy':
			return { do: 'send', attempt, unsettled, unsent, because: 'busy' };
		case 'notSent':
			if (unsent + 1 >= MAX_UNSENT) return { do: 'refuse', error: outcome.error };
			return { do: 'send', attempt, unsettled, unsent: unsent + 1, because: 'notSent' };
		case 'taken':
			return lookUpOpen(facts, key, 'taken', attempt, unsettled, outcome.error);
		case 'unknown':
			return lookUpOpen(facts, key, 'unknown', attempt, unsettled + 1, outcome.error);
	}
}

/** A task may exist under this key: look for it, or where that is impossible say so. */
function lookUpOpen(
	facts: Facts,
	key: string,
	why: Why,
	attempt: number,
	unsettled: number,
	error?: KlingApiError,
): Decision {
	if (facts.gateway.externalIdLookUp === 'none') {
		return { do: 'endUnknown', key, error, taken: why === 'taken' };
	}
	return { do: 'lookUp', key, why, attempt, unsettled };
}

/** The key of an attempt; one that was used already stays, because some keys hold chance. */
export function keyFor(facts: Facts, attempt: number): string {
	const { entry } = facts;
	return entry?.attempt === attempt ? entry.key : facts.keyOf(attempt);
}

function keyLookedUp(facts: Facts, { why, attempt }: At<'lookedUp'>): string {
	if (why === 'earlier' && facts.earlier !== undefined) return facts.earlier.key;
	return keyFor(facts, attempt);
}

function rememberedOf(facts: Facts, source: Source): { id: string; key: string; attempt: number } {
	const of = { execution: facts.entry, earlier: facts.earlier, workflow: facts.workflow }[source];
	return { id: of?.id ?? '', key: of?.key ?? '', attempt: of?.attempt ?? 0 };
}

function send(attempt: number, unsettled: number): Decision {
	return { do: 'send', attempt, unsettled, unsent: 0 };
}

function fetchKnown(id: string, key: string, source: Source): Decision {
	return { do: 'fetch', id, key, source };
}

type At<Name extends Situation['at']> = Extract<Situation, { at: Name }>;
