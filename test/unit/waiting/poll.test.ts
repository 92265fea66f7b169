// Polling: the whole batch is asked for at once, and the wait ends with videos, at the deadline or by Stop.
import { pollAll } from '../../../nodes/Kling/waiting/poll';
import { awaited, kinds, make, MINUTE, stage } from '../support/polling';

describe('polling', () => {
	it('ends with every task finished, in order, with its video or its reason', async () => {
		const { clock, service, ports } = stage();
		const rows = make(service, 3);
		if (rows[1]) rows[1].fails = true;
		const outcomes = await clock.run(
			pollAll(awaited(rows, clock.now() + 30 * MINUTE), ports, 10_000),
		);
		expect(outcomes).toMatchObject([
			{ kind: 'finished', task: { id: 'task-1', status: 'succeed' } },
			{
				kind: 'finished',
				task: { id: 'task-2', status: 'failed', reason: 'Image pixel is invalid' },
			},
			{ kind: 'finished', task: { id: 'task-3', status: 'succeed' } },
		]);
	});

	it('asks once a round for the whole batch where the service lists', async () => {
		const { clock, service, ports, rounds } = stage();
		const tasks = awaited(make(service, 40), clock.now() + 30 * MINUTE);
		await clock.run(pollAll(tasks, ports, 10_000));
		expect(rounds.every(({ requests }) => requests === 1)).toBe(true);
		expect(service.calls.length / 40).toBeLessThan(0.5);
	});

	it.each(['ezmodel', 'custom'] as const)(
		'asks for each task by itself on %s, which does not list',
		async (gateway) => {
			const { clock, service, ports } = stage({ gateway });
			const tasks = awaited(make(service, 4), clock.now() + 30 * MINUTE);
			expect(kinds(await clock.run(pollAll(tasks, ports, 10_000)))).toEqual(
				Array(4).fill('finished'),
			);
			expect(service.count('list')).toBe(gateway === 'custom' ? 1 : 0);
		},
	);

	it('asks for a single task by itself', async () => {
		const { clock, service, ports } = stage();
		await clock.run(pollAll(awaited(make(service, 1), clock.now() + 30 * MINUTE), ports, 10_000));
		expect(service.count('list')).toBe(0);
	});

	it('does not ask at all for what is finished already', async () => {
		const { clock, service, ports } = stage();
		const [task] = awaited(make(service, 1), clock.now());
		const snapshot = { task: { id: 'task-1', status: 'failed' as const, videos: [] }, raw: {} };
		const outcomes = await clock.run(
			pollAll(task ? [{ ...task, lastKnown: snapshot }] : [], ports, 10_000),
		);
		expect(kinds(outcomes)).toEqual(['finished']);
		expect(service.calls).toEqual([]);
	});

	it('finds tasks that are pages deep in the list, and never asks for more pages than there are tasks', async () => {
		const { clock, service, ports } = stage();
		const rows = make(service, 3, {
			createdAt: clock.now() - MINUTE,
			endsAt: clock.now() + MINUTE,
		});
		for (let index = 0; index < 1200; index++) service.add({ key: `other-${index}` });
		const tasks = awaited(rows, clock.now() + 30 * MINUTE);
		expect(kinds(await clock.run(pollAll(tasks, ports, 30_000)))).toEqual(
			Array(3).fill('finished'),
		);
	});

	it('reads a second page of the list rather than ask for forty tasks singly', async () => {
		const { clock, service, ports, rounds } = stage();
		const rows = make(service, 40, {
			createdAt: clock.now() - MINUTE,
			endsAt: clock.now() + 10_000,
		});
		for (let index = 0; index < 700; index++) service.add({ key: `other-${index}` });
		await clock.run(pollAll(awaited(rows, clock.now() + 30 * MINUTE), ports, 30_000));
		expect(rounds).toEqual([{ requests: 2, open: 40, finished: 40 }]);
	});

	it('keeps the id it was given', async () => {
		const { clock, service, ports } = stage();
		const tasks = awaited(make(service, 2), clock.now() + 30 * MINUTE);
		const renamed = tasks.map((task, index) => ({ ...task, id: `platform-${index}` }));
		const outcomes = await clock.run(pollAll(renamed, ports, 10_000));
		expect(outcomes).toMatchObject([
			{ task: { id: 'platform-0' } },
			{ task: { id: 'platform-1' } },
		]);
	});
});

describe('the deadline of a poll', () => {
	it('ends the wait with what was last known, and is not overrun', async () => {
		const { clock, service, ports } = stage({ renderMs: 60 * MINUTE });
		const deadline = clock.now() + 2 * MINUTE;
		const outcomes = await clock.run(pollAll(awaited(make(service, 3), deadline), ports, 10_000));
		expect(outcomes[0]).toMatchObject({
			kind: 'timedOut',
			lastKnown: { task: { status: 'processing' } },
		});
		expect(kinds(outcomes)).toEqual(Array(3).fill('timedOut'));
		expect(clock.now() - deadline).toBeLessThan(2_000);
	});

	it("is each task's own", async () => {
		const { clock, service, ports } = stage();
		const tasks = awaited(make(service, 2), clock.now() + 30 * MINUTE);
		const [first, second] = tasks;
		if (!first || !second) throw new Error('two tasks were made');
		const outcomes = await clock.run(
			pollAll([{ ...first, deadline: clock.now() + MINUTE }, second], ports, 10_000),
		);
		expect(kinds(outcomes)).toEqual(['timedOut', 'finished']);
	});

	it('does not give a task up on the word of a list that lags', async () => {
		const { clock, service, ports } = stage({ listLagMs: 10 * MINUTE });
		const rows = make(service, 3, {
			createdAt: clock.now() - 11 * MINUTE,
			endsAt: clock.now() + 4 * MINUTE,
		});
		const outcomes = await clock.run(
			pollAll(awaited(rows, clock.now() + 5 * MINUTE), ports, 10_000),
		);
		expect(kinds(outcomes)).toEqual(Array(3).fill('finished'));
	});
});

describe('Stop during a poll', () => {
	it('ends it within a second, with what was last known', async () => {
		const stop = new AbortController();
		const { clock, service, ports } = stage();
		const tasks = awaited(make(service, 5), clock.now() + 30 * MINUTE);
		const polling = pollAll(tasks, { ...ports, signal: stop.signal }, 60_000);
		await clock.pass(90_000);
		stop.abort();
		const stoppedAt = clock.now();
		const outcomes = await clock.run(polling);
		expect(clock.now() - stoppedAt).toBeLessThan(1_000);
		expect(outcomes[0]).toMatchObject({ kind: 'stopped', lastKnown: { task: { id: 'task-1' } } });
	});
});
