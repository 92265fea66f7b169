// Queue mode of n8n 1: it runs the execution of a killed worker again by itself, from its start and with the same id.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../../lab/instance/eventually.mts';
import { N8N_1_VERSION } from '../../lab/instance/install.mts';
import { items, kling, sink, webhook, workflow } from '../../lab/instance/workflows.mts';
import { GOOD, KLING, submitParameters } from '../e2e/stage.mts';
import { openQueueStage, workersOf } from './queueStage.mts';

const PATIENCE_MS = 180_000;

/** n8n gives a worker up after 60 s and looks every 30 s: shortened here. */
const SHORT_LOCKS = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '4000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

let stage: Awaited<ReturnType<typeof openQueueStage>>;

before(async () => {
	stage = await openQueueStage({ version: N8N_1_VERSION, env: SHORT_LOCKS });
});
after(async () => {
	await stage?.close();
});

describe(`A worker of n8n ${N8N_1_VERSION} is killed while it polls`, { timeout: 600_000 }, () => {
	it('and the other one, which runs the execution again, finds the task that was paid for', async () => {
		const parameters = submitParameters(stage.emulator, {
			afterSubmit: 'wait',
			options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
		});
		// This gateway takes the same external task ID as often as it is sent.
		const node = kling(parameters, await stage.preset('hingnet'), { name: KLING });
		const saved = await stage.client.createWorkflow(
			workflow([webhook(), items([{ json: {} }]), node, sink(GOOD)]),
		);
		await stage.client.publish(saved);
		const id = await stage.client.startByWebhook(saved);
		const isPolling = async () =>
			stage.emulator.bill().total === 1 && stage.emulator.counters().get > 1;
		await eventually('the task to be billed and asked for', PATIENCE_MS, isPolling);
		await stage.queue.killWorker(workersOf(stage, id)[0] ?? 0);
		await eventually(
			'n8n to run it again',
			PATIENCE_MS,
			async () => workersOf(stage, id).length === 2,
		);
		const asked = stage.emulator.counters().get;
		await eventually(
			'it to poll again',
			PATIENCE_MS,
			async () => stage.emulator.counters().get > asked + 1,
		);
		assert.equal(stage.emulator.bill().total, 1);
		const [task] = stage.emulator.tasks.list();
		stage.emulator.tasks.succeed(task?.id ?? '');
		const ended = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
		assert.equal(ended.status, 'success', ended.error?.message);
		assert.equal(ended.nodes[GOOD]?.[0]?.items[0]?.json.task_id, task?.id);
	});
});
