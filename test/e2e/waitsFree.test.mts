// Waiting is free: while a video renders the execution sleeps, and the service's call wakes it up.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { kling, sink, webhook, workflow } from '../../lab/instance/workflows.mts';
import { assertCallerGetsItems } from './calledWorkflow.mts';
import {
	asleep,
	assertAsleep,
	awake,
	costLine,
	executionsIn,
	finishAll,
	openSleepers,
	putToSleep,
	requestsOf,
	scenes,
	sleeperOf,
} from './sleepers.mts';
import { GOOD, KLING, klingLoop, sharedStage } from './stage.mts';

// One slot for production executions: whoever holds it keeps all others waiting.
const env = { N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' };
const stage = sharedStage(async () => await openSleepers({ env }));

describe('A sleeping execution', { timeout: 600_000 }, () => {
	it('is woken up by the callback, with every field and the file', async () => {
		const sleeper = await putToSleep(stage, asleep(stage, { downloadVideo: true }));
		finishAll(stage, sleeper);
		const { execution, items } = await awake(stage, sleeper);
		const [item] = items;
		const task = sleeper.tasks[0];
		assert.equal(item?.json.task_id, task?.id);
		assert.equal(item?.json.external_task_id, task?.externalTaskId);
		assert.equal(item?.json.task_status, 'succeed');
		assert.match(String(item?.json.video_url), /^http.*\.mp4/);
		assert.equal(item?.json.duration, 5);
		for (const field of ['created_at', 'updated_at', 'expires_at']) {
			assert.match(String(item?.json[field]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, field);
		}
		const lifeMs =
			Date.parse(String(item?.json.expires_at)) - Date.parse(String(item?.json.updated_at));
		assert.equal(Math.round(lifeMs / 86_400_000), 30);
		assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
		const file = await stage.client.downloadBinary(item?.binary?.data?.id ?? '');
		assert.equal(file.toString('latin1', 4, 8), 'ftyp');
		assert.equal(runOf(execution, GOOD).items.length, 1);
		assert.equal(stage.emulator.bill().total, 1);
		console.log(`One video, asleep: ${costLine(stage, 1)}`);
		assert.ok(requestsOf(stage) <= 3);
	});

	it('holds no worker: three sleep and the only slot is free for others', async () => {
		const credential = await stage.credential();
		const start = webhook();
		const sleeping = await stage.client.createWorkflow(
			workflow([start, kling(asleep(stage), credential, { name: KLING }), sink(GOOD)]),
		);
		const probe = await stage.client.createWorkflow(workflow([webhook(), sink()]));
		await stage.client.publish(sleeping);
		await stage.client.publish(probe);
		const sleepers = [];
		for (let n = 0; n < 3; n++) {
			sleepers.push(await sleeperOf(stage, await stage.client.startByWebhook(sleeping)));
		}
		const running = await executionsIn(stage, 'running');
		console.log(
			`parked executions hold ${running} worker slots (${sleepers.length} parked, 1 slot)`,
		);
		assert.equal(await executionsIn(stage, 'waiting'), 3);
		assert.equal(running, 0);
		const passing = await stage.client.startByWebhook(probe);
		assert.equal((await stage.client.waitForExecution(passing)).status, 'success');
		for (const sleeper of sleepers) await assertAsleep(stage, sleeper);

		finishAll(stage, ...sleepers);
		for (const sleeper of sleepers) await awake(stage, sleeper);
		await stage.client.unpublish(sleeping);
		await stage.client.unpublish(probe);
	});

	it('wakes up once all of several tasks are finished, with the pairing kept', async () => {
		const sleeper = await putToSleep(stage, asleep(stage, { downloadVideo: true }), {
			items: scenes(4),
		});
		const [first, second, third, fourth] = sleeper.tasks;
		for (const task of [third, first, fourth]) {
			stage.emulator.tasks.succeed(task?.id ?? '');
			await stage.emulator.callbacks.idle();
			await assertAsleep(stage, sleeper);
		}
		stage.emulator.tasks.succeed(second?.id ?? '');
		const { execution, run, items } = await awake(stage, sleeper);
		assert.match(run.hints.join('\n'), /woke up once/);
		assert.deepEqual(
			items.map(({ json, pairedItem }) => [json.task_id, pairedItem]),
			sleeper.tasks.map(({ id }, item) => [id, { item }]),
		);
		assert.ok(items.every((item) => item.binary?.data?.id !== undefined));
		assert.equal(runOf(execution, GOOD).items.length, 4);
		assert.equal(stage.emulator.bill().total, 4);
		console.log(`Four videos, asleep: ${costLine(stage, 4)}`);
		assert.ok(requestsOf(stage) <= 12);
	});

	it('wakes up without a list route too', async () => {
		const credential = await stage.credential('ezmodel');
		const one = await putToSleep(stage, asleep(stage), { credential });
		finishAll(stage, one);
		await awake(stage, one);
		console.log(`One video at a service that does not list: ${costLine(stage, 1)}`);
		stage.emulator.reset();
		const four = await putToSleep(stage, asleep(stage), { credential, items: scenes(4) });
		for (const place of [2, 0, 3, 1]) {
			stage.emulator.tasks.succeed(four.tasks[place]?.id ?? '');
			await stage.emulator.callbacks.idle();
		}
		const { items } = await awake(stage, four);
		assert.equal(items.length, 4);
		console.log(`Four videos at a service that does not list: ${costLine(stage, 4)}`);
	});

	it('keeps the items that do not wait in their places', async () => {
		const parameters = asleep(stage, {}, { afterSubmit: '={{ $json.wait ? "wait" : "return" }}' });
		const items = scenes(4).map(({ json }, n) => ({ json: { ...json, wait: n % 2 === 1 } }));
		const sleeper = await putToSleep(stage, parameters, { items });
		finishAll(stage, sleeper);
		const { items: got } = await awake(stage, sleeper);
		assert.deepEqual(
			got.map(({ json, pairedItem }) => [json.task_status, pairedItem]),
			['submitted', 'succeed', 'submitted', 'succeed'].map((status, item) => [status, { item }]),
		);
	});

	it('keeps what was there before it slept: a finished file, and an item that could not be sent', async () => {
		const sleeper = await putToSleep(stage, asleep(stage, { downloadVideo: true }), {
			onError: 'continueErrorOutput',
			items: [
				{ json: { prompt: 'A dog [lifetime 300ms]' } },
				{ json: { prompt: '' } },
				{ json: { prompt: 'A refused cat [refuse 1301]' } },
				{ json: { prompt: 'A slow dog' } },
			],
		});
		finishAll(stage, sleeper);
		const { run } = await awake(stage, sleeper);
		const [good, bad] = run.outputs;
		assert.deepEqual(
			good?.map(({ pairedItem }) => pairedItem),
			[{ item: 0 }, { item: 3 }],
		);
		assert.ok(good?.every(({ binary }) => binary?.data?.id !== undefined));
		assert.match(JSON.stringify(bad?.[0]?.json), /prompt/i);
		assert.equal(bad?.length, 2);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('wakes up in each round of a loop', async () => {
		const settings = { credential: await stage.credential(), items: scenes(2) };
		const saved = await stage.client.createWorkflow(klingLoop(asleep(stage), settings));
		const id = await stage.client.startManually(saved);
		finishAll(stage, await sleeperOf(stage, id));
		const second = await untilTasks(id, 2);
		finishAll(stage, second);
		const { execution } = await awake(stage, second);
		assert.equal(execution.nodes[KLING]?.length, 2);
		assert.equal(runOf(execution, GOOD).items.length, 2);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('works in a workflow that another one calls, and the caller gets the items', async () => {
		await assertCallerGetsItems(stage, await stage.credential(), 'byHand');
	});
});

/** Waits until an execution sleeps again, for its newest task. */
async function untilTasks(id: string, count: number) {
	await eventually(
		`${count} tasks`,
		30_000,
		async () => stage.emulator.tasks.list().length >= count,
	);
	return await sleeperOf(stage, id);
}
