// What counts as the same work: a user's own id, reuse over the workflow, and equal calls of an AI tool.
import { KnownTasks } from '../../../nodes/Kling/submission/records';
import { StoredMemory } from '../support/storedMemory';
import { errorOf, ids, job, stage, submit } from '../support/submitting';

describe("a user's own id", () => {
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
		expect(run.service.rows.map(({ key }) => key)).toEqual([
			'order-1',
			expect.stringMatching(/^order-1-[0-9a-f]{12}-a1$/),
		]);
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
		"finds yesterday's task by the memory of the workflow on %s",
		async (gateway) => {
			const run = stage({ gateway });
			const workflowMemory = new StoredMemory();
			const ports = { workflowMemory };
			await submit([job(0)], { ...run, settings, ports });
			await run.clock.pass(24 * 60 * 60 * 1000);
			const tomorrow = {
				...run,
				memory: new StoredMemory(),
				ports: { workflowMemory: workflowMemory.photograph() },
			};
			const [second] = await submit([job(5, 'work 0')], {
				...tomorrow,
				settings: { ...settings, executionId: '11' },
			});
			expect(second).toMatchObject({ kind: 'task', origin: 'adopted', task: { id: 'task-1' } });
			expect(run.service.rows).toHaveLength(1);
		},
	);

	it('finds it by its key where the memory was lost', async () => {
		const run = stage();
		await submit([job(0)], { ...run, settings });
		const later = {
			...run,
			memory: new StoredMemory(),
			settings: { ...settings, executionId: '11' },
		};
		await submit([job(0)], later);
		expect(run.service.rows).toHaveLength(1);
	});

	it('makes a new task when the links of the old one have expired', async () => {
		const run = stage();
		await submit([job(0)], { ...run, settings });
		await run.clock.pass(31 * 24 * 60 * 60 * 1000);
		const later = {
			...run,
			memory: new StoredMemory(),
			settings: { ...settings, executionId: '11' },
		};
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

	it('forgets nothing in silence: beyond 10,000 tasks the log tells which', () => {
		const lines: string[] = [];
		const memory = new StoredMemory();
		const known = new KnownTasks(new Map(), memory, (line) => lines.push(line));
		for (let number = 0; number < 10_001; number++) {
			known.put(`work ${number}`, { id: `task-${number}`, key: 'k', attempt: 0, at: number });
		}
		known.save();
		expect(lines).toEqual([expect.stringContaining('Task task-0 is forgotten')]);
		expect(Object.keys((memory.read() as { tasks: object }).tasks)).toHaveLength(10_000);
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
