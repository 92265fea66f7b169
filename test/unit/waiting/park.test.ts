import { ResumeGuard, type Resume, type ResumePorts } from '../../../nodes/Kling/waiting/park';
import {
	judgeResume,
	readParked,
	type ParkedState,
	type ResumeHint,
} from '../../../nodes/Kling/waiting/parked';
import { said, ServiceModel, type Row, type ServiceOptions } from '../support/serviceModel';
import { VirtualClock } from '../support/virtualClock';

const MINUTE = 60_000;

function stage(count: number, options: Partial<ServiceOptions> = {}) {
	const clock = new VirtualClock();
	const service = new ServiceModel({ clock, ...options });
	const rows = Array.from({ length: count }, (_, index) =>
		service.add({ key: `key-${index}`, endsAt: clock.now() + (index + 1) * MINUTE }),
	);
	const state = parked(rows, clock.now());
	const ports: ResumePorts = {
		client: service,
		gateway: service.gateway,
		clock,
		log: () => undefined,
	};
	const guard = new ResumeGuard();
	const call = (hint: ResumeHint): Promise<Resume> => guard.answer('7', state, hint, ports);
	return { clock, service, rows, state, ports, guard, call };
}

function parked(rows: readonly Row[], now: number): ParkedState {
	return {
		version: 1,
		parkedAt: now,
		deadline: now + 30 * MINUTE,
		maxWaitMinutes: 30,
		items: rows.map(({ id, key }, item) => ({
			item,
			family: 'multiImage',
			id,
			key,
			lastKnown: { task: { id, status: 'submitted', videos: [], updatedAt: now }, raw: {} },
			options: {
				downloadVideo: false,
				outputFieldName: 'data',
				simplify: true,
				watermark: false,
				onTimeout: 'error',
			},
		})),
	};
}

const ended = (id: string): ResumeHint => ({ kind: 'task', id, status: 'succeed' });
const progress: ResumeHint = { kind: 'task', id: 'task-1', status: 'processing' };
const waiting = { resume: false, answer: { status: 200, body: 'still waiting' } };
const later = { resume: false, answer: { status: 503 } };

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

describe('the parked state', () => {
	it('reads back as it was written', () => {
		const { state } = stage(2);
		expect(readParked(JSON.parse(JSON.stringify(state)))).toEqual(state);
	});

	it.each([undefined, null, 'x', {}, { version: 2, items: [] }, { version: 1, items: [{}] }])(
		'that another version wrote is none: %j',
		(content) => {
			expect(readParked(content)).toBeUndefined();
		},
	);

	it('is judged by what a call claims', () => {
		const { state } = stage(2);
		expect(judgeResume(state, progress, state.parkedAt)).toEqual({ do: 'ignore' });
		expect(judgeResume(state, ended('task-2'), state.parkedAt)).toMatchObject({
			do: 'askApi',
			first: { item: 1 },
		});
		expect(judgeResume(state, ended('task-9'), state.parkedAt)).toEqual({
			do: 'askApi',
			first: undefined,
		});
		expect(judgeResume(state, ended('task-2'), state.deadline)).toEqual({ do: 'leaveToTimer' });
	});
});
