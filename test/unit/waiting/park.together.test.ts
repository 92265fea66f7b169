// Calls that come at the same moment, or before the gateway knows of the end: none is lost, it wakes up once.
import { ended, MINUTE, stage, waiting } from '../support/sleeping';

describe('calls at the same moment', () => {
	it('resume it once', async () => {
		const { clock, service, call } = stage(2);
		await clock.pass(5 * MINUTE);
		const calls = Promise.all([
			call(ended('task-1')),
			call(ended('task-2')),
			call(ended('task-2')),
		]);
		const resumed = (await clock.run(calls)).filter(({ resume }) => resume);
		expect(resumed).toHaveLength(1);
		expect(service.calls).toHaveLength(1);
	});

	it('lose none: the second ends a task that the first still saw running', async () => {
		const { clock, rows, call } = stage(2, { latencyMs: 2_000, gateway: 'ezmodel' });
		for (const row of rows) row.endsAt = clock.now() + MINUTE;
		if (rows[1]) rows[1].endsAt += 3_000;
		await clock.pass(MINUTE - 1_500);
		const first = call(ended('task-1'));
		await clock.pass(2_500);
		const second = call(ended('task-2'));
		const both = await clock.run(Promise.all([first, second]));
		await clock.pass(5_000);
		const third = await clock.run(call(ended('task-2')));
		expect([...both, third].filter(({ resume }) => resume)).toHaveLength(1);
	});

	it('ask the API for one check more, however many come', async () => {
		const { clock, service, call } = stage(3, { latencyMs: 1_000 });
		await clock.pass(MINUTE);
		const flood = Array.from({ length: 50 }, () => call({ kind: 'unreadable' }));
		await clock.run(Promise.all(flood));
		expect(service.calls.length).toBeLessThanOrEqual(4);
	});

	it('of another sleep of the same execution are their own', async () => {
		const { clock, guard, ports, state } = stage(1);
		await clock.pass(5 * MINUTE);
		const again = { ...state, parkedAt: state.parkedAt + 1 };
		expect(await clock.run(guard.answer('7', state, ended('task-1'), ports))).toMatchObject({
			resume: true,
		});
		expect(await clock.run(guard.answer('7', again, ended('task-1'), ports))).toMatchObject({
			resume: true,
		});
	});

	it('wake it again when n8n lost the first resume', async () => {
		const { clock, call, guard, state } = stage(1);
		await clock.pass(5 * MINUTE);
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: true });
		guard.handedOver('7', state, { clock });
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: false });
		await clock.pass(2 * MINUTE);
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: true });
	});

	it('does not wake it a second time while the first resume still downloads', async () => {
		const { clock, call } = stage(1);
		await clock.pass(5 * MINUTE);
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: true });
		await clock.pass(10 * MINUTE);
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: false });
	});
});

describe('a call that comes before the gateway knows of the end', () => {
	it('is doubted, asked about again, and wakes the execution up', async () => {
		const { clock, rows, call, guard, state, ports } = stage(1);
		const early = (rows[0]?.endsAt ?? 0) - 12_000;
		await clock.pass(early - clock.now());
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ ...waiting, doubted: true });
		expect(await clock.run(guard.askAgain('7', state, ports))).toMatchObject({ resume: true });
	});

	it('has the whole time before it also while a false one is still being asked about', async () => {
		const { clock, service, rows, call, guard, state, ports } = stage(1);
		const began = clock.now();
		if (rows[0]) rows[0].endsAt = began + 140_000;
		await clock.run(call(ended('task-1')));
		const first = guard.askAgain('7', state, ports);
		await clock.pass(began + 120_000 - clock.now());
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ ...waiting, doubted: true });
		expect(await clock.run(guard.askAgain('7', state, ports))).toBeUndefined();
		expect(await clock.run(first)).toMatchObject({ resume: true });
		expect(clock.now() - began).toBeLessThan(160_000);
		expect(service.calls.length).toBeLessThan(16);
	});

	it('is given up near the deadline, after a handful of requests', async () => {
		const { clock, service, call, guard, state, ports } = stage(1);
		state.deadline = clock.now() + 40_000;
		await clock.run(call(ended('task-1')));
		expect(await clock.run(guard.askAgain('7', state, ports))).toBeUndefined();
		expect(service.calls.length).toBeLessThan(8);
	});

	it('is not asked about again when only other tasks are unfinished', async () => {
		const { clock, rows, call } = stage(2);
		await clock.pass((rows[0]?.endsAt ?? 0) - clock.now() + 1);
		expect(await clock.run(call(ended('task-1')))).toEqual(waiting);
	});
});
