// One item, one paid task: n8n runs the whole node again and again under faults, and every item is billed once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenPromises, submitUnderFaults } from './submitsUnderFaults/run.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import {
	KLING,
	klingLoop,
	openStage,
	runKling,
	sharedStage,
	submitParameters,
	type Preset,
	type RunSettings,
} from './stage.mts';

const MINUTE_MS = 60_000;

const stage = sharedStage(async () => await openStage({ front: true }));

const RETRIES = { retryOnFail: true, maxTries: 3, waitBetweenTries: 500 } as const;

/** Rows that are all different. */
const rows = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));

describe('Retry On Fail, 3 tries, 20 items, 30 % faults of every kind', () => {
	for (const [dialect, provider] of [
		['official', 'klingGlobal'],
		['hingnet', 'hingnet'],
		['ezmodel', 'ezmodel'],
	] as const) {
		const canLookUp = dialect !== 'ezmodel';
		const promise = canLookUp
			? 'bills every item once and hands every task out'
			: 'bills no item twice and names each key under which a task may exist';
		it(`on ${provider} ${promise}`, async (t) => {
			const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
			t.diagnostic(`seed ${seed}`);
			const report = await submitUnderFaults({
				emulator: stage.emulator,
				client: stage.client,
				credential: await stage.preset(provider),
				dialect,
				seed,
				items: 20,
				tries: 3,
				// Two refusals end at most two tries badly, so the third can end well.
				refusals: canLookUp ? 2 : 1,
				onError: canLookUp ? 'stopWorkflow' : 'continueRegularOutput',
				timeoutMs: 8 * MINUTE_MS,
			});
			t.diagnostic(JSON.stringify(report));
			assert.deepEqual(brokenPromises(report, canLookUp), [], `seed ${seed}`);
		});
	}

	it('on ezmodel with On Error "Stop" names every key, and every task, in the message', async () => {
		stage.emulator.faults.add({
			kind: 'reset',
			when: 'after',
			on: { call: 'create', nth: [2, 9, 30] },
		});
		const { execution } = await runKling(stage, submitParameters(stage.emulator), {
			credential: await stage.preset('ezmodel'),
			items: rows(40),
			...RETRIES,
		});
		assert.equal(execution.status, 'error');
		const words = `${execution.error?.message} ${execution.error?.description}`;
		assert.equal(stage.emulator.bill().total, 40, 'n8n ran the node three times');
		const untold = new Set(
			stage.emulator.calls().flatMap(({ fault, taskId }) => (fault === undefined ? [] : [taskId])),
		);
		assert.equal(untold.size, 3);
		for (const { id, clientKey } of stage.emulator.tasks.list()) {
			const name = untold.has(id) ? clientKey : id;
			assert.ok(words.includes(String(name)), `${name} is not named in: ${words}`);
		}
	});
});

describe('A loop that asks for the same video three times in one execution', () => {
	const looped = async (provider: Preset, settings: Partial<RunSettings>) => {
		const credential = await stage.preset(provider);
		const given = Array.from({ length: 3 }, () => ({ json: {} }));
		const saved = await stage.client.createWorkflow(
			klingLoop(submitParameters(stage.emulator), { credential, items: given, ...settings }),
		);
		return await stage.client.runManually(saved, 5 * MINUTE_MS);
	};

	const threeTasks = (execution: Awaited<ReturnType<typeof looped>>) => {
		assert.equal(execution.status, 'success', execution.error?.message);
		const ids = [0, 1, 2].map((run) => runOf(execution, KLING, run).items[0]?.json.task_id);
		assert.equal(new Set(ids).size, 3, ids.join());
		assert.equal(stage.emulator.bill().total, 3);
		assert.deepEqual(new Set(ids), new Set(stage.emulator.tasks.list().map(({ id }) => id)));
	};

	it('gets three tasks: each run is its own work', async () => {
		threeTasks(await looped('klingGlobal', {}));
	});

	it('gets three tasks with Retry On Fail and faults too', async () => {
		const { faults } = stage.emulator;
		const on = { call: 'create' } as const;
		faults.add({ kind: 'code', code: 1301, on: { ...on, nth: 1 } });
		faults.add({ kind: 'empty', when: 'after', on: { ...on, nth: 1 } });
		faults.add({ kind: 'code', code: 1301, on: { ...on, nth: 1 } });
		faults.add({ kind: 'code', code: 1303, on: { ...on, nth: 1 } });
		threeTasks(await looped('klingGlobal', RETRIES));
		assert.equal(stage.emulator.faults.list().filter(({ struck }) => struck === 1).length, 4);
	});
});
