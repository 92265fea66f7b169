// What is done next about an item: one table, a block of rows for each promise of decide.ts.
import type { CreateOutcome, FetchOutcome } from '../../../nodes/Kling/api/client';
import type { Task } from '../../../nodes/Kling/api/task';

import {
	decide,
	isUsable,
	type Action,
	type Facts,
	type Source,
	type State,
	type Why,
} from '../../../nodes/Kling/submission/decide';
import type { Entry } from '../../../nodes/Kling/submission/records';
import { said } from '../support/serviceModel';

const NOW = Date.UTC(2026, 0, 1);
const DAY = 24 * 60 * 60 * 1000;
const trusted = { listRoute: 'known', externalIdLookUp: 'trusted' } as const;
const tried = { listRoute: 'try', externalIdLookUp: 'try' } as const;
const blind = { listRoute: 'none', externalIdLookUp: 'none' } as const;

const missing: FetchOutcome = { kind: 'missing', error: said('missing', 'no such task') };
const noAnswer: FetchOutcome = { kind: 'transient', error: said('service', 'no answer') };
const keyRefused: FetchOutcome = { kind: 'refused', error: said('auth', 'wrong key') };

function task(over: Partial<Task> = {}): Task {
	const times = { createdAt: NOW, updatedAt: NOW };
	return { id: 'task-1', status: 'processing', videos: [], ...times, ...over };
}
const succeeded: Partial<Task> = {
	status: 'succeed',
	videos: [{ url: 'https://cdn.example/1.mp4' }],
};
const expired: Partial<Task> = { ...succeeded, updatedAt: NOW - 31 * DAY };
const failed: Partial<Task> = { status: 'failed' };
const found = (over: Partial<Task> = {}) => ({ kind: 'found', task: task(over), raw: {} }) as const;

function entry(over: Partial<Entry> = {}): Entry {
	return {
		key: 'key-0',
		fingerprint: 'f',
		executionId: '1',
		run: 0,
		item: 0,
		attempt: 0,
		state: 'sent',
		id: 'task-1',
		family: 'multiImage',
		at: NOW,
		...over,
	};
}
const pending = (state: 'sending' | 'unknown', key = 'key-0') =>
	entry({ state, key, id: undefined });

const start: State = { kind: 'start' };
const fetched = (source: Source, outcome: FetchOutcome): State => ({
	kind: 'fetched',
	source,
	id: 'task-1',
	key: 'key-0',
	attempt: 0,
	outcome,
	now: NOW,
});
const lookedUp = (why: Why, outcome: FetchOutcome, inDoubt = 0, attempt = 0): State => ({
	kind: 'lookedUp',
	why,
	key: `key-${attempt}`,
	attempt,
	inDoubt,
	outcome,
	now: NOW,
});
const answered = (
	kind: Exclude<CreateOutcome['kind'], 'accepted'>,
	inDoubt = 0,
	unsent = 0,
): State => ({
	kind: 'answered',
	key: 'key-0',
	attempt: 0,
	inDoubt,
	unsent,
	outcome: { kind, error: said('input', 'no') },
});
const searched = (outcome: Extract<State, { kind: 'searched' }>['outcome']): State => ({
	kind: 'searched',
	outcome,
	now: NOW,
});
const noList = searched({ kind: 'unsupported', error: said('missing', 'not found') });
const claimed = (id?: string): State => ({ kind: 'claimed', key: 'key-0', attempt: 0, id });

type Row = [what: string, over: Partial<Facts>, state: State, action: Partial<Action>];
const sends = { kind: 'send', attempt: 0, inDoubt: 0 } as const;
const sendsNext = { kind: 'send', attempt: 1, inDoubt: 0 } as const;
const looksFirst = { kind: 'lookUp', why: 'beforeFirstSend', key: 'key-0' } as const;
const retry = { isRetry: true, keyOutlivesRetry: true };
const olderRetry = { isRetry: true };
const known = { id: 'task-1', key: 'key-0', attempt: 0, at: NOW };

// A row of the table on a line:
// prettier-ignore
const promises: Record<string, Row[]> = {
	'1 Nothing is remembered, nothing can exist: send': [
		['the first submit', {}, start, sends],
		['a random key, also in a retry', { reuse: 'never', isRetry: true }, start, sends],
	],
	'2 A remembered task is asked for, not sent': [
		['by this execution', { entry: entry() }, start, { kind: 'fetch', source: 'execution' }],
		['by the retried one', { ...retry, earlier: entry() }, start, { kind: 'fetch', source: 'earlier' }],
		['over all executions', { reuse: 'workflow', known }, start, { kind: 'fetch', source: 'known' }],
	],
	'3 A remembered id is never lost because the service did not answer': [
		['by this execution', { entry: entry() }, fetched('execution', noAnswer), { kind: 'trust', id: 'task-1' }],
		['over all executions', { known }, fetched('known', noAnswer), { kind: 'trust', id: 'task-1' }],
	],
	'4 A paid task that the service does not show is named, not replaced': [
		['not found', { entry: entry() }, fetched('execution', missing), { kind: 'endLost', id: 'task-1' }],
		['refused', { entry: entry() }, fetched('execution', keyRefused), { kind: 'endLost' }],
		['over all executions, where the key can be looked up, the key decides', { reuse: 'workflow', known }, fetched('known', missing), looksFirst],
		['over all executions, where it cannot', { reuse: 'workflow', known, gateway: blind }, fetched('known', missing), { kind: 'endLost', id: 'task-1' }],
		['by a claim', { gateway: blind }, fetched('claim', missing), { kind: 'endLost' }],
	],
	'5 Adopt only what runs, or succeeded with a link that lives': [
		['runs', { entry: entry() }, fetched('execution', found()), { kind: 'adopt', origin: 'remembered' }],
		['expired', { entry: entry() }, fetched('execution', found(expired)), sendsNext],
		['found first', { ownKey: true }, lookedUp('beforeFirstSend', found(succeeded)), { kind: 'adopt', origin: 'adopted' }],
		[
			'made before a reset of the database, under a key of execution ids alone',
			{ mayBeRerun: true },
			lookedUp('beforeFirstSend', found({ ...succeeded, createdAt: NOW - 2 * DAY })),
			{ kind: 'lookUp', key: 'key-1' },
		],
		['as old, under the key of a retry that n8n tells apart', retry, lookedUp('beforeFirstSend', found({ ...succeeded, createdAt: NOW - 2 * DAY })), { kind: 'adopt' }],
	],
	'6 A failed task of an earlier try: a new attempt under a new key': [
		['asked for', { entry: entry() }, fetched('execution', found(failed)), sendsNext],
		['remembered as failed', { entry: entry({ state: 'ended', attempt: 1 }) }, start, { ...sendsNext, attempt: 2 }],
		['remembered by the retried execution', { ...retry, gateway: blind, earlier: entry({ state: 'ended' }) }, start, sendsNext],
		['looked up', { entry: pending('unknown') }, lookedUp('pending', found(failed), 1), sendsNext],
		['found before the first send', { ownKey: true }, lookedUp('beforeFirstSend', found(failed)), { kind: 'lookUp', key: 'key-1', attempt: 1 }],
		['found in the list', retry, searched({ ...found(failed), attempt: 2 }), { kind: 'lookUp', attempt: 3 }],
		['many times, so that nobody pays for ever', { ownKey: true }, lookedUp('beforeFirstSend', found(failed), 0, 20), { kind: 'giveUpAttempts' }],
	],
	'7 A task that failed in this very try is its result': [
		['after a lost answer', {}, lookedUp('inDoubt', found(failed), 1), { kind: 'adopt', origin: 'new' }],
		['when the second sending is a duplicate', {}, lookedUp('duplicateKey', found(failed), 1), { kind: 'adopt', origin: 'new' }],
	],
	'8 A submit in doubt is looked up before anything else': [
		['without an answer', {}, answered('unknown'), { kind: 'lookUp', why: 'inDoubt', inDoubt: 1 }],
		['pending from an earlier try', { entry: pending('sending', 'chance') }, start, { kind: 'lookUp', why: 'pending', key: 'chance', inDoubt: 1 }],
		['in doubt since an earlier try', { entry: pending('unknown') }, start, { kind: 'lookUp', why: 'pending' }],
		['pending from the retried execution', { ...retry, earlier: pending('unknown', 'old') }, start, { kind: 'lookUp', why: 'earlier', key: 'old' }],
	],
	'9 Sent once more only where a look-up proves that nothing is there': [
		['proven', {}, lookedUp('inDoubt', missing, 1), { kind: 'send', attempt: 0, inDoubt: 1 }],
		['no answer', {}, lookedUp('inDoubt', noAnswer, 1), { kind: 'endInDoubt' }],
		['refused', {}, lookedUp('inDoubt', keyRefused, 1), { kind: 'endInDoubt' }],
		['where a miss proves nothing', { gateway: tried }, lookedUp('inDoubt', missing, 1), { kind: 'endInDoubt', key: 'key-0' }],
		['proven for the retried execution', { ...retry, earlier: pending('unknown') }, lookedUp('earlier', missing), { kind: 'search' }],
	],
	'10 Never a third time in one try': [
		['after the second', {}, answered('unknown', 1), { kind: 'lookUp', inDoubt: 2 }],
		['proven twice', {}, lookedUp('inDoubt', missing, 2), { kind: 'endInDoubt', key: 'key-0' }],
	],
	'11 Else it ends with its key': [
		['where nothing can be looked up', { gateway: blind }, answered('unknown'), { kind: 'endInDoubt', key: 'key-0', duplicate: false }],
		['in the next try, too', { gateway: blind, entry: pending('unknown') }, start, { kind: 'endInDoubt', key: 'key-0' }],
		['in a retry, too', { ...retry, gateway: blind, earlier: pending('unknown', 'old') }, start, { kind: 'endInDoubt', key: 'old' }],
	],
	'12 The key is a duplicate: the task is looked for and adopted': [
		['looked for', {}, answered('taken'), { kind: 'lookUp', why: 'duplicateKey', inDoubt: 0 }],
		['found', {}, lookedUp('duplicateKey', found()), { kind: 'adopt', origin: 'adopted' }],
		['failed', {}, lookedUp('duplicateKey', found(failed)), sendsNext],
		['not shown', {}, lookedUp('duplicateKey', missing), { kind: 'endInDoubt', duplicate: true }],
	],
	'13 Look before the first send where the key may be known': [
		["a user's id", { ownKey: true }, start, looksFirst],
		['reuse over the workflow', { reuse: 'workflow' }, start, looksFirst],
		['an n8n that runs executions again by itself', { mayBeRerun: true }, start, looksFirst],
		['a retry, past the list', retry, searched({ kind: 'missing' }), looksFirst],
		['not with a random key', { mayBeRerun: true, reuse: 'never' }, start, sends],
		['not where the service cannot look up', { ownKey: true, gateway: blind }, start, sends],
		['then sent', { ownKey: true }, lookedUp('beforeFirstSend', missing), sends],
	],
	'14 If that look-up gets no answer nothing is sent': [
		['no answer', { ownKey: true }, lookedUp('beforeFirstSend', noAnswer), { kind: 'refuseUnchecked' }],
		['a wrong key', { ownKey: true }, lookedUp('beforeFirstSend', keyRefused), { kind: 'refuse' }],
		['but where nobody promised that it works', { ownKey: true, gateway: tried }, lookedUp('beforeFirstSend', noAnswer), sends],
	],
	'15 A retried execution looks for its tasks first, and sends the rest': [
		['in the list', retry, start, { kind: 'search' }],
		['past a failed task, where keys are new', { ...olderRetry, earlier: entry() }, fetched('earlier', found(failed)), { kind: 'search' }],
		['found', retry, searched({ ...found({ externalId: 'old' }), attempt: 0 }), { kind: 'adopt', key: 'old' }],
		['not found, where keys are new', olderRetry, searched({ kind: 'missing' }), sends],
		['no list, where nobody promised one', { ...olderRetry, gateway: tried }, noList, sends],
		['neither list nor look-up', { ...retry, gateway: blind }, start, sends],
	],
	'16 If that search gets no answer nothing is sent': [
		['no answer', retry, searched({ kind: 'transient', error: said('service', 'no') }), { kind: 'refuseUnchecked' }],
		['a list that is known to be there', retry, noList, { kind: 'refuseUnchecked' }],
		['a wrong key', retry, searched({ kind: 'refused', error: said('auth', 'no') }), { kind: 'refuse' }],
	],
	'17 Refused is refused, busy goes back to the queue': [
		['refused', {}, answered('refused'), { kind: 'refuse' }],
		['busy', {}, answered('busy'), { kind: 'send', because: 'busy' }],
	],
	'18 What never left is tried four times, then refused': [
		['the third time', {}, answered('notSent', 0, 2), { kind: 'send', because: 'notSent', unsent: 3 }],
		['the fourth time', {}, answered('notSent', 0, 3), { kind: 'refuse' }],
	],
	'19 A task that failed in the last try that Retry On Fail allows is the result of its item': [
		['remembered as failed', { triesUsedUp: true, entry: entry({ state: 'ended' }) }, start, { kind: 'fetch', source: 'execution' }],
		['asked for', { triesUsedUp: true, entry: entry() }, fetched('execution', found(failed)), { kind: 'adopt', origin: 'remembered' }],
		['looked up', { triesUsedUp: true, entry: pending('unknown') }, lookedUp('pending', found(failed), 1), { kind: 'adopt', origin: 'remembered' }],
		['while tries are left', { entry: entry() }, fetched('execution', found(failed)), sendsNext],
	],
	'20 A key that is claimed is not sent': [
		['its task is known', { gateway: blind }, claimed('task-1'), { kind: 'fetch', id: 'task-1', source: 'claim' }],
		['it is not', { gateway: blind }, claimed(), { kind: 'endClaimed', key: 'key-0' }],
		['its task failed', { gateway: blind }, fetched('claim', found(failed)), sendsNext],
	],
};

describe.each(Object.entries(promises))('%s', (_promise, rows) => {
	it.each(rows)('%s', (_what, over, state, action) => {
		const facts: Facts = {
			gateway: trusted,
			reuse: 'execution',
			ownKey: false,
			isRetry: false,
			keyOutlivesRetry: false,
			mayBeRerun: false,
			triesUsedUp: false,
			keyOf: (attempt) => `key-${attempt}`,
			...over,
		};
		expect(decide(facts, state)).toMatchObject(action);
	});
});

it.each([
	['runs', task(), true],
	['is submitted', task({ status: 'submitted' }), true],
	['succeeded with a living link', task(succeeded), true],
	['succeeded 31 days ago', task(expired), false],
	['failed', task(failed), false],
])('a task that %s may stand for an item, or not', (_what, one, usable) => {
	expect(isUsable(one, NOW)).toBe(usable);
});
