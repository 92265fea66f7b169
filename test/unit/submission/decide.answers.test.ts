// What is done about the answer to a submit: none, a refusal, a plea for patience, or a key that is taken.
import { decide } from '../../../nodes/Kling/submission/decide';
import {
	absent,
	blind,
	facts,
	found,
	keyRefused,
	lookedUp,
	openEntry,
	sendsAgain,
	sendsFirst,
	tried,
	unanswered,
} from '../support/deciding';
import { said } from '../support/serviceModel';

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
