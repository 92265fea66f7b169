// The submits of a node run: what is sent, remembered and found again, whatever goes wrong on the way.
import { ServiceModel } from '../support/serviceModel';
import { StoredMemory } from '../support/storedMemory';
import {
	begin,
	errorOf,
	faults,
	fingerprintFor,
	ids,
	job,
	jobs,
	stage,
	submit,
} from '../support/submitting';

describe('submitting', () => {
	it('makes one task per item, in input order', async () => {
		const run = stage();
		const submissions = await submit(jobs(12), run);
		expect(ids(submissions)).toEqual(run.service.rows.map(({ id }) => id));
		expect(submissions.map((one) => one.kind === 'task' && one.origin)).toEqual(
			Array(12).fill('new'),
		);
		expect(run.service.count('create')).toBe(12);
		expect(run.service.count('fetch')).toBe(0);
	});

	it('sends each task under the key it gives back', async () => {
		const run = stage();
		const [submission] = await submit([job(3)], run);
		expect(submission).toMatchObject({ key: `${fingerprintFor('work 3')}-e10-n0-a0` });
		expect(run.service.rows[0]?.key).toBe(submission?.kind === 'task' && submission.key);
	});

	it('lets the other items finish when one is refused, and remembers nothing of it', async () => {
		const run = stage({ createFault: faults('none', 'refuse') });
		const submissions = await submit(jobs(3), run);
		expect(submissions.map(({ kind }) => kind)).toEqual(['task', 'refused', 'task']);
		const again = await submit(jobs(3), run);
		expect(again.map(({ kind }) => kind)).toEqual(['task', 'task', 'task']);
		expect(run.service.rows).toHaveLength(3);
	});

	it('ends an item whose body cannot be made with the reason, and sends nothing for it', async () => {
		const run = stage();
		const broken = job(0, 'x', {
			build: async () => Promise.reject(new Error('the image is gone')),
		});
		const submissions = await submit([broken, job(1)], run);
		expect(submissions[0]).toMatchObject({
			kind: 'refused',
			error: { message: 'the image is gone' },
		});
		expect(submissions[1]?.kind).toBe('task');
		expect(run.service.count('create')).toBe(1);
	});

	it('writes down that it sends before it sends, and the task id right after', async () => {
		const run = stage();
		const states: string[] = [];
		const client = new ServiceModel({ clock: run.clock });
		const create = client.create.bind(client);
		client.create = async (family, body) => {
			states.push(JSON.stringify(run.memory.read()));
			return await create(family, body);
		};
		await submit([job(0)], { ...run, service: client });
		expect(states[0]).toContain('"state":"sending"');
		expect(JSON.stringify(run.memory.read())).toContain('"state":"sent"');
	});

	it('costs the same for every item: two writes to the memory and one request', async () => {
		const run = stage();
		await submit(jobs(500), run);
		// The first one begins the record.
		expect(run.memory.writes).toBe(1 + 1000);
		expect(run.service.calls).toHaveLength(500);
	});

	it.each([undefined, null, 'x', [], { version: 2 }, { version: 1, entries: { a: {} } }])(
		'takes foreign memory for none: %j',
		async (content) => {
			const run = stage();
			const submissions = await submit([job(0)], { ...run, memory: new StoredMemory(content) });
			expect(submissions[0]?.kind).toBe('task');
		},
	);
});

describe('Retry On Fail', () => {
	it('submits only what is missing and gives the present status of the rest', async () => {
		const run = stage({ createFault: faults('none', 'refuse', 'none'), renderMs: 60_000 });
		await submit(jobs(3), run);
		await run.clock.pass(120_000);
		const again = await submit(jobs(3), run);
		expect(again.map((one) => one.kind === 'task' && one.origin)).toEqual([
			'remembered',
			'new',
			'remembered',
		]);
		expect(again[0]).toMatchObject({ task: { status: 'succeed' } });
		expect(run.service.rows).toHaveLength(3);
	});

	it('finds a task whose request has changed with the time', async () => {
		const run = stage();
		await submit([job(0, 'at 10:00')], run);
		const [again] = await submit([job(0, 'at 10:01')], run);
		expect(again).toMatchObject({ kind: 'task', origin: 'remembered' });
		expect(run.service.rows).toHaveLength(1);
	});

	it('finds its tasks also where keys are random', async () => {
		const run = { ...stage(), settings: { reuse: 'never' as const } };
		await submit(jobs(2), run);
		const again = await submit(jobs(2), { ...run, seed: 2 });
		expect(ids(again)).toEqual(['task-1', 'task-2']);
		expect(run.service.rows).toHaveLength(2);
	});

	it('tries a failed task anew, under a new key', async () => {
		const run = stage({ failing: new Map([['work 0', 1]]), renderMs: 5_000 });
		const [first] = await submit([job(0)], run);
		await run.clock.pass(10_000);
		const [second] = await submit([job(0)], run);
		expect(second).toMatchObject({ kind: 'task', origin: 'new' });
		expect(run.service.rows).toHaveLength(2);
		expect(second?.kind === 'task' && second.key).not.toBe(first?.kind === 'task' && first.key);
	});

	it('does not lose the id of a task while the service does not answer', async () => {
		let down = false;
		const run = stage({ readFault: () => down });
		await submit([job(0)], run);
		down = true;
		const [again] = await submit([job(0)], run);
		expect(again).toMatchObject({ kind: 'task', task: { id: 'task-1' }, origin: 'remembered' });
	});

	it('names a paid task that the service no longer shows, and pays for no other', async () => {
		const run = stage();
		await submit([job(0)], run);
		run.service.rows.length = 0;
		const [again] = await submit([job(0)], run);
		expect(again).toMatchObject({ kind: 'refused', taskId: 'task-1' });
		expect(errorOf(again)).toContain('task-1');
		expect(run.service.count('create')).toBe(1);
	});

	it('keeps runs of a loop apart', async () => {
		const run = stage();
		for (const index of [0, 1, 2]) await submit([job(0)], { ...run, settings: { run: index } });
		expect(run.service.rows).toHaveLength(3);
	});
});

describe('an execution that n8n 1 runs again by itself because its worker was killed', () => {
	it.each(['klingGlobal', 'hingnet'] as const)(
		'pays once on %s, though its memory is gone',
		async (gateway) => {
			const run = { ...stage({ gateway }), settings: { mayBeRerun: true } };
			await submit(jobs(3), run);
			const submissions = await submit(jobs(4), { ...run, memory: new StoredMemory() });
			expect(ids(submissions)).toEqual(['task-1', 'task-2', 'task-3', 'task-4']);
			expect(run.service.rows).toHaveLength(4);
		},
	);
});

describe('the log', () => {
	it('names every task that was paid for, once, because n8n keeps nothing of a run that is cut off', async () => {
		const run = stage({ gateway: 'ezmodel' });
		const lines: string[] = [];
		const ports = { log: (line: string) => void lines.push(line) };
		await submit(jobs(2), { ...run, ports });
		await submit(jobs(3), { ...run, ports });
		expect(run.service.rows).toHaveLength(3);
		expect(lines).toEqual(
			run.service.rows.map(({ id, key }) => `Submitted task ${id} (external task ID ${key})`),
		);
	});
});

describe('Stop', () => {
	it('ends a queue of busy replies within a second, with nothing sent', async () => {
		const run = stage({ createFault: () => 'busy' });
		const stop = new AbortController();
		const running = begin(jobs(20), { ...run, ports: { signal: stop.signal } });
		await run.clock.pass(100_000);
		const stoppedAt = run.clock.now();
		stop.abort();
		const submissions = await run.clock.run(running);
		expect(run.clock.now() - stoppedAt).toBeLessThan(1_000);
		expect(submissions).toEqual(Array(20).fill({ kind: 'stopped', maybeSent: false }));
	});

	it('cuts a submit off, and its key is in the answer and in the log', async () => {
		const run = stage({ createFault: () => 'acceptThenHang' });
		const stop = new AbortController();
		const lines: string[] = [];
		const ports = { signal: stop.signal, log: (line: string) => void lines.push(line) };
		const running = begin([job(0)], { ...run, ports });
		await run.clock.pass(5_000);
		stop.abort();
		const key = `${fingerprintFor('work 0')}-e10-n0-a0`;
		expect(await run.clock.run(running)).toEqual([{ kind: 'stopped', key, maybeSent: true }]);
		expect(lines.join()).toContain(key);
	});
});
