// Nobody calls: n8n's own timer wakes sleeping executions, through restarts and crashes, and each goes on by itself.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { kling, sink, webhook, workflow } from '../../lab/instance/workflows.mts';
import {
	asleep,
	assertAsleep,
	awake,
	executionsIn,
	openSleepers,
	putToSleep,
	sleeperOf,
	type Sleeper,
} from './sleepers.mts';
import { GOOD, KLING, submitParameters, type Stage } from './stage.mts';

const SECOND_MS = 1_000;
/** The first slices without a callback, and how late n8n's timer may be on a busy machine. */
const SLICE_MS = 65 * SECOND_MS;
const LATE_MS = 20 * SECOND_MS;

let stage: Stage;

before(async () => {
	// One slot for production executions: whoever holds it keeps all others waiting.
	const env = { N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' };
	stage = await openSleepers({ env, waitTracker: 'own' });
});

after(async () => {
	await stage?.close();
});

/** Webhook → Kling AI → Good, started through the webhook: a production execution. */
async function produce(parameters: Record<string, unknown>): Promise<Sleeper> {
	const node = kling(parameters, await stage.credential(), { name: KLING });
	const saved = await stage.client.createWorkflow(workflow([webhook(), node, sink(GOOD)]));
	await stage.client.publish(saved);
	return await sleeperOf(stage, await stage.client.startByWebhook(saved));
}

const secondsTo = ({ wakeAt }: Sleeper) => (wakeAt.getTime() - Date.now()) / SECOND_MS;

describe('With nobody to call it', { timeout: 600_000 }, () => {
	it('an execution finds its video by itself, with n8n restarted twice and a callback lost', async (test) => {
		// The service is never told where to call: n8n listens on a loopback address.
		const unreachable = await produce(
			submitParameters(stage.emulator, { afterSubmit: 'wait', downloadVideo: true }),
		);
		assert.equal(unreachable.tasks[0]?.callbackUrl, undefined);
		assert.ok(Math.abs(secondsTo(unreachable) - 65) < 10, 'a slice of 65 s');
		const forgotten = await putToSleep(stage, asleep(stage, { maxWaitMinutes: 2 }));
		stage.emulator.faults.add({ kind: 'callback-lost', on: { taskId: forgotten.tasks[0]?.id } });
		stage.emulator.tasks.succeed(forgotten.tasks[0]?.id ?? '');

		assert.equal(await executionsIn(stage, 'running'), 0, 'no slot is held');
		await stage.n8n.restart();
		await assertAsleep(stage, unreachable);
		await sleep(SLICE_MS);
		// It has looked once, in the second life of this n8n, and sleeps again.
		const second = await sleeperOf(stage, unreachable.id);
		assert.ok(second.wakeAt.getTime() > unreachable.wakeAt.getTime());
		assert.equal(await executionsIn(stage, 'running'), 0);
		await stage.n8n.kill();
		const endedAt = Date.now();
		stage.emulator.tasks.succeed(unreachable.tasks[0]?.id ?? '');
		await stage.n8n.restart();

		await test.test(
			'the video of an n8n that cannot be reached arrives within a slice',
			async () => {
				const { execution, items } = await awake(stage, unreachable);
				const tookMs = (execution.stoppedAt?.getTime() ?? Infinity) - endedAt;
				assert.ok(tookMs < SLICE_MS + LATE_MS, `it took ${tookMs} ms`);
				assert.equal(items[0]?.json.task_id, unreachable.tasks[0]?.id);
				assert.equal(items[0]?.json.task_status, 'succeed');
				assert.ok(items[0]?.binary?.data?.id);
				assert.equal(execution.nodes[KLING]?.length, 1);
				assert.equal(execution.nodes[GOOD]?.length, 1);
			},
		);

		await test.test(
			'the video whose callback was lost arrives at the end of its slice',
			async () => {
				const { execution, items } = await awake(stage, forgotten);
				assert.equal(items[0]?.json.task_status, 'succeed');
				assert.equal(execution.nodes[GOOD]?.length, 1);
			},
		);

		assert.equal(stage.emulator.bill().total, 2);
	});
});
