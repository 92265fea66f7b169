// A call to a sleeping execution: it wakes up by the word of the API, not of the call, and for few requests.
import type { ResumeHint } from '../../../nodes/Kling/waiting/parked';
import { said } from '../support/serviceModel';
import { ended, later, MINUTE, progress, stage, waiting } from '../support/sleeping';

describe('a call to a sleeping execution', () => {
	it('that tells of progress costs nothing', async () => {
		const { clock, service, call } = stage(2);
		expect(await clock.run(call(progress))).toMatchObject({
			resume: false,
			answer: { status: 200 },
		});
		expect(service.calls).toEqual([]);
	});

	it("resumes it when all tasks are finished by the API's word", async () => {
		const { clock, call } = stage(3);
		await clock.pass(5 * MINUTE);
		const resume = await clock.run(call(ended('task-3')));
		expect(resume).toMatchObject({
			resume: true,
			finished: [
				{ told: { task: { id: 'task-1', status: 'succeed' } } },
				{ item: { item: 1 } },
				{ item: { item: 2 } },
			],
		});
	});

	it('lets it sleep while another task runs', async () => {
		const { clock, call } = stage(3);
		await clock.pass(MINUTE);
		expect(await clock.run(call(ended('task-1')))).toMatchObject(waiting);
	});

	it.each<[string, ResumeHint]>([
		['forged', ended('task-1')],
		['for another task', ended('task-99')],
		['unreadable', { kind: 'unreadable' }],
	])('that is %s changes nothing while its tasks run', async (_, hint) => {
		const { clock, service, call } = stage(2);
		expect(await clock.run(call(hint))).toMatchObject(waiting);
		expect(service.calls.length).toBeLessThanOrEqual(2);
	});

	it.each<[string, ResumeHint]>([
		['with an id that the gateway never gave out', ended('vendor-1')],
		['with a body that cannot be read', { kind: 'unreadable' }],
		[
			'that names the task by its key',
			{ kind: 'task', id: 'x', externalId: 'key-1', status: 'failed' },
		],
	])('%s resumes it all the same when its tasks are finished', async (_, hint) => {
		const { clock, call } = stage(2);
		await clock.pass(5 * MINUTE);
		expect(await clock.run(call(hint))).toMatchObject({ resume: true });
	});

	it('asks a sender to come back while the service is down, and wakes on the next call', async () => {
		let down = true;
		const { clock, call } = stage(2, { readFault: () => down });
		await clock.pass(5 * MINUTE);
		expect(await clock.run(call(ended('task-1')))).toMatchObject(later);
		down = false;
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: true });
	});

	it('does not throw when the client does', async () => {
		const { clock, service, call } = stage(1);
		service.fetch = async () => Promise.reject(new Error('broken'));
		expect(await clock.run(call(ended('task-1')))).toMatchObject(later);
	});

	it('asks a sender to come back when the key is refused', async () => {
		const { clock, service, call } = stage(1);
		service.fetch = async () => ({ kind: 'refused', error: said('auth', 'wrong key') });
		expect(await clock.run(call(ended('task-1')))).toMatchObject(later);
	});

	it('close to the deadline leaves it to the timer', async () => {
		const { clock, service, state, call } = stage(1);
		await clock.pass(state.deadline - clock.now() - 5_000);
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: false });
		expect(service.calls).toEqual([]);
	});

	it('that is answered only after the deadline leaves it to the timer', async () => {
		const { clock, state, call } = stage(1, { latencyMs: 30_000 });
		await clock.pass(state.deadline - clock.now() - 20_000);
		expect(await clock.run(call(ended('task-1')))).toMatchObject({ resume: false });
	});

	it('whose state another version wrote is answered and changes nothing', async () => {
		const { clock, guard, ports, service } = stage(1);
		expect(await clock.run(guard.answer('7', undefined, ended('task-1'), ports))).toMatchObject({
			resume: false,
		});
		expect(service.calls).toEqual([]);
	});

	it('is not misled by a list that lags: two tasks end at the same moment', async () => {
		const { clock, rows, call } = stage(2, { listLagMs: 30_000 });
		for (const row of rows) row.endsAt = clock.now() + MINUTE;
		await clock.pass(MINUTE + 1_000);
		expect(await clock.run(call(ended('task-2')))).toMatchObject({ resume: true });
	});
});

describe('the cost of a callback', () => {
	it('is at most two requests per finished video where the service lists: three with the submit', async () => {
		const { clock, service, rows, call } = stage(20);
		let resumed = 0;
		for (const row of rows) {
			await clock.pass(Math.max(0, row.endsAt - clock.now()));
			const resume = await clock.run(call(ended(row.id)));
			if (resume.resume) resumed += 1;
		}
		expect(resumed).toBe(1);
		expect(service.calls.length).toBeLessThan(2 * 20);
	});

	it('is at most two requests per finished video where it does not list, and one more each for the last call', async () => {
		const { clock, service, rows, call } = stage(20, { gateway: 'ezmodel' });
		for (const row of rows) {
			await clock.pass(Math.max(0, row.endsAt - clock.now()));
			await clock.run(call(ended(row.id)));
		}
		expect(service.calls.length).toBeLessThanOrEqual(3 * 20);
	});
});
