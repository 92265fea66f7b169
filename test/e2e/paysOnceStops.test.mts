// One item, one paid task: Stop ends a queue at once, and what was being sent can be found by its key.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { FaultRule } from '../../lab/emulator/faults/rules.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { klingWorkflow, openStage, sharedStage, submitParameters } from './stage.mts';

/** What a busy machine may take on top of the second that the node promises. */
const STOP_MS = 3_000;
const QUIET_MS = 8_000;

const stage = sharedStage(async () => await openStage({ front: true }));

/** Starts 20 items of which every submit is answered as the rules say, and waits for the third call. */
async function startQueue(rules: FaultRule[]): Promise<string> {
	for (const rule of rules) stage.emulator.faults.add(rule);
	const parameters = submitParameters(stage.emulator, { options: { maxConcurrent: 3 } });
	const saved = await stage.client.createWorkflow(
		klingWorkflow(parameters, {
			credential: await stage.preset('klingGlobal'),
			items: Array.from({ length: 20 }, (_, n) => ({ json: { prompt: `Scene ${n}` } })),
			retryOnFail: true,
			maxTries: 3,
			waitBetweenTries: 0,
		}),
	);
	const id = await stage.client.startManually(saved);
	await eventually('the queue to be told to wait', 60_000, async () =>
		stage.emulator.calls().some(({ status }) => status === 429),
	);
	return id;
}

/** @returns milliseconds until n8n says that the execution has been cancelled */
async function stop(id: string): Promise<number> {
	const started = Date.now();
	await stage.client.stopExecution(id);
	await stage.client.waitForExecution(id, ['canceled'], 30_000);
	return Date.now() - started;
}

async function staysQuiet(): Promise<void> {
	const { create } = stage.emulator.counters();
	await sleep(QUIET_MS);
	assert.equal(stage.emulator.counters().create, create, 'something was sent after Stop');
}

/** The keys that the log names; n8n's log is kept to its last lines. */
function keysInLog(): Set<string> {
	const lines = stage.n8n
		.logs()
		.matchAll(/may exist under the external task ID ([\da-f]{24}-\S+)/g);
	return new Set([...lines].map(([, key]) => String(key)));
}

describe('Stop during a queue of busy replies', () => {
	for (const [name, busy] of [
		['1303 without Retry-After', { kind: 'code', code: 1303 }],
		['1303 with Retry-After', { kind: 'code', code: 1303, retryAfter: 4 }],
		['a bare 429 with Retry-After', { kind: 'http', status: 429, retryAfter: 4 }],
	] as const) {
		it(`ends the execution soon and sends nothing more (${name})`, async (t) => {
			const id = await startQueue([{ ...busy, on: { call: 'create' } }]);
			const took = await stop(id);
			t.diagnostic(`stopped after ${took} ms`);
			assert.ok(took < STOP_MS, `it took ${took} ms`);
			await staysQuiet();
			assert.equal(stage.emulator.bill().total, 0);
		});
	}

	it('writes the keys of what was being sent into the log, and nothing of the rest', async () => {
		const before = keysInLog();
		const id = await startQueue([
			{ kind: 'hang', when: 'after', on: { call: 'create', nth: [1, 2] } },
			{ kind: 'code', code: 1303, on: { call: 'create' } },
		]);
		await eventually('both to be billed', 60_000, async () => stage.emulator.bill().total === 2);
		assert.ok((await stop(id)) < STOP_MS);
		await staysQuiet();
		const keys = stage.emulator.tasks.list().map(({ clientKey }) => String(clientKey));
		await eventually('the log to name both keys', 5_000, async () =>
			keys.every((key) => stage.n8n.logs().includes(`may exist under the external task ID ${key}`)),
		);
		const added = [...keysInLog()].filter((key) => !before.has(key));
		assert.deepEqual(new Set(added), new Set(keys));
		assert.ok(!stage.n8n.logs().includes(stage.emulator.keys.apiKey));
	});
});

describe('Stop while videos are waited for', () => {
	it('leaves every task in the log, where the service lists none and n8n keeps nothing of the run', async () => {
		const parameters = submitParameters(stage.emulator, {
			afterSubmit: 'wait',
			options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
		});
		const saved = await stage.client.createWorkflow(
			klingWorkflow(parameters, {
				credential: await stage.preset('ezmodel'),
				items: Array.from({ length: 2 }, (_, n) => ({
					json: { prompt: `Scene ${n} [lifetime 10m]` },
				})),
			}),
		);
		const id = await stage.client.startManually(saved);
		await eventually(
			'both to be asked for',
			60_000,
			async () => stage.emulator.counters().get >= 2,
		);
		assert.ok((await stop(id)) < STOP_MS);
		const paid = stage.emulator.tasks.list().map((task) => task.id);
		assert.equal(paid.length, 2);
		await eventually('the log to name both tasks', 5_000, async () =>
			paid.every((task) => stage.n8n.logs().includes(`Submitted task ${task} `)),
		);
	});
});
