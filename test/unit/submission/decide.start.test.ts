// What is done first about an item: send, look before the first send, or search in a retried execution.
import { decide } from '../../../nodes/Kling/submission/decide';
import {
	absent,
	blind,
	entry,
	facts,
	fetched,
	found,
	keyRefused,
	lookedUp,
	openEntry,
	sendsFirst,
	succeeded,
	task,
	tried,
	unanswered,
} from '../support/deciding';
import { said } from '../support/serviceModel';

describe('first submit', () => {
	it('is sent at once when nothing is remembered and nothing can exist', () => {
		expect(decide(facts(), { at: 'start' })).toEqual(sendsFirst);
	});

	it('is sent at once with a random key as well', () => {
		expect(decide(facts({ reuse: 'never', isRetry: true }), { at: 'start' })).toEqual(sendsFirst);
	});
});

describe('look before the first send', () => {
	it.each([{ ownKey: true }, { reuse: 'workflow' as const }, { mayBeRerun: true }])('is taken for %j', (over) => {
		const decision = decide(facts(over), { at: 'start' });
		expect(decision).toMatchObject({ do: 'lookUp', why: 'beforeFirstSend', key: 'key-0' });
	});

	it('is left out where a random key cannot be known', () => {
		const over = { mayBeRerun: true, reuse: 'never' as const };
		expect(decide(facts(over), { at: 'start' })).toEqual(sendsFirst);
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
	});

	it('sends where the service has no list, but not where one is known to be there', () => {
		const look = { kind: 'unsupported', error: said('missing', 'not found') } as const;
		const searched = { at: 'searched', look } as const;
		expect(decide(facts({ ...retry, gateway: tried }), searched)).toEqual(sendsFirst);
		expect(decide(facts(retry), searched)).toMatchObject({ do: 'refuseUnchecked' });
	});

	it('sends nothing when the list does not answer', () => {
		const look = { kind: 'unanswered', error: said('service', 'no answer') } as const;
		expect(decide(facts(retry), { at: 'searched', look })).toMatchObject({ do: 'refuseUnchecked' });
	});
});
