// Tool calls of an agent that run side by side, each a node run of its own, over one memory.
import type { Job, Submission } from '../../../nodes/Kling/submission/ports';
import { StoredMemory } from '../support/storedMemory';
import { begin, errorOf, faults, ids, job, stage, type NodeRun } from '../support/submitting';

const GATEWAYS = ['klingGlobal', 'hingnet', 'ezmodel', 'custom'] as const;

/** Starts a call for each job at the same moment; time has to be passed by the test. */
async function beginAll(calls: readonly Job[], run: NodeRun): Promise<Submission[]> {
	const settings = { ...run.settings, isTool: true };
	const all = calls.map(async (one) => await begin([one], { ...run, settings }));
	return (await Promise.all(all)).flat();
}

async function callAll(calls: readonly Job[], run: NodeRun): Promise<Submission[]> {
	return await run.clock.run(beginAll(calls, run));
}

describe('tool calls side by side', () => {
	it.each(GATEWAYS)('that ask for the same are one paid task on %s', async (gateway) => {
		const run = stage({ gateway });
		const submissions = await callAll([job(0, 'cat'), job(0, 'cat'), job(0, 'cat')], run);
		expect(ids(submissions)).toEqual(['task-1', 'task-1', 'task-1']);
		expect(run.service.count('create')).toBe(1);
	});

	it.each(GATEWAYS)('that ask for the same wait for a slow answer of %s', async (gateway) => {
		const run = stage({ gateway, latencyMs: 90_000 });
		const submissions = await callAll([job(0, 'cat'), job(0, 'cat')], run);
		expect(ids(submissions)).toEqual(['task-1', 'task-1']);
		expect(run.service.count('create')).toBe(1);
	});

	it('send anew what the first of them was refused', async () => {
		const run = stage({ createFault: faults('refuse') });
		const submissions = await callAll([job(0, 'cat'), job(0, 'cat'), job(0, 'cat')], run);
		expect(ids(submissions)).toEqual(['refused', 'task-1', 'task-1']);
		expect(run.service.count('create')).toBe(2);
	});

	it('remember each its task', async () => {
		const run = stage({ gateway: 'ezmodel' });
		await callAll([job(0, 'cat'), job(0, 'dog')], run);
		await callAll([job(0, 'cat'), job(0, 'dog')], run);
		expect(run.service.count('create')).toBe(2);
	});

	it('keep what the workflow remembers of each other', async () => {
		const workflowMemory = new StoredMemory();
		const settings = { reuse: 'workflow' as const };
		const run = { ...stage({ gateway: 'ezmodel' }), settings, ports: { workflowMemory } };
		await callAll([job(0, 'cat'), job(0, 'dog')], run);
		const later = {
			...run,
			memory: new StoredMemory(),
			settings: { ...settings, executionId: '11' },
		};
		const submissions = await callAll([job(0, 'dog'), job(0, 'cat')], later);
		expect(ids(submissions)).toEqual(['task-2', 'task-1']);
		expect(run.service.count('create')).toBe(2);
	});

	it('stay under the cap together', async () => {
		const run = { ...stage(), settings: { maxNewTasks: 2 } };
		const calls = ['cat', 'dog', 'cow', 'hen'].map((work) => job(0, work));
		const submissions = await callAll(calls, run);
		expect(ids(submissions)).toEqual(['task-1', 'task-2', 'capped', 'capped']);
		expect(run.service.count('create')).toBe(2);
		expect(errorOf(submissions[3])).toContain("'Max New Tasks' is 2, and 2 tasks were submitted");
	});

	it('end at Stop while they wait for another', async () => {
		const run = stage({ gateway: 'ezmodel', createFault: () => 'acceptThenHang' });
		const stop = new AbortController();
		const ports = { signal: stop.signal };
		const calls = beginAll([job(0, 'cat'), job(0, 'cat')], { ...run, ports });
		await run.clock.pass(5_000);
		stop.abort();
		const submissions = await run.clock.run(calls);
		expect(submissions[0]).toMatchObject({ kind: 'stopped', maybeSent: true });
		expect(submissions[1]).toEqual({ kind: 'stopped', maybeSent: false });
	});
});

describe('executions side by side', () => {
	/** Two executions that start at the same moment, each with a memory of its own. */
	async function both(one: Job, two: Job, run: NodeRun): Promise<Submission[]> {
		const all = [one, two].map(async (each, index) => {
			const settings = { ...run.settings, executionId: String(10 + index) };
			return await begin([each], { ...run, memory: new StoredMemory(), settings });
		});
		return (await run.clock.run(Promise.all(all))).flat();
	}
	const own = (userKey: string) => job(0, 'cat', { userKey });
	const looking = ['klingGlobal', 'hingnet'] as const;

	it.each(looking)("with the same id of the user's pay once on %s", async (gateway) => {
		const run = stage({ gateway });
		expect(ids(await both(own('order-1'), own('order-1'), run))).toEqual(['task-1', 'task-1']);
		expect(run.service.rows).toHaveLength(1);
	});

	it.each(looking)('with reuse over the workflow pay once on %s', async (gateway) => {
		const run = { ...stage({ gateway }), settings: { reuse: 'workflow' as const } };
		expect(ids(await both(job(0, 'cat'), job(0, 'cat'), run))).toEqual(['task-1', 'task-1']);
		expect(run.service.rows).toHaveLength(1);
	});

	it('with different work do not wait for each other', async () => {
		const run = stage({ latencyMs: 10_000 });
		const startedAt = run.clock.now();
		await both(own('order-1'), own('order-2'), run);
		expect(run.service.rows).toHaveLength(2);
		expect(run.clock.now() - startedAt).toBeLessThan(25_000);
	});

	it('with reuse within the execution are work of their own', async () => {
		const run = stage();
		expect(ids(await both(job(0, 'cat'), job(0, 'cat'), run))).toEqual(['task-1', 'task-2']);
	});
});
