import { KlingApiError } from '../../../nodes/Kling/api/errors';
import { markDelivered } from '../../../nodes/Kling/submission/memory';
import type { Submission } from '../../../nodes/Kling/submission/ports';
import { ServiceModel, type CreateFault, type ServiceOptions } from '../support/serviceModel';
import { StoredMemory } from '../support/storedMemory';
import { begin, fingerprintFor, ids, inTurn, job, jobs, submit } from '../support/submitting';
import { VirtualClock } from '../support/virtualClock';

function stage(options: Partial<ServiceOptions> = {}) {
	const clock = new VirtualClock();
	return { clock, service: new ServiceModel({ clock, ...options }), memory: new StoredMemory() };
}

function faults(...list: CreateFault[]) {
	return inTurn(list, 'none');
}

function errorOf(submission: Submission | undefined): string {
	if (submission === undefined || !('error' in submission)) return '';
	const { error } = submission;
	return error instanceof KlingApiError ? `${error.message}. ${error.facts.nextStep}` : error.message;
}

describe('submitting', () => {
	it('makes one task per item, in input order', async () => {
		const run = stage();
		const submissions = await submit(jobs(12), run);
		expect(ids(submissions)).toEqual(run.service.rows.map(({ id }) => id));
		expect(submissions.map((one) => one.kind === 'task' && one.origin)).toEqual(Array(12).fill('new'));
		expect(run.service.count('create')).toBe(12);
		expect(run.service.count('fetch')).toBe(0);
	});

	it('sends each task under the key it gives back', async () => {
		const run = stage();
		const [submission] = await submit([job(3)], run);
		expect(submission).toMatchObject({ key: `${fingerprintFor('work 3')}-e10-r0-i3-a0` });
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
		const broken = job(0, 'x', { build: async () => Promise.reject(new Error('the image is gone')) });
		const submissions = await submit([broken, job(1)], run);
		expect(submissions[0]).toMatchObject({ kind: 'refused', error: { message: 'the image is gone' } });
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
		expect(run.memory.writes).toBe(1000);
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
		expect(again.map((one) => one.kind === 'task' && one.origin)).toEqual(['remembered', 'new', 'remembered']);
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

describe('a submit without an answer', () => {
	it.each<CreateFault>(['acceptThenHang', 'acceptThenReset', 'failAfterAccepting', 'acceptLate'])(
		'that made a task is adopted: %s',
		async (fault) => {
			const run = stage({ createFault: faults(fault), visibleAfterMs: 30_000 });
			const [submission] = await submit([job(0)], run);
			expect(submission).toMatchObject({ kind: 'task', origin: 'new', task: { id: 'task-1' } });
			expect(run.service.count('create')).toBe(1);
		},
	);

	it('that made none is sent once more, after 60 s of looking', async () => {
		const run = stage({ createFault: faults('resetBeforeAccepting') });
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', origin: 'new' });
		const creates = run.service.calls.filter(({ kind }) => kind === 'create');
		expect(creates).toHaveLength(2);
		expect((creates[1]?.at ?? 0) - (creates[0]?.at ?? 0)).toBeGreaterThanOrEqual(60_000);
		expect(creates[0]?.detail).toBe(creates[1]?.detail);
	});

	it('twice is not sent a third time, and ends with its key', async () => {
		const run = stage({ createFault: faults('resetBeforeAccepting', 'failBeforeAccepting') });
		const [submission] = await submit([job(0)], run);
		expect(run.service.count('create')).toBe(2);
		expect(submission?.kind).toBe('unknown');
		expect(errorOf(submission)).toContain(`${fingerprintFor('work 0')}-e10-r0-i0-a0`);
	});

	it('on a service that cannot look up is not sent again, in no try, and is named each time', async () => {
		const run = stage({ gateway: 'ezmodel', createFault: faults('acceptThenReset') });
		for (const attempt of [1, 2, 3]) {
			const [submission] = await submit([job(0)], run);
			expect([attempt, submission?.kind]).toEqual([attempt, 'unknown']);
			expect(errorOf(submission)).toMatch(/may exist.*-e10-r0-i0-a0/);
		}
		expect(run.service.count('create')).toBe(1);
	});

	it('is looked for in the next try when the node was killed while it sent', async () => {
		const run = stage({ createFault: faults('acceptThenHang') });
		const cut = begin([job(0)], run);
		await run.clock.pass(5_000);
		const left = run.memory.photograph();
		const [again] = await submit([job(0)], { ...run, memory: left });
		expect(again).toMatchObject({ kind: 'task', origin: 'remembered', task: { id: 'task-1' } });
		await run.clock.run(cut);
		expect(run.service.rows).toHaveLength(1);
	});

	it('whose look-ups get no answer ends with its key, and is found in the next try', async () => {
		let down = true;
		const run = stage({ createFault: faults('acceptThenReset'), readFault: () => down });
		const [first] = await submit([job(0)], run);
		expect(first?.kind).toBe('unknown');
		down = false;
		const [second] = await submit([job(0)], run);
		expect(second).toMatchObject({ kind: 'task', task: { id: 'task-1' } });
		expect(run.service.count('create')).toBe(1);
	});
});

describe('a key that is taken', () => {
	it('is adopted, also when it cannot be seen at once', async () => {
		const run = stage({ visibleAfterMs: 20_000 });
		run.service.add({ key: `${fingerprintFor('work 0')}-e10-r0-i0-a0`, work: 'work 0' });
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', origin: 'adopted', task: { id: 'task-1' } });
		expect(run.service.rows).toHaveLength(1);
	});

	it('by a failed task gives way to a new attempt', async () => {
		const run = stage();
		const key = `${fingerprintFor('work 0')}-e10-r0-i0-a0`;
		run.service.add({ key, createdAt: run.clock.now() - 200_000, fails: true });
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', origin: 'new', task: { id: 'task-2' } });
	});
});

describe('a user\'s own id', () => {
	const own = (item: number, work: string) => job(item, work, { userKey: 'order-1' });

	it('with the same request twice is one task for both items', async () => {
		const run = stage();
		const submissions = await submit([own(0, 'cat'), own(1, 'cat')], run);
		expect(ids(submissions)).toEqual(['task-1', 'task-1']);
		expect(submissions.map((one) => one.kind === 'task' && one.origin)).toEqual(['new', 'adopted']);
		expect(run.service.rows[0]?.key).toBe('order-1');
	});

	it('with different requests is refused before anything is sent; other items go on', async () => {
		const run = stage();
		const submissions = await submit([own(0, 'cat'), own(1, 'dog'), job(2)], run);
		expect(submissions.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'task']);
		expect(errorOf(submissions[0])).toMatch(/order-1.*items 0, 1/);
		expect(run.service.count('create')).toBe(1);
	});

	it('with another request in a later run of the loop is refused', async () => {
		const run = stage();
		await submit([own(0, 'cat')], run);
		const [second] = await submit([own(0, 'dog')], { ...run, settings: { run: 1 } });
		expect(second?.kind).toBe('refused');
	});

	it('is adopted by a second execution', async () => {
		const run = stage();
		await submit([own(0, 'cat')], run);
		const later = { ...run, memory: new StoredMemory(), settings: { executionId: '11' } };
		const [second] = await submit([own(0, 'cat')], later);
		expect(second).toMatchObject({ kind: 'task', origin: 'adopted', task: { id: 'task-1' } });
		expect(run.service.rows).toHaveLength(1);
	});

	it('whose task failed is tried anew under the id with a suffix', async () => {
		const run = stage({ failing: new Map([['cat', 1]]), renderMs: 5_000 });
		await submit([own(0, 'cat')], run);
		await run.clock.pass(10_000);
		await submit([own(0, 'cat')], run);
		expect(run.service.rows.map(({ key }) => key)).toEqual(['order-1', 'order-1-a1']);
	});
});

describe('reuse over the workflow', () => {
	const settings = { reuse: 'workflow' as const };

	it('makes one task of two equal rows', async () => {
		const run = { ...stage(), settings };
		const submissions = await submit([job(0, 'cat'), job(1, 'cat'), job(2, 'dog')], run);
		expect(ids(submissions)).toEqual(['task-1', 'task-1', 'task-2']);
	});

	it.each(['klingGlobal', 'hingnet', 'ezmodel'] as const)(
		'finds yesterday\'s task by the memory of the workflow on %s',
		async (gateway) => {
			const run = stage({ gateway });
			const workflowMemory = new StoredMemory();
			const ports = { workflowMemory };
			await submit([job(0)], { ...run, settings, ports });
			await run.clock.pass(24 * 60 * 60 * 1000);
			const tomorrow = { ...run, memory: new StoredMemory(), ports: { workflowMemory: workflowMemory.photograph() } };
			const [second] = await submit([job(5, 'work 0')], { ...tomorrow, settings: { ...settings, executionId: '11' } });
			expect(second).toMatchObject({ kind: 'task', origin: 'adopted', task: { id: 'task-1' } });
			expect(run.service.rows).toHaveLength(1);
		},
	);

	it('finds it by its key where the memory was lost', async () => {
		const run = stage();
		await submit([job(0)], { ...run, settings });
		const later = { ...run, memory: new StoredMemory(), settings: { ...settings, executionId: '11' } };
		await submit([job(0)], later);
		expect(run.service.rows).toHaveLength(1);
	});

	it('makes a new task when the links of the old one have expired', async () => {
		const run = stage();
		await submit([job(0)], { ...run, settings });
		await run.clock.pass(31 * 24 * 60 * 60 * 1000);
		const later = { ...run, memory: new StoredMemory(), settings: { ...settings, executionId: '11' } };
		const [second] = await submit([job(0)], later);
		expect(second).toMatchObject({ kind: 'task', origin: 'new', task: { id: 'task-2' } });
	});

	it('sends nothing when the service cannot be asked', async () => {
		const run = stage({ readFault: () => true });
		const [submission] = await submit([job(0)], { ...run, settings });
		expect(submission?.kind).toBe('refused');
		expect(errorOf(submission)).toContain('Nothing was sent');
		expect(run.service.count('create')).toBe(0);
	});

	it('keeps a bounded number of tasks', async () => {
		const run = stage();
		const workflowMemory = new StoredMemory();
		await submit(jobs(510), { ...run, settings: { ...settings, maxConcurrent: 50 }, ports: { workflowMemory } });
		const kept = workflowMemory.read() as { tasks: object };
		expect(Object.keys(kept.tasks)).toHaveLength(500);
	});
});

describe('as an AI tool', () => {
	it('gives the same task for the same request, whichever run n8n counts', async () => {
		const run = stage();
		const tool = (index: number) => ({ ...run, settings: { isTool: true, run: index } });
		await submit([job(0, 'cat')], tool(0));
		const [second] = await submit([job(0, 'cat')], tool(1));
		await submit([job(0, 'dog')], tool(2));
		expect(second).toMatchObject({ kind: 'task', task: { id: 'task-1' } });
		expect(run.service.rows).toHaveLength(2);
	});
});

describe('the cap on new tasks', () => {
	const settings = { maxNewTasks: 3 };

	it('ends the remaining items, says how many were submitted, and sends nothing for them', async () => {
		const run = stage();
		const submissions = await submit(jobs(5), { ...run, settings });
		expect(submissions.map(({ kind }) => kind)).toEqual(['task', 'task', 'task', 'capped', 'capped']);
		expect(errorOf(submissions[4])).toMatch(/'Max New Tasks' is 3/);
		expect(run.service.count('create')).toBe(3);
	});

	it('counts loops and retries, and unknown outcomes as paid', async () => {
		const run = stage({ gateway: 'ezmodel', createFault: faults('resetBeforeAccepting') });
		await submit(jobs(2), { ...run, settings });
		const retry = await submit(jobs(2), { ...run, settings });
		expect(retry.map(({ kind }) => kind)).toEqual(['unknown', 'task']);
		const loop = await submit(jobs(2), { ...run, settings: { ...settings, run: 1 } });
		expect(loop.map(({ kind }) => kind)).toEqual(['task', 'capped']);
		expect(loop[1]).toMatchObject({ submitted: 3, cap: 3 });
	});

	it('does not count what was refused or never left', async () => {
		const run = stage({ createFault: faults('refuse', 'notSent', 'busy') });
		await submit([job(0)], { ...run, settings });
		const submissions = await submit(jobs(3), { ...run, settings: { ...settings, run: 1 } });
		expect(submissions.map(({ kind }) => kind)).toEqual(['task', 'task', 'task']);
	});

	it('counts anew in a retried execution', async () => {
		const run = stage();
		await submit(jobs(3), { ...run, settings });
		const retried = { ...settings, executionId: '11', isRetry: true };
		const submissions = await submit(jobs(5), { ...run, settings: retried });
		expect(ids(submissions)).toEqual(['task-1', 'task-2', 'task-3', 'task-4', 'task-5']);
	});

	it('does not count what is found', async () => {
		const run = stage();
		await submit(jobs(3), { ...run, settings });
		const again = await submit(jobs(3), { ...run, settings });
		expect(again.map(({ kind }) => kind)).toEqual(['task', 'task', 'task']);
	});
});

describe('what never left this machine', () => {
	it('is tried four times, then refused with the word that nothing was sent', async () => {
		const run = stage({ createFault: () => 'notSent' });
		const [submission] = await submit([job(0)], run);
		expect(run.service.count('create')).toBe(4);
		expect(submission?.kind).toBe('refused');
		expect(errorOf(submission)).toContain('Nothing was sent');
	});
});

describe('a retried execution', () => {
	const retry = { executionId: '11', isRetry: true };
	const notSucceeded = async () => 'notSucceeded' as const;

	it('finds its tasks in the list after n8n was killed, and sends the rest', async () => {
		const run = stage();
		await submit(jobs(3), run);
		const later = { ...run, memory: new StoredMemory(), ports: { executionOutcome: notSucceeded } };
		const submissions = await submit(jobs(5), { ...later, settings: { ...retry, run: 4 } });
		expect(ids(submissions)).toEqual(['task-1', 'task-2', 'task-3', 'task-4', 'task-5']);
		expect(run.service.count('list')).toBe(1);
	});

	it('gives two equal rows two different tasks', async () => {
		const run = stage();
		await submit([job(0, 'cat'), job(1, 'cat')], run);
		const later = { ...run, memory: new StoredMemory(), settings: retry };
		const submissions = await submit([job(0, 'cat'), job(1, 'cat'), job(2, 'cat')], later);
		expect(new Set(ids(submissions)).size).toBe(3);
		expect(run.service.rows).toHaveLength(3);
	});

	it('does not take the tasks of an execution that succeeded, and prefers one that did not', async () => {
		const run = stage();
		for (const executionId of ['7', '8', '9']) {
			await submit([job(0)], { ...run, memory: new StoredMemory(), settings: { executionId } });
		}
		const outcomes = { '7': 'succeeded', '8': 'notSucceeded', '9': 'unknown' } as const;
		const executionOutcome = async (id: string) => outcomes[id as keyof typeof outcomes];
		const later = { ...run, memory: new StoredMemory(), ports: { executionOutcome }, settings: retry };
		const submissions = await submit([job(0), job(1, 'work 0'), job(2, 'work 0')], later);
		expect(ids(submissions)).toEqual(['task-2', 'task-3', 'task-4']);
	});

	it('takes neither failed tasks, nor those older than a day', async () => {
		const run = stage({ failing: new Map([['work 0', 1]]), renderMs: 5_000 });
		await submit([job(1)], run);
		await run.clock.pass(25 * 60 * 60 * 1000);
		await submit([job(0)], run);
		await run.clock.pass(60_000);
		const later = { ...run, memory: new StoredMemory(), settings: retry };
		const submissions = await submit(jobs(2), later);
		expect(ids(submissions)).toEqual(['task-3', 'task-4']);
	});

	it('reads on where the list does not come newest first, and stops where it does', async () => {
		for (const listOrder of ['newestFirst', 'oldestFirst'] as const) {
			const run = stage({ listOrder });
			const old = run.clock.now() - 48 * 60 * 60 * 1000;
			for (let index = 0; index < 1200; index++) run.service.add({ key: `other-${index}`, createdAt: old + index });
			run.service.add({ key: `${fingerprintFor('work 0')}-e10-r0-i0-a0` });
			const [submission] = await submit([job(0)], { ...run, settings: retry });
			expect(submission).toMatchObject({ kind: 'task', origin: 'adopted' });
			expect([listOrder, run.service.count('list')]).toEqual([listOrder, listOrder === 'newestFirst' ? 1 : 3]);
		}
	});

	it('sends nothing while the list does not answer', async () => {
		const run = stage({ readFault: () => true });
		const [submission] = await submit([job(0)], { ...run, settings: retry });
		expect(submission?.kind).toBe('refused');
		expect(run.service.count('create')).toBe(0);
	});

	it.each(['klingGlobal', 'ezmodel'] as const)(
		'finds what its memory still holds, whether or not %s lists',
		async (gateway) => {
			const run = stage({ gateway });
			await submit([job(0, 'cat'), job(1, 'cat'), job(2)], run);
			const later = { ...run, memory: run.memory.photograph(), settings: retry };
			const submissions = await submit([job(0), job(1, 'cat'), job(2, 'work 2'), job(3, 'cat')], later);
			expect(submissions.map((one) => one.kind === 'task' && one.origin)).toEqual(['new', 'adopted', 'adopted', 'adopted']);
			expect(new Set(ids(submissions)).size).toBe(4);
			expect(run.service.rows).toHaveLength(4);
		},
	);

	it('does not take for its own what an earlier run of a loop has handed on', async () => {
		const run = stage();
		await submit([job(0)], run);
		markDelivered(run.memory, '10', 0, [0]);
		await submit([job(0)], { ...run, settings: { run: 1 } });
		const later = { ...run, memory: run.memory.photograph(), settings: { ...retry, run: 1 } };
		const submissions = await submit([job(0), job(1, 'work 0')], later);
		expect(ids(submissions)).toEqual(['task-2', 'task-3']);
	});

	it('does not take what it has made itself for a task of the earlier execution', async () => {
		const run = stage();
		run.service.add({ key: `${fingerprintFor('work 0')}-e11-r0-i5-a0` });
		const [submission] = await submit([job(0)], { ...run, settings: retry });
		expect(submission).toMatchObject({ kind: 'task', origin: 'new' });
	});

	it('with a random key takes nothing over', async () => {
		const run = stage();
		await submit([job(0)], run);
		const later = { ...run, settings: { ...retry, reuse: 'never' as const } };
		const [submission] = await submit([job(0)], later);
		expect(submission).toMatchObject({ kind: 'task', origin: 'new' });
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
		const key = `${fingerprintFor('work 0')}-e10-r0-i0-a0`;
		expect(await run.clock.run(running)).toEqual([{ kind: 'stopped', key, maybeSent: true }]);
		expect(lines.join()).toContain(key);
	});
});
