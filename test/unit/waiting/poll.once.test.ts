// One round of asking: before the first sleep, in which tasks may still end, and at each wake-up.
import { pollOnce } from '../../../nodes/Kling/waiting/poll';
import { awaited, make, MINUTE, running, stage } from '../support/polling';
import { multiImage } from '../support/serviceModel';

describe('before the first sleep', () => {
	it('gives tasks a few seconds to end, and asks once', async () => {
		const { clock, service, ports } = stage({ renderMs: 2_000 });
		const startedAt = clock.now();
		const settled = await clock.run(pollOnce(awaited(make(service, 3), Infinity), ports, 'settle'));
		expect(settled.map(({ kind }) => kind)).toEqual(Array(3).fill('finished'));
		expect(service.calls).toHaveLength(1);
		expect(clock.now() - startedAt).toBeLessThan(5_000);
	});

	it('leaves open what still runs, with its newest status', async () => {
		const { clock, service, ports } = stage({ gateway: 'ezmodel' });
		const rows = make(service, 2, { createdAt: clock.now() - 20_000 });
		const settled = await clock.run(pollOnce(awaited(rows, Infinity), ports, 'settle'));
		expect(settled).toMatchObject(
			Array(2).fill({ kind: 'open', lastKnown: { task: { status: 'processing' } } }),
		);
	});

	it.each([
		['settle', 12_000],
		['wake', 61_000],
	] as const)('does not wait for a service that hangs (%s)', async (when, limitMs) => {
		const { clock, service, ports } = stage({ latencyMs: 10 * MINUTE });
		const startedAt = clock.now();
		const settled = await clock.run(pollOnce(awaited(make(service, 2), Infinity), ports, when));
		expect(settled.map(({ kind }) => kind)).toEqual(['open', 'open']);
		expect(clock.now() - startedAt).toBeLessThan(limitMs);
	});

	it('costs nothing when all are finished', async () => {
		const { clock, service, ports } = stage();
		const [task] = awaited(make(service, 1), 0);
		const snapshot = { task: { id: 'task-1', status: 'failed' as const, videos: [] }, raw: {} };
		await clock.run(pollOnce(task ? [{ ...task, lastKnown: snapshot }] : [], ports, 'settle'));
		expect(service.calls).toEqual([]);
	});
});

describe('at a wake-up', () => {
	it('past the deadline it asks all the same, and only what is not ready has timed out', async () => {
		const { clock, service, ports } = stage();
		const [ready, late] = [
			...make(service, 1, { createdAt: clock.now() - 10 * MINUTE }),
			...make(service, 1),
		];
		const tasks = awaited(ready && late ? [ready, late] : [], clock.now() - 60 * MINUTE);
		const answers = await clock.run(pollOnce(tasks, ports, 'wake'));
		expect(answers.map(({ kind }) => kind)).toEqual(['finished', 'timedOut']);
	});

	it('believes that a task is gone only when it has been missing for two minutes', async () => {
		const { clock, ports } = stage();
		const lastKnown = running('gone');
		const task = { id: 'gone', family: multiImage, deadline: Infinity, lastKnown };
		const [first] = await clock.run(pollOnce([task], ports, 'wake'));
		const missingSince = clock.now();
		expect(first).toMatchObject({ kind: 'open', missingSince });
		await clock.pass(2 * MINUTE);
		expect(await clock.run(pollOnce([{ ...task, missingSince }], ports, 'wake'))).toMatchObject([
			{ kind: 'refused' },
		]);
	});

	it('ends with Stop', async () => {
		const { clock, service, ports } = stage();
		const signal = AbortSignal.abort();
		const tasks = awaited(make(service, 1), Infinity);
		const [answer] = await clock.run(pollOnce(tasks, { ...ports, signal }, 'wake'));
		expect(answer?.kind).toBe('stopped');
	});
});
