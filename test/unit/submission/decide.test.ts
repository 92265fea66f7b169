import { decide, isUsable } from '../../../nodes/Kling/submission/decide';
import type { Facts, Look } from '../../../nodes/Kling/submission/facts';
import type { Entry } from '../../../nodes/Kling/submission/memory';
import type { Task } from '../../../nodes/Kling/api/task';
import { said } from '../support/serviceModel';

const NOW = Date.UTC(2026, 0, 1);
const DAY = 24 * 60 * 60 * 1000;
const trusted = {
	listRoute: 'known',
	externalIdLookUp: 'trusted',
	lookUpProvesAbsence: true,
} as const;
const blind = { listRoute: 'none', externalIdLookUp: 'none', lookUpProvesAbsence: false } as const;
const tried = { listRoute: 'try', externalIdLookUp: 'try', lookUpProvesAbsence: false } as const;

const absent: Look = { kind: 'absent', error: said('missing', 'no such task') };
const unanswered: Look = { kind: 'unanswered', error: said('service', 'no answer') };
const keyRefused: Look = { kind: 'refused', error: said('auth', 'wrong key') };

function facts(over: Partial<Facts> = {}): Facts {
	return {
		gateway: trusted,
		reuse: 'execution',
		ownKey: false,
		isRetry: false,
		keyOf: (attempt) => `key-${attempt}`,
		...over,
	};
}

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

const openEntry = (state: 'sending' | 'unknown') => entry({ state, id: undefined });

function task(over: Partial<Task> = {}): Task {
	return {
		id: 'task-1',
		status: 'processing',
		videos: [],
		createdAt: NOW,
		updatedAt: NOW,
		...over,
	};
}

const found = (over: Partial<Task> = {}): Look => ({
	kind: 'found',
	told: { task: task(over), raw: {} },
});
const succeeded: Partial<Task> = {
	status: 'succeed',
	videos: [{ url: 'https://cdn.example/1.mp4' }],
};
const expired: Partial<Task> = { ...succeeded, updatedAt: NOW - 31 * DAY };

const fetched = (source: 'execution' | 'earlier' | 'workflow', look: Look) =>
	({ at: 'fetched', source, look, now: NOW }) as const;
const lookedUp = (
	why: 'beforeFirstSend' | 'unknown' | 'left' | 'earlier' | 'taken',
	look: Look,
	unsettled = 1,
	attempt = 0,
) => ({ at: 'lookedUp', why, attempt, unsettled, look, now: NOW }) as const;

const sendsAgain = { do: 'send', attempt: 0, unsettled: 1, unsent: 0 };
const sendsFirst = { do: 'send', attempt: 0, unsettled: 0, unsent: 0 };

describe('first submit', () => {
	it('is sent at once when nothing is remembered and nothing can exist', () => {
		expect(decide(facts(), { at: 'start' })).toEqual(sendsFirst);
	});

	it('is sent at once with a random key as well', () => {
		expect(decide(facts({ reuse: 'never', isRetry: true }), { at: 'start' })).toEqual(sendsFirst);
	});
});

describe('remembered', () => {
	it('is asked for by its id, not sent', () => {
		const decision = decide(facts({ entry: entry() }), { at: 'start' });
		expect(decision).toEqual({ do: 'fetch', id: 'task-1', key: 'key-0', source: 'execution' });
	});

	it('is kept when the service does not answer', () => {
		const decision = decide(facts({ entry: entry() }), fetched('execution', unanswered));
		expect(decision).toMatchObject({ do: 'trust', id: 'task-1', key: 'key-0' });
	});

	it.each([absent, keyRefused])(
		'is named and not replaced when the service does not show it (%#)',
		(look) => {
			const decision = decide(facts({ entry: entry() }), fetched('execution', look));
			expect(decision).toMatchObject({ do: 'lost', id: 'task-1' });
		},
	);

	it('by the workflow only, and unknown to the service, gives way to the key', () => {
		const workflow = { id: 'task-1', key: 'key-0', attempt: 0, at: NOW };
		const decision = decide(facts({ reuse: 'workflow', workflow }), fetched('workflow', absent));
		expect(decision).toMatchObject({ do: 'lookUp', key: 'key-0', why: 'beforeFirstSend' });
	});
});

describe('adoption', () => {
	it.each([
		['runs', task(), true],
		['is submitted', task({ status: 'submitted' }), true],
		['succeeded with a living link', task(succeeded), true],
		['succeeded 31 days ago', task(expired), false],
		['failed', task({ status: 'failed' }), false],
	])('of a task that %s: %#', (_, one, usable) => {
		expect(isUsable(one, NOW)).toBe(usable);
	});

	it('takes a remembered task that runs', () => {
		const decision = decide(facts({ entry: entry() }), fetched('execution', found()));
		expect(decision).toMatchObject({ do: 'adopt', origin: 'remembered', key: 'key-0' });
	});

	it.each<Partial<Task>>([{ status: 'failed' }, expired])(
		'passes over what is of no use, with a new attempt under a new key (%#)',
		(useless) => {
			const decision = decide(facts({ entry: entry() }), fetched('execution', found(useless)));
			expect(decision).toEqual({ ...sendsFirst, attempt: 1 });
		},
	);

	it('starts a new attempt where the memory says that the task failed', () => {
		const decision = decide(facts({ entry: entry({ state: 'ended', attempt: 1 }) }), {
			at: 'start',
		});
		expect(decision).toEqual({ ...sendsFirst, attempt: 2 });
	});

	it('takes a task that this very try made, even when it has failed meanwhile', () => {
		const decision = decide(facts(), lookedUp('unknown', found({ status: 'failed' })));
		expect(decision).toMatchObject({ do: 'adopt', origin: 'new' });
	});

	it('does not take the failed task of an earlier try', () => {
		const decision = decide(
			facts({ entry: openEntry('unknown') }),
			lookedUp('left', found({ status: 'failed' })),
		);
		expect(decision).toEqual({ ...sendsFirst, attempt: 1 });
	});

	it('gives up after many failed attempts, so that nobody pays for ever', () => {
		const failed = found({ status: 'failed' });
		const decision = decide(facts({ ownKey: true }), lookedUp('beforeFirstSend', failed, 0, 20));
		expect(decision).toMatchObject({ do: 'giveUpAttempts' });
	});
});

describe('unknown outcome', () => {
	const unknown = { kind: 'unknown', error: said('network', 'no answer') } as const;
	const answered = (unsettled: number) =>
		({ at: 'answered', attempt: 0, unsettled, unsent: 0, outcome: unknown }) as const;

	it('is looked up', () => {
		expect(decide(facts(), answered(0))).toMatchObject({
			do: 'lookUp',
			why: 'unknown',
			unsettled: 1,
		});
	});

	it.each(['sending', 'unknown'] as const)(
		'left as "%s" by an earlier try is looked up first',
		(state) => {
			const decision = decide(facts({ entry: openEntry(state) }), { at: 'start' });
			expect(decision).toMatchObject({ do: 'lookUp', why: 'left', key: 'key-0', unsettled: 1 });
		},
	);

	it('keeps the key it was sent with', () => {
		const decision = decide(facts({ entry: { ...openEntry('sending'), key: 'chance' } }), {
			at: 'start',
		});
		expect(decision).toMatchObject({ do: 'lookUp', key: 'chance' });
	});

	it('is sent once more where the look-up proves absence', () => {
		expect(decide(facts(), lookedUp('unknown', absent))).toEqual(sendsAgain);
	});

	it('is not sent a third time', () => {
		expect(decide(facts(), lookedUp('unknown', absent, 2))).toMatchObject({
			do: 'endUnknown',
			key: 'key-0',
		});
	});

	it('is looked up again after the second sending', () => {
		expect(decide(facts(), answered(1))).toMatchObject({ do: 'lookUp', unsettled: 2 });
	});

	it.each([unanswered, keyRefused])('is not sent again without an answer (%#)', (look) => {
		expect(decide(facts(), lookedUp('unknown', look))).toMatchObject({ do: 'endUnknown' });
	});

	it('is not sent again where a look-up proves nothing', () => {
		const decision = decide(facts({ gateway: tried }), lookedUp('unknown', absent));
		expect(decision).toMatchObject({ do: 'endUnknown', key: 'key-0' });
	});

	it('ends with its key where nothing can be looked up, in this try and in the next', () => {
		expect(decide(facts({ gateway: blind }), answered(0))).toMatchObject({
			do: 'endUnknown',
			key: 'key-0',
		});
		const next = facts({ gateway: blind, entry: openEntry('unknown') });
		expect(decide(next, { at: 'start' })).toMatchObject({ do: 'endUnknown', key: 'key-0' });
	});
});

describe('taken', () => {
	const taken = { kind: 'taken', error: said('taken', 'duplicate') } as const;

	it('means that the task is looked for', () => {
		const decision = decide(facts(), {
			at: 'answered',
			attempt: 0,
			unsettled: 0,
			unsent: 0,
			outcome: taken,
		});
		expect(decision).toMatchObject({ do: 'lookUp', why: 'taken', unsettled: 0 });
	});

	it('adopts what is found', () => {
		expect(decide(facts(), lookedUp('taken', found(), 0))).toMatchObject({
			do: 'adopt',
			origin: 'adopted',
		});
	});

	it('by the failed task of an earlier try starts a new attempt', () => {
		const decision = decide(facts(), lookedUp('taken', found({ status: 'failed' }), 0));
		expect(decision).toEqual({ ...sendsFirst, attempt: 1 });
	});

	it('by the failed task of this try gives that task', () => {
		const decision = decide(facts(), lookedUp('taken', found({ status: 'failed' }), 1));
		expect(decision).toMatchObject({ do: 'adopt', origin: 'new' });
	});

	it('without a task to be seen is not sent again', () => {
		expect(decide(facts(), lookedUp('taken', absent, 0))).toMatchObject({
			do: 'endUnknown',
			taken: true,
		});
	});
});

describe('look before the first send', () => {
	it.each([{ ownKey: true }, { reuse: 'workflow' as const }])('is taken for %j', (over) => {
		const decision = decide(facts(over), { at: 'start' });
		expect(decision).toMatchObject({ do: 'lookUp', why: 'beforeFirstSend', key: 'key-0' });
	});

	it('is left out where the service cannot look up', () => {
		expect(decide(facts({ ownKey: true, gateway: blind }), { at: 'start' })).toEqual(sendsFirst);
	});

	it('adopts what a second execution with the same id finds', () => {
		const decision = decide(
			facts({ ownKey: true }),
			lookedUp('beforeFirstSend', found(succeeded), 0),
		);
		expect(decision).toMatchObject({ do: 'adopt', origin: 'adopted' });
	});

	it('goes on to the next attempt past a failed task', () => {
		const failed = found({ status: 'failed' });
		const decision = decide(facts({ ownKey: true }), lookedUp('beforeFirstSend', failed, 0));
		expect(decision).toMatchObject({ do: 'lookUp', key: 'key-1', attempt: 1 });
	});

	it('sends when there is none', () => {
		expect(decide(facts({ ownKey: true }), lookedUp('beforeFirstSend', absent, 0))).toEqual(
			sendsFirst,
		);
	});

	it('sends nothing when it gets no answer', () => {
		const decision = decide(facts({ ownKey: true }), lookedUp('beforeFirstSend', unanswered, 0));
		expect(decision).toMatchObject({ do: 'refuseUnchecked' });
	});

	it('does not stand in the way where nobody promised that it works', () => {
		const decision = decide(
			facts({ ownKey: true, gateway: tried }),
			lookedUp('beforeFirstSend', unanswered, 0),
		);
		expect(decision).toEqual(sendsFirst);
	});

	it('ends with a wrong key', () => {
		const decision = decide(facts({ ownKey: true }), lookedUp('beforeFirstSend', keyRefused, 0));
		expect(decision).toMatchObject({ do: 'refuse' });
	});
});

describe('retried execution', () => {
	const retry = { isRetry: true };

	it('searches the list first', () => {
		expect(decide(facts(retry), { at: 'start' })).toEqual({ do: 'search' });
	});

	it('asks for what the earlier execution remembers before it searches', () => {
		const decision = decide(facts({ ...retry, earlier: entry({ executionId: '0' }) }), {
			at: 'start',
		});
		expect(decision).toMatchObject({ do: 'fetch', id: 'task-1', source: 'earlier' });
	});

	it('searches on when the earlier task failed', () => {
		const known = facts({ ...retry, earlier: entry({ executionId: '0' }) });
		expect(decide(known, fetched('earlier', found({ status: 'failed' })))).toEqual({
			do: 'search',
		});
	});

	it('looks up what the earlier execution left open, and sends only past a proof', () => {
		const earlier = { ...openEntry('unknown'), key: 'old' };
		const known = facts({ ...retry, earlier });
		expect(decide(known, { at: 'start' })).toMatchObject({
			do: 'lookUp',
			key: 'old',
			why: 'earlier',
		});
		expect(decide(known, lookedUp('earlier', absent, 0))).toEqual({ do: 'search' });
		expect(decide(known, lookedUp('earlier', unanswered, 0))).toMatchObject({
			do: 'endUnknown',
			key: 'old',
		});
		expect(decide({ ...known, gateway: blind }, { at: 'start' })).toMatchObject({
			do: 'endUnknown',
			key: 'old',
		});
	});

	it('adopts what the search finds, and sends what it does not', () => {
		const look = { kind: 'found', told: { task: task({ externalId: 'old' }), raw: {} } } as const;
		expect(decide(facts(retry), { at: 'searched', look })).toMatchObject({
			do: 'adopt',
			key: 'old',
		});
		expect(decide(facts(retry), { at: 'searched', look: { kind: 'none' } })).toEqual(sendsFirst);
		expect(decide(facts(retry), { at: 'searched', look: { kind: 'unsupported' } })).toEqual(
			sendsFirst,
		);
	});

	it('sends nothing when the list does not answer', () => {
		const look = { kind: 'unanswered', error: said('service', 'no answer') } as const;
		expect(decide(facts(retry), { at: 'searched', look })).toMatchObject({ do: 'refuseUnchecked' });
	});
});

describe('answers', () => {
	const after = (outcome: 'refused' | 'busy' | 'notSent', unsent = 0) =>
		decide(facts(), {
			at: 'answered',
			attempt: 0,
			unsettled: 0,
			unsent,
			outcome: { kind: outcome, error: said('input', 'no') },
		});

	it('that refuse are the end', () => {
		expect(after('refused')).toMatchObject({ do: 'refuse' });
	});

	it('that ask for patience put the item back into the queue', () => {
		expect(after('busy')).toMatchObject({ do: 'send', because: 'busy' });
	});

	it('that never came, because nothing left, are tried four times in all', () => {
		expect(after('notSent', 2)).toMatchObject({ do: 'send', because: 'notSent', unsent: 3 });
		expect(after('notSent', 3)).toMatchObject({ do: 'refuse' });
	});
});
