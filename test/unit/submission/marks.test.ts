// Paid once where nothing can be looked up: what is claimed before a submit outlives the process.
import { StoredMemory } from '../support/storedMemory';
import {
	errorOf,
	faults,
	ids,
	job,
	jobs,
	MarksModel,
	newProcess,
	stage,
	submit,
	type NodeRun,
} from '../support/submitting';
import { begin } from '../support/submitting';

const began = { establishedAt: 1_700_000_000_000 };
const retried = { ...began, executionId: '11', isRetry: true };

/** EzModel, and an n8n with a store. */
function blindStage(options: Parameters<typeof stage>[0] = {}) {
	const marks = new MarksModel();
	return { ...stage({ gateway: 'ezmodel', ...options }), marks, ports: { marks } };
}

/** The execution is cut off, and with it goes what it remembered. */
async function cutOff(run: NodeRun & { marks: MarksModel }, items: number, afterMs: number) {
	const kill = new AbortController();
	const first = begin(jobs(items), {
		...run,
		ports: { ...run.ports, signal: kill.signal },
		settings: { ...began, maxConcurrent: 2, ...run.settings },
	});
	await run.clock.pass(afterMs);
	kill.abort();
	run.marks.kill();
	await run.clock.run(first);
	return { ...run, memory: new StoredMemory() };
}

describe('a retry by hand, on a service without list and look-up', () => {
	it('after n8n was killed sends what was not sent, and names what may exist', async () => {
		const run = await cutOff(blindStage(), 6, 150);
		const billed = run.service.rows.length;
		expect(billed).toBeGreaterThan(0);
		for (const executionId of ['11', '12']) {
			const settings = { ...retried, executionId };
			const memory = new StoredMemory();
			const submissions = await submit(jobs(6), { ...run, memory, settings });
			for (const row of run.service.rows.slice(0, billed)) {
				const submission = submissions[Number(row.work.replace('work ', ''))];
				expect(submission).toMatchObject({ kind: 'unknown', key: row.key });
				expect(errorOf(submission)).toContain('was submitted before');
				expect(errorOf(submission)).toContain('start a new execution');
			}
		}
		for (const { work } of run.service.rows) expect(run.service.billed(work)).toBe(1);
	});

	it('gives back the tasks that this process still knows', async () => {
		const process = newProcess();
		const run = await cutOff({ ...blindStage(), process }, 6, 250);
		const submissions = await submit(jobs(6), { ...run, settings: retried });
		expect(submissions.filter(({ kind }) => kind === 'task').length).toBeGreaterThanOrEqual(4);
		for (const { work } of run.service.rows) expect(run.service.billed(work)).toBe(1);
	});

	it('pays anew for a task that failed, under a new key', async () => {
		const run = blindStage({ failing: new Map([['work 0', 1]]), renderMs: 1_000 });
		await submit(jobs(1), { ...run, settings: began });
		await run.clock.pass(5_000);
		// The execution ended with an error, and n8n saved what it remembered.
		run.marks.end('well');
		const memory = run.memory.photograph();
		const [again] = await submit(jobs(1), { ...run, memory, settings: retried });
		expect(again).toMatchObject({ kind: 'task', origin: 'new', task: { id: 'task-2' } });
	});

	it('of a new execution pays: it is another order', async () => {
		const run = blindStage();
		await submit(jobs(2), { ...run, settings: began });
		const other = { executionId: '12', establishedAt: began.establishedAt + 5 };
		await submit(jobs(2), { ...run, memory: new StoredMemory(), settings: other });
		expect(run.service.rows).toHaveLength(4);
	});

	it('of two executions that began in the same millisecond pays for each', async () => {
		const run = blindStage({ refusesDuplicates: true });
		await submit(jobs(2), { ...run, settings: began });
		const other = { ...began, executionId: '12' };
		const submissions = await submit(jobs(2), {
			...run,
			memory: new StoredMemory(),
			settings: other,
		});
		expect(ids(submissions)).toEqual(['task-3', 'task-4']);
	});
});

describe('what is claimed', () => {
	it('is given back when an execution ends, and stays when it is stopped', async () => {
		const run = blindStage();
		await submit(jobs(3), { ...run, settings: began });
		expect(run.marks.names.size).toBe(4);
		run.marks.end('well');
		expect(run.marks.names.size).toBe(0);
		await submit(jobs(3), { ...run, memory: new StoredMemory(), settings: began });
		run.marks.end('stopped');
		expect(run.marks.names.size).toBe(3);
	});

	it('is given back at once when the service proves that it made nothing', async () => {
		const run = blindStage({ createFault: faults('refuse', 'busy') });
		const submissions = await submit(jobs(2), { ...run, settings: began });
		expect(ids(submissions)).toEqual(['refused', 'task-1']);
		expect([...run.marks.names.keys()].filter((name) => name.includes('-a0'))).toHaveLength(1);
	});

	it('is nothing where the service can look up, but for when the execution began', async () => {
		const marks = new MarksModel();
		const run = { ...stage(), ports: { marks } };
		await submit(jobs(3), { ...run, settings: began });
		expect([...marks.names.keys()]).toEqual([expect.stringMatching(/^t[\da-z]+$/)]);
	});

	it('is not sent, and nothing is, when the store does not answer twice', async () => {
		const run = blindStage();
		run.marks.failures = 99;
		const [submission] = await submit(jobs(1), { ...run, settings: began });
		expect(submission?.kind).toBe('refused');
		expect(errorOf(submission)).toContain('could not record it in its database');
		expect(errorOf(submission)).toContain('Nothing was sent');
		expect(run.service.count('create')).toBe(0);
	});
});

describe('Within the Workflow, on a service without list and look-up', () => {
	const settings = { reuse: 'workflow' as const, ...began };

	it('two executions that overlap in a process pay once, and both get the task', async () => {
		const process = newProcess();
		const run = { ...blindStage(), process };
		const execution = (executionId: string) =>
			begin(jobs(1), {
				...run,
				memory: new StoredMemory(),
				settings: { ...settings, executionId },
			});
		const both = Promise.all([execution('10'), execution('12')]);
		expect((await run.clock.run(both)).map((one) => ids(one))).toEqual([['task-1'], ['task-1']]);
	});

	it('what overlapping executions wrote is merged, whoever saves last', async () => {
		const process = newProcess();
		const run = { ...blindStage(), process };
		const memories = [new StoredMemory(), new StoredMemory()];
		const execution = (index: number) =>
			begin([job(0, `work ${index}`)], {
				...run,
				memory: new StoredMemory(),
				ports: { ...run.ports, workflowMemory: memories[index] },
				settings: { ...settings, executionId: String(index) },
			});
		await run.clock.run(Promise.all([execution(0), execution(1)]));
		await submit([job(0, 'work 2')], {
			...run,
			memory: new StoredMemory(),
			ports: { ...run.ports, workflowMemory: memories[0] },
			settings,
		});
		expect(Object.keys((memories[0]?.read() as { tasks: object }).tasks)).toHaveLength(3);
	});

	it('another worker does not pay again: the item says so, and how to on purpose', async () => {
		const run = blindStage();
		await submit(jobs(1), { ...run, settings });
		run.marks.end('well');
		const elsewhere = { ...settings, executionId: '12' };
		const [second] = await submit(jobs(1), {
			...run,
			memory: new StoredMemory(),
			settings: elsewhere,
		});
		expect(second?.kind).toBe('unknown');
		expect(errorOf(second)).toContain("set 'Reuse a Task' to Never");
		expect(run.service.rows).toHaveLength(1);
	});

	it('2,000 rows twice are paid for once, and all of them come back', async () => {
		const run = blindStage();
		const workflowMemory = new StoredMemory();
		const wide = { ...settings, maxConcurrent: 50 };
		const first = await submit(jobs(2_000), {
			...run,
			ports: { ...run.ports, workflowMemory },
			settings: wide,
		});
		run.marks.end('well');
		const second = await submit(jobs(2_000), {
			...run,
			memory: new StoredMemory(),
			ports: { ...run.ports, workflowMemory: workflowMemory.photograph() },
			settings: { ...wide, executionId: '12' },
		});
		expect(ids(second)).toEqual(ids(first));
		expect(run.service.rows).toHaveLength(2_000);
	});

	it("a user's own id is one task as well", async () => {
		const run = { ...blindStage(), process: newProcess() };
		const own = [job(0, 'cat', { userKey: 'scene-1' })];
		await submit(own, { ...run, settings: began });
		const later = { ...began, establishedAt: began.establishedAt + 1, executionId: '12' };
		const [second] = await submit(own, { ...run, memory: new StoredMemory(), settings: later });
		expect(second).toMatchObject({ kind: 'task', origin: 'adopted', task: { id: 'task-1' } });
		expect(run.service.rows).toHaveLength(1);
	});
});

describe("a user's own ids", () => {
	it('that look like attempts of each other stay two', async () => {
		const run = stage({ failing: new Map([['one', 1]]), renderMs: 1_000 });
		const settings = { reuse: 'workflow' as const };
		await submit([job(0, 'one', { userKey: 'scene-1' })], { ...run, settings });
		await submit([job(0, 'two', { userKey: 'scene-1-a1' })], {
			...run,
			memory: new StoredMemory(),
			settings: { ...settings, executionId: '11' },
		});
		await run.clock.pass(5_000);
		const [again] = await submit([job(0, 'one', { userKey: 'scene-1' })], {
			...run,
			memory: new StoredMemory(),
			settings: { ...settings, executionId: '12' },
		});
		expect(again).toMatchObject({ kind: 'task', origin: 'new' });
		expect(run.service.billed('two')).toBe(1);
		expect(run.service.billed('one')).toBe(2);
	});
});
