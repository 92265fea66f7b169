// All slots for production executions are taken: n8n queues stale copies of due sleepers, and each video is paid for once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENDED, runOf } from '../../lab/instance/api/execution.mts';
import { items, kling, sink, waitNode, webhook, workflow } from '../../lab/instance/workflows.mts';
import { scenes } from './sleepers.mts';
import { GOOD, openStage, sharedStage, submitParameters } from './stage.mts';

const LIFETIME_MS = 20_000;
const PATIENCE_MS = 500_000;
/** So long the only slot is held when the sleepers fall due. */
const BLOCKED_SECONDS = 60;
const EXECUTIONS = 3;

const stage = sharedStage(
	async () =>
		await openStage({
			emulator: { lifetimeMs: LIFETIME_MS },
			// Each look queues one more copy of each due sleeper: twelve a minute instead of one.
			waitTracker: 5_000,
			env: { N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' },
		}),
);

describe('With one slot, and that one taken', { timeout: 900_000 }, () => {
	it('two of the nodes in line pay once each, in each of several executions', async () => {
		const credential = await stage.credential();
		const parameters = submitParameters(stage.emulator, { afterSubmit: 'wait' });
		const nodes = ['One', 'Two'].map((name) => kling(parameters, credential, { name }));
		const saved = await stage.client.createWorkflow(
			workflow([webhook(), items(scenes(1)), ...nodes, sink(GOOD)]),
		);
		const blocking = await stage.client.createWorkflow(
			workflow([webhook(), waitNode(BLOCKED_SECONDS)]),
		);
		for (const each of [saved, blocking]) await stage.client.publish(each);

		const ids: string[] = [];
		for (let n = 0; n < EXECUTIONS; n++) ids.push(await stage.client.startByWebhook(saved));
		for (const id of ids) await stage.client.waitForExecution(id, ['waiting'], PATIENCE_MS);
		assert.equal(stage.emulator.bill().total, EXECUTIONS);
		await stage.client.startByWebhook(blocking);

		for (const id of ids) {
			const execution = await stage.client.waitForExecution(id, ENDED, PATIENCE_MS);
			assert.equal(execution.status, 'success', execution.error?.message);
			const made = ['One', 'Two'].map((name) => runOf(execution, name).items[0]?.json.task_id);
			assert.notEqual(made[0], made[1]);
			assert.equal(runOf(execution, GOOD).items[0]?.json.task_id, made[1]);
		}
		assert.equal(stage.emulator.bill().total, 2 * EXECUTIONS);
	});
});
