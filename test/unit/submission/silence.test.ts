// An answer that says nothing about the task is no proof, neither of a refusal nor of absence.
import { answeredWith } from '../support/serviceModel';
import { faults, inTurn, job, stage, submit } from '../support/submitting';

const webPage = answeredWith(404, 'missing');
const noSuchEndpoint = answeredWith(404, 'missing', '1202');

describe('a "yes" to a submit that names no task', () => {
	it('is looked up, and the task behind it is adopted', async () => {
		const run = stage({ gateway: 'hingnet', createFault: faults('acceptAndSayNoId') });
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', origin: 'new', task: { id: 'task-1' } });
		expect(run.service.rows).toHaveLength(1);
	});

	it('is not sent again where nothing can be looked up', async () => {
		const run = stage({ gateway: 'ezmodel', createFault: faults('acceptAndSayNoId') });
		for (const attempt of [1, 2]) {
			const [submission] = await submit([job(0)], run);
			expect([attempt, submission?.kind]).toEqual([attempt, 'unknown']);
		}
		expect(run.service.rows).toHaveLength(1);
	});
});

describe('a look-up that somebody on the way answers', () => {
	it('with a web page is asked again, and the task is adopted', async () => {
		const run = stage({
			createFault: faults('acceptThenReset'),
			readFault: inTurn<typeof webPage | false>([webPage, webPage], false),
		});
		const [submission] = await submit([job(0)], run);
		expect(submission).toMatchObject({ kind: 'task', task: { id: 'task-1' } });
		expect(run.service.count('create')).toBe(1);
	});

	it('with a web page each time never proves that there is no task', async () => {
		const run = stage({ createFault: faults('acceptThenReset'), readFault: () => webPage });
		const [submission] = await submit([job(0)], run);
		expect(submission?.kind).toBe('unknown');
		expect(run.service.count('create')).toBe(1);
	});

	it('with a web page does not make a task of an earlier try unreachable', async () => {
		const run = stage({ readFault: inTurn<typeof webPage | false>([webPage], false) });
		await submit([job(0)], run);
		const [again] = await submit([job(0)], run);
		expect(again).toMatchObject({ kind: 'task', origin: 'remembered', task: { id: 'task-1' } });
	});

	it('with the word that there is no such endpoint is believed at once', async () => {
		const run = stage({ createFault: faults('acceptThenReset'), readFault: () => noSuchEndpoint });
		const [submission] = await submit([job(0)], run);
		expect(submission?.kind).toBe('unknown');
		expect(run.service.count('fetch')).toBe(1);
	});
});
