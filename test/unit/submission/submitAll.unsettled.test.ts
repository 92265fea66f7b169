// Submits whose end is not plain: without an answer, under a key that is taken, or never sent. None is paid for twice.
import type { CreateFault } from '../support/serviceModel';
import { begin, errorOf, faults, fingerprintFor, job, stage, submit } from '../support/submitting';

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
		expect(errorOf(submission)).toContain(`${fingerprintFor('work 0')}-e10-n0-a0`);
		expect(errorOf(submission)).toContain('sends again only if the service proves');
	});

	it('on a service that cannot look up is not sent again, in no try, and is named each time', async () => {
		const run = stage({ gateway: 'ezmodel', createFault: faults('acceptThenReset') });
		for (const attempt of [1, 2, 3]) {
			const [submission] = await submit([job(0)], run);
			expect([attempt, submission?.kind]).toEqual([attempt, 'unknown']);
			expect(errorOf(submission)).toMatch(/may exist.*-e10-n0-a0/);
			expect(errorOf(submission)).toContain('does not send it a second time in this execution');
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
		run.service.add({ key: `${fingerprintFor('work 0')}-e10-n0-a0`, work: 'work 0' });
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', origin: 'adopted', task: { id: 'task-1' } });
		expect(run.service.rows).toHaveLength(1);
	});

	it('by a failed task gives way to a new attempt', async () => {
		const run = stage();
		const key = `${fingerprintFor('work 0')}-e10-n0-a0`;
		run.service.add({ key, createdAt: run.clock.now() - 200_000, fails: true });
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', origin: 'new', task: { id: 'task-2' } });
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

describe('a clock that is set forward while a submit of unknown outcome is looked up', () => {
	it('makes no absence last longer: the task that shows up late is found and not paid for again', async () => {
		const { clock, service, memory } = stage({
			gateway: 'hingnet',
			createFault: faults('acceptLate'),
		});
		const jump = () => (service.count('fetch') > 0 ? 3_600_000 : 0);
		const ports = { clock: { now: () => clock.now() + jump(), sleep: clock.sleep } };
		const [submission] = await submit([job(0)], { clock, service, memory, ports });
		await clock.pass(60_000);
		expect(submission).toMatchObject({ kind: 'task', task: { id: 'task-1' } });
		expect(service.rows).toHaveLength(1);
	});
});
