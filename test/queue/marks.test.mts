// Queue mode, on a service without list and look-up: two workers submit the same rows, one is killed, and no row is paid twice.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENDED, runOf, type Execution } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { items, kling, webhook, workflow } from '../../lab/instance/workflows.mts';
import { KLING, sharedStage, submitParameters } from '../e2e/stage.mts';
import { openQueueStage, workersOf } from './queueStage.mts';

const PATIENCE_MS = 240_000;
const ROWS = 100;

/** n8n gives a worker up after 60 s and looks every 30 s: shortened here. */
const SHORT_LOCKS = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '4000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

const stage = sharedStage(
	async () => await openQueueStage({ env: SHORT_LOCKS }, { ezmodelRepeatedIds: 'accept' }),
);

const ended = async (id: string): Promise<Execution> =>
	await stage.client.waitForExecution(id, ENDED, PATIENCE_MS);

describe('Two workers with the same 100 rows, Within the Workflow', { timeout: 900_000 }, () => {
	it('one is killed in the middle, and it is run again: each row is paid once, and what may exist is named', async (t) => {
		const parameters = submitParameters(stage.emulator, {
			afterSubmit: 'return',
			options: { reuse: 'workflow', maxConcurrent: 5 },
		});
		const given = Array.from({ length: ROWS }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));
		const settings = { name: KLING, onError: 'continueRegularOutput' as const };
		const node = kling(parameters, await stage.preset('ezmodel'), settings);
		const saved = await stage.client.createWorkflow(workflow([webhook(), items(given), node]));
		await stage.client.publish(saved);

		stage.emulator.faults.add({ kind: 'slow', delayMs: 300, on: { call: 'create' } });
		const first = await stage.client.startByWebhook(saved);
		const second = await stage.client.startByWebhook(saved);
		await eventually(
			'30 rows to be billed',
			PATIENCE_MS,
			async () => stage.emulator.bill().total >= 30,
		);
		const [victim = 0] = workersOf(stage, first);
		assert.notDeepEqual(workersOf(stage, second), [victim]);
		await stage.queue.killWorker(victim);
		const billedAtKill = stage.emulator.bill().total;
		await ended(first);
		await ended(second);
		stage.emulator.faults.clear();

		const again = await ended(await stage.client.startByWebhook(saved));
		const texts = runOf(again, KLING).items.map(({ json }) => JSON.stringify(json));
		const isCollected = (id: string) => texts.some((text) => text.includes(`"${id}"`));
		const { total, perRequest } = stage.emulator.bill();
		const tasks = stage.emulator.tasks.list();
		t.diagnostic(
			`billed ${total} of ${ROWS} (${billedAtKill} when worker ${victim} was killed), collected ${tasks.filter(({ id }) => isCollected(id)).length}`,
		);
		assert.equal(texts.length, ROWS);
		assert.ok(Object.values(perRequest).every((count) => count === 1));
		for (const { id, externalTaskId } of tasks) {
			assert.ok(isCollected(id) || texts.some((text) => text.includes(String(externalTaskId))));
		}
		assert.ok(total <= ROWS && total >= ROWS - 5, 'but for what hung in the killed worker');
	});
});
