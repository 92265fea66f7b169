// One look-up for submits and for waiting: by id, else by key, and only a task of ours counts.
import type { FetchOutcome } from '../../../nodes/Kling/api/client';
import { gateways } from '../../../nodes/Kling/api/gateways';
import { lookUpTask } from '../../../nodes/Kling/api/lookUp';
import type { Task } from '../../../nodes/Kling/api/task';
import { StatusFetcher } from '../../../nodes/Kling/waiting/statusFetcher';
import { answeredWith, multiImage, said } from '../support/serviceModel';

const MISSING: FetchOutcome = { kind: 'missing', error: said('missing', 'no such task') };

function found(task: Partial<Task>): FetchOutcome {
	return { kind: 'found', task: { id: 't1', status: 'processing', videos: [], ...task }, raw: {} };
}

/** A service that answers by the name it is asked for. */
function service(answers: Record<string, FetchOutcome>) {
	const asked: string[] = [];
	const fetch = async (_family: unknown, name: string) => {
		asked.push(name);
		return answers[name] ?? MISSING;
	};
	return { asked, fetch };
}

describe('a look-up', () => {
	it('asks by the id, and by the key only when the id is not found', async () => {
		const knows = service({ t1: found({}), k1: found({ externalId: 'k1' }) });
		await lookUpTask(knows, gateways.klingGlobal, multiImage, { id: 't1', key: 'k1' });
		expect(knows.asked).toEqual(['t1']);
		const renames = service({ k1: found({ id: 'other', externalId: 'k1' }) });
		const outcome = await lookUpTask(renames, gateways.klingGlobal, multiImage, {
			id: 't1',
			key: 'k1',
		});
		expect(renames.asked).toEqual(['t1', 'k1']);
		expect(outcome).toMatchObject({ kind: 'found', task: { id: 't1', externalId: 'k1' } });
	});

	it('does not ask by the key where the gateway cannot', async () => {
		const cannot = service({ k1: found({ externalId: 'k1' }) });
		const names = { id: 't1', key: 'k1' };
		const outcome = await lookUpTask(cannot, gateways.ezmodel, multiImage, names);
		expect([cannot.asked, outcome.kind]).toEqual([['t1'], 'missing']);
	});

	it.each([
		['no key', undefined],
		["another's key", 'k2'],
	])('by key that nobody documents does not believe a task with %s', async (_name, externalId) => {
		const strange = service({ k1: found({ id: 't9', externalId }) });
		const outcome = await lookUpTask(strange, gateways.custom, multiImage, { key: 'k1' });
		expect(outcome.kind).toBe('missing');
		const asker = new StatusFetcher({ client: strange as never, gateway: gateways.custom });
		const task = { id: 't1', key: 'k1', family: multiImage };
		expect(await asker.fetchOne(task)).toMatchObject({ kind: 'missing' });
	});

	it('by key believes a task that carries our id', async () => {
		const renames = service({ k1: found({ id: 't1' }) });
		const names = { id: 't1', key: 'k1' };
		const outcome = await lookUpTask(renames, gateways.custom, multiImage, names);
		expect(outcome).toMatchObject({ kind: 'found', task: { id: 't1', externalId: 'k1' } });
	});

	it('counts the 404 page of some server on the way as no answer', async () => {
		const page: FetchOutcome = { kind: 'refused', error: answeredWith(404, 'missing') };
		const names = { key: 'k1' };
		const outcome = await lookUpTask(service({ k1: page }), gateways.hingnet, multiImage, names);
		expect(outcome.kind).toBe('transient');
	});
});
