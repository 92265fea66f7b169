// Polling while the service lags, stumbles or refuses: nothing is given up that a later answer may bring.
import { pollAll } from '../../../nodes/Kling/waiting/poll';
import { answered, clientOf, page } from '../api/oneAnswer';
import { said } from '../support/serviceModel';
import { awaited, kinds, make, MINUTE, running, stage } from '../support/polling';

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

	it('is not ended by the web page of a proxy that has lost the service for a while', async () => {
		const { clock, service, ports } = stage({ gateway: 'ezmodel' });
		const fetch = service.fetch.bind(service);
		const { client } = clientOf('ezmodel', answered(404, page));
		service.fetch = client.fetch;
		const polling = pollAll(awaited(make(service, 2), clock.now() + 30 * MINUTE), ports, 10_000);
		await clock.pass(5 * MINUTE);
		service.fetch = fetch;
		expect(kinds(await clock.run(polling))).toEqual(['finished', 'finished']);
	});

	it('is over soon after the deadline, though the service hangs and lists nothing', async () => {
		const { clock, service, ports } = stage({
			gateway: 'ezmodel',
			latencyMs: 30_000,
			readFault: () => true,
		});
		const startedAt = clock.now();
		const tasks = awaited(make(service, 1000), startedAt + 10 * MINUTE);
		const outcomes = await clock.run(pollAll(tasks, ports, 10_000));
		expect(kinds(outcomes)).toEqual(Array(1000).fill('timedOut'));
		expect(outcomes[999]).toMatchObject({ lastKnown: { task: { id: 'task-1000' } } });
		expect(clock.now() - startedAt).toBeLessThan(12 * MINUTE);
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
