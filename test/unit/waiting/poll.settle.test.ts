// The few seconds before an execution parks, in which tasks may still end.
import { settle } from '../../../nodes/Kling/waiting/poll';
import { awaited, make, MINUTE, stage } from '../support/polling';

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
