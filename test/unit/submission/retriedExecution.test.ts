// An execution that n8n retries finds the tasks of the earlier one, and takes none that is not its own.
import { families } from '../../../nodes/Kling/api/models';
import { markDelivered } from '../../../nodes/Kling/submission/records';
import { answered, clientOf, page } from '../api/oneAnswer';
import { said } from '../support/serviceModel';
import { StoredMemory } from '../support/storedMemory';
import { errorOf, fingerprintFor, ids, job, jobs, stage, submit } from '../support/submitting';

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
		const later = {
			...run,
			memory: new StoredMemory(),
			ports: { executionOutcome },
			settings: retry,
		};
		const submissions = await submit([job(0), job(1, 'work 0'), job(2, 'work 0')], later);
		expect(ids(submissions)).toEqual(['task-2', 'task-3', 'task-4']);
	});

	it.each(['newestFirst', 'oldestFirst'] as const)(
		'takes the newest of those that nothing is known of, from a list that comes %s',
		async (listOrder) => {
			const run = stage({ listOrder });
			for (const executionId of ['7', '8', '9']) {
				await submit([job(0)], { ...run, memory: new StoredMemory(), settings: { executionId } });
			}
			const later = { ...run, memory: new StoredMemory(), settings: retry };
			expect(ids(await submit([job(0)], later))).toEqual(['task-3']);
		},
	);

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
			for (let index = 0; index < 1200; index++)
				run.service.add({ key: `other-${index}`, createdAt: old + index });
			run.service.add({ key: `${fingerprintFor('work 0')}-e10-n0-a0` });
			const [submission] = await submit([job(0)], { ...run, settings: retry });
			expect(submission).toMatchObject({ kind: 'task', origin: 'adopted' });
			expect([listOrder, run.service.count('list')]).toEqual([
				listOrder,
				listOrder === 'newestFirst' ? 1 : 3,
			]);
		}
	});

	it('sends nothing while the list does not answer', async () => {
		const run = stage({ readFault: () => true });
		const [submission] = await submit([job(0)], { ...run, settings: retry });
		expect(submission?.kind).toBe('refused');
		expect(run.service.count('create')).toBe(0);
	});

	it('sends nothing because a server on the way does not know the address of the list', async () => {
		const run = stage();
		await submit([job(0)], run);
		const { client } = clientOf('klingGlobal', answered(404, page));
		run.service.list = async () => await client.list(families.multiImage, 1, 500);
		const later = { ...run, memory: new StoredMemory(), settings: retry };
		const [submission] = await submit([job(0)], later);
		expect(submission?.kind).toBe('refused');
		expect(run.service.rows).toHaveLength(1);
	});

	it('does not hold its worker for as long as the list asks to be left alone', async () => {
		const run = stage();
		run.service.list = async () => ({
			kind: 'transient',
			error: said('busy', 'later', 86_400_000),
		});
		const startedAt = run.clock.now();
		const [submission] = await submit([job(0)], { ...run, settings: retry });
		expect(submission?.kind).toBe('refused');
		expect(run.clock.now() - startedAt).toBeLessThan(5 * 60_000);
	});

	it('sends nothing while its task may stand behind the last page that is read', async () => {
		const run = stage();
		const { list } = run.service;
		const full = Array.from({ length: 500 }, (_, index) => ({
			task: { id: `other-${index}`, status: 'processing' as const, videos: [] },
			raw: {},
		}));
		run.service.list = async () => ({ kind: 'page', tasks: full, unreadable: [], hasList: true });
		const [unsure] = await submit([job(0)], { ...run, settings: retry });
		expect(errorOf(unsure)).toContain('too long');
		expect(run.service.count('create')).toBe(0);
		run.service.list = list;
		expect((await submit([job(0)], { ...run, settings: retry }))[0]?.kind).toBe('task');
	});

	it('asks n8n about few earlier executions at a time, because each comes with all its data', async () => {
		const run = stage();
		for (let execution = 100; execution < 300; execution++) {
			run.service.add({ key: `${fingerprintFor('work 0')}-e${execution}-n0-a0` });
		}
		let [open, most, asked] = [0, 0, 0];
		const executionOutcome = async () => {
			asked += 1;
			most = Math.max(most, (open += 1));
			await run.clock.sleep(10);
			open -= 1;
			return 'succeeded' as const;
		};
		await submit([job(0)], { ...run, ports: { executionOutcome }, settings: retry });
		expect([asked, most]).toEqual([200, 2]);
	});

	it.each(['klingGlobal', 'ezmodel'] as const)(
		'finds what its memory still holds, whether or not %s lists',
		async (gateway) => {
			const run = stage({ gateway });
			await submit([job(0, 'cat'), job(1, 'cat'), job(2)], run);
			const later = { ...run, memory: run.memory.photograph(), settings: retry };
			const submissions = await submit(
				[job(0), job(1, 'cat'), job(2, 'work 2'), job(3, 'cat')],
				later,
			);
			expect(submissions.map((one) => one.kind === 'task' && one.origin)).toEqual([
				'new',
				'adopted',
				'adopted',
				'adopted',
			]);
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
		run.service.add({ key: `${fingerprintFor('work 0')}-e11-n5-a0` });
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

	it('says which tasks call back here: those that it sent itself', async () => {
		const run = stage();
		await submit([job(0)], run);
		const later = { ...run, memory: run.memory.photograph(), settings: retry };
		for (const attempt of [1, 2]) {
			const submissions = await submit(jobs(2), later);
			const sentHere = submissions.map((one) => one.kind === 'task' && one.sentHere);
			expect([attempt, sentHere]).toEqual([attempt, [false, true]]);
		}
	});
});

describe('a retried execution whose keys stay the same', () => {
	const began = { establishedAt: 1_700_000_000_000 };
	const retry = { ...began, executionId: '11', isRetry: true };

	it.each(['klingGlobal', 'hingnet'] as const)(
		'sends the same external task ids, on %s',
		async (gateway) => {
			const run = stage({ gateway });
			const first = await submit(jobs(3), { ...run, settings: began });
			const again = await submit(jobs(3), { ...run, memory: new StoredMemory(), settings: retry });
			expect(ids(again)).toEqual(ids(first));
			expect(again.map((one) => 'key' in one && one.key)).toEqual(
				first.map((one) => 'key' in one && one.key),
			);
		},
	);

	it('finds a task that the list does not show yet, by its key', async () => {
		const run = stage({ gateway: 'hingnet', listLagMs: 600_000 });
		await submit(jobs(2), { ...run, settings: began });
		const later = { ...run, memory: new StoredMemory(), settings: retry };
		expect(ids(await submit(jobs(2), later))).toEqual(['task-1', 'task-2']);
		expect(run.service.rows).toHaveLength(2);
	});

	it('counts equal requests over the runs of a loop, and takes nothing of another execution', async () => {
		const run = stage();
		const loop = async (settings: object, memory: StoredMemory) => {
			const made = [];
			for (const index of [0, 1, 2]) {
				const one = { ...run, memory, settings: { ...settings, run: index } };
				made.push(...ids(await submit([job(0, 'cat')], one)));
			}
			return made;
		};
		const other = { establishedAt: 1, executionId: '9' };
		await loop(other, new StoredMemory());
		expect(await loop(began, new StoredMemory())).toEqual(['task-4', 'task-5', 'task-6']);
		expect(await loop(retry, new StoredMemory())).toEqual(['task-4', 'task-5', 'task-6']);
		expect(run.service.rows).toHaveLength(6);
	});

	it('goes on from the run that failed with the numbers of the runs before it', async () => {
		const run = stage();
		const at = (settings: object, index: number, memory: StoredMemory) =>
			submit([job(0, 'cat')], { ...run, memory, settings: { ...settings, run: index } });
		await at(began, 0, run.memory);
		markDelivered(run.memory, '10', 0, [0]);
		await at(began, 1, run.memory);
		const memory = run.memory.photograph();
		expect(ids(await at(retry, 1, memory))).toEqual(['task-2']);
		expect(ids(await at(retry, 2, memory))).toEqual(['task-3']);
	});

	it('finds its tasks although rows of the list cannot be read', async () => {
		const run = stage();
		await submit(jobs(1), { ...run, settings: began });
		const list = run.service.list.bind(run.service);
		run.service.list = async (...args) => {
			const page = await list(...args);
			return page.kind === 'page' ? { ...page, unreadable: [{}] } : page;
		};
		const later = { ...run, memory: new StoredMemory(), settings: retry };
		expect(ids(await submit(jobs(2), later))).toEqual(['task-1', 'task-2']);
	});
});
