import {
	pollAll,
	settle,
	type Awaited,
	type PollOutcome,
	type PollPorts,
	type Round,
} from '../../../nodes/Kling/waiting/poll';
import {
	multiImage,
	said,
	ServiceModel,
	type Row,
	type ServiceOptions,
} from '../support/serviceModel';
import { seeded, VirtualClock } from '../support/virtualClock';

const MINUTE = 60_000;

function stage(options: Partial<ServiceOptions> = {}) {
	const clock = new VirtualClock();
	const service = new ServiceModel({ clock, renderMs: 3 * MINUTE, ...options });
	const rounds: Round[] = [];
	const ports: PollPorts = {
		client: service,
		gateway: service.gateway,
		clock,
		random: seeded(1),
		onRound: (round) => rounds.push(round),
	};
	return { clock, service, ports, rounds };
}

function make(service: ServiceModel, count: number, over: Partial<Row> = {}): Row[] {
	return Array.from({ length: count }, (_, index) => service.add({ key: `key-${index}`, ...over }));
}

function awaited(rows: readonly Row[], deadline: number): Awaited[] {
	return rows.map(({ id, key, createdAt }) => ({
		id,
		key,
		family: multiImage,
		deadline,
		lastKnown: {
			task: { id, status: 'submitted', videos: [], createdAt, updatedAt: createdAt },
			raw: {},
		},
	}));
}

function running(id: string) {
	return { task: { id, status: 'processing' as const, videos: [] }, raw: {} };
}

function kinds(outcomes: readonly PollOutcome[]): string[] {
	return outcomes.map(({ kind }) => kind);
}

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
		const told = { task: { id: 'task-1', status: 'failed' as const, videos: [] }, raw: {} };
		const outcomes = await clock.run(
			pollAll(task ? [{ ...task, lastKnown: told }] : [], ports, 10_000),
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

describe('a poll in bad weather', () => {
	it('asks singly for tasks that a lagging list does not show yet', async () => {
		const { clock, service, ports } = stage({ listLagMs: 60 * MINUTE });
		const tasks = awaited(make(service, 3), clock.now() + 30 * MINUTE);
		expect(kinds(await clock.run(pollAll(tasks, ports, 10_000)))).toEqual(
			Array(3).fill('finished'),
		);
	});

	it('does not count how often the service stumbles', async () => {
		let down = true;
		const { clock, service, ports } = stage({ readFault: () => down });
		const tasks = awaited(make(service, 3), clock.now() + 60 * MINUTE);
		const polling = pollAll(tasks, ports, 5_000);
		await clock.pass(20 * MINUTE);
		down = false;
		expect(kinds(await clock.run(polling))).toEqual(Array(3).fill('finished'));
		expect(service.calls.length).toBeLessThan(80);
	});

	it('goes on without the list when only the list stumbles', async () => {
		const { clock, service, ports } = stage();
		service.list = async () => ({ kind: 'transient', error: said('service', 'no answer') });
		const tasks = awaited(make(service, 3), clock.now() + 30 * MINUTE);
		expect(kinds(await clock.run(pollAll(tasks, ports, 10_000)))).toEqual(
			Array(3).fill('finished'),
		);
	});

	it('ends at once with a wrong key', async () => {
		const { clock, service, ports } = stage();
		const startedAt = clock.now();
		service.fetch = async () => ({ kind: 'refused', error: said('auth', 'wrong key') });
		service.list = async () => ({ kind: 'refused', error: said('auth', 'wrong key') });
		const tasks = awaited(make(service, 3), clock.now() + 30 * MINUTE);
		const outcomes = await clock.run(pollAll(tasks, ports, 10_000));
		expect(outcomes[0]).toMatchObject({ kind: 'refused', lastKnown: { task: { id: 'task-1' } } });
		expect(clock.now() - startedAt).toBeLessThan(15_000);
	});

	it('believes that a task is unknown only after two minutes', async () => {
		const { clock, service, ports } = stage();
		const rows = make(service, 1);
		service.rows.length = 0;
		const polling = pollAll(awaited(rows, clock.now() + 30 * MINUTE), ports, 10_000);
		const startedAt = clock.now();
		expect(kinds(await clock.run(polling))).toEqual(['refused']);
		expect(clock.now() - startedAt).toBeGreaterThan(2 * MINUTE);
	});

	it('waits for a task that becomes visible late', async () => {
		const { clock, service, ports } = stage({ visibleAfterMs: MINUTE });
		const tasks = awaited(make(service, 1), clock.now() + 30 * MINUTE);
		expect(kinds(await clock.run(pollAll(tasks, ports, 10_000)))).toEqual(['finished']);
	});

	it('prefers what it knows to a row that is older', async () => {
		const stop = new AbortController();
		const { clock, service, ports } = stage({ listLagMs: 30_000, renderMs: 60 * MINUTE });
		const rows = make(service, 2, { createdAt: clock.now() - 35_000 });
		const tasks = awaited(rows, clock.now() + 30 * MINUTE).map((task) => ({
			...task,
			lastKnown: running(task.id),
		}));
		const polling = pollAll(tasks, { ...ports, signal: stop.signal }, 2_000);
		await clock.pass(3_000);
		stop.abort();
		const outcomes = await clock.run(polling);
		expect(outcomes[0]).toMatchObject({ lastKnown: { task: { status: 'processing' } } });
		expect(service.count('list')).toBe(1);
	});

	it('asks singly for a task that the list calls finished without its video', async () => {
		const { clock, service, ports } = stage();
		const list = service.list.bind(service);
		service.list = async (...page) => {
			const outcome = await list(...page);
			if (outcome.kind !== 'page') return outcome;
			return {
				...outcome,
				tasks: outcome.tasks.map(({ task, raw }) => ({ task: { ...task, videos: [] }, raw })),
			};
		};
		const tasks = awaited(make(service, 2), clock.now() + 30 * MINUTE);
		const outcomes = await clock.run(pollAll(tasks, ports, 10_000));
		expect(outcomes).toMatchObject(
			Array(2).fill({ task: { videos: [{ url: expect.stringContaining('.mp4') }] } }),
		);
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

describe('before parking', () => {
	it('gives tasks a few seconds to end, and asks once', async () => {
		const { clock, service, ports } = stage({ renderMs: 2_000 });
		const startedAt = clock.now();
		const settled = await clock.run(settle(awaited(make(service, 3), 0), ports));
		expect(settled.map(({ kind }) => kind)).toEqual(Array(3).fill('finished'));
		expect(service.calls).toHaveLength(1);
		expect(clock.now() - startedAt).toBeLessThan(5_000);
	});

	it('leaves open what still runs, with its newest status', async () => {
		const { clock, service, ports } = stage({ gateway: 'ezmodel' });
		const rows = make(service, 2, { createdAt: clock.now() - 20_000 });
		const settled = await clock.run(settle(awaited(rows, 0), ports));
		expect(settled).toMatchObject(
			Array(2).fill({ kind: 'open', lastKnown: { task: { status: 'processing' } } }),
		);
	});

	it('does not wait for a service that hangs', async () => {
		const { clock, service, ports } = stage({ latencyMs: 10 * MINUTE });
		const startedAt = clock.now();
		const settled = await clock.run(settle(awaited(make(service, 2), 0), ports));
		expect(settled.map(({ kind }) => kind)).toEqual(['open', 'open']);
		expect(clock.now() - startedAt).toBeLessThan(12_000);
	});

	it('costs nothing when all are finished', async () => {
		const { clock, service, ports } = stage();
		const [task] = awaited(make(service, 1), 0);
		const told = { task: { id: 'task-1', status: 'failed' as const, videos: [] }, raw: {} };
		await clock.run(settle(task ? [{ ...task, lastKnown: told }] : [], ports));
		expect(service.calls).toEqual([]);
	});
});
