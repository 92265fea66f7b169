// The cap on new tasks: it counts what is, or may be, paid for over loops and retries, and nothing else.
import { errorOf, faults, ids, job, jobs, stage, submit } from '../support/submitting';

describe('the cap on new tasks', () => {
	const settings = { maxNewTasks: 3 };

	it('ends the remaining items, says how many were submitted, and sends nothing for them', async () => {
		const run = stage();
		const submissions = await submit(jobs(5), { ...run, settings });
		expect(submissions.map(({ kind }) => kind)).toEqual([
			'task',
			'task',
			'task',
			'capped',
			'capped',
		]);
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

	it.each([
		['at once', faults('failBeforeAccepting', 'refuse')],
		['in the next try', faults('failBeforeAccepting', 'failBeforeAccepting', 'refuse')],
	])(
		'holds for work that is tried again after its second sending was refused, %s',
		async (_, createFault) => {
			const run = stage({ createFault });
			const one = { maxNewTasks: 1 };
			await submit([job(0)], { ...run, settings: one });
			await submit([job(0)], { ...run, settings: one });
			const submissions = await submit([job(0), job(1)], { ...run, settings: one });
			expect(submissions.map(({ kind }) => kind)).toEqual(['task', 'capped']);
			expect(run.service.rows).toHaveLength(1);
		},
	);

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

	it('goes by the input order where some items have an id of the user, which all executions share', async () => {
		const run = stage({ gateway: 'ezmodel' });
		const mixed = [job(0, 'x', { userKey: 'mine' }), job(1), job(2, 'y', { userKey: 'yours' })];
		const submissions = await submit(mixed, { ...run, settings: { maxNewTasks: 2 } });
		expect(submissions.map(({ kind }) => kind)).toEqual(['task', 'task', 'capped']);
	});
});
