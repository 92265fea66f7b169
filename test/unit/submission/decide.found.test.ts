// What is done about a task that is remembered or found: it is adopted, kept, named, or passed over.
import { decide, isUsable } from '../../../nodes/Kling/submission/decide';
import type { Task } from '../../../nodes/Kling/api/task';
import {
	absent,
	entry,
	expired,
	facts,
	fetched,
	found,
	keyRefused,
	lookedUp,
	NOW,
	openEntry,
	sendsFirst,
	succeeded,
	task,
	unanswered,
} from '../support/deciding';

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
