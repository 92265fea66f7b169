// An execution that slept ends badly, crashes or is stopped: each kind of Retry pays nothing and delivers the video.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../lab/instance/eventually.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import {
	items,
	kling,
	manualTrigger,
	node,
	sink,
	webhook,
	workflow,
} from '../../lab/instance/workflows.mts';
import {
	asleep,
	asleepAgain,
	awake,
	finishSilently,
	openSleepers,
	putToSleep,
	scenes,
	sleeperOf,
	type Sleeper,
} from './sleepers.mts';
import { GOOD, KLING, submitParameters, type Stage } from './stage.mts';

const MINUTE_MS = 60_000;

let stage: Stage;
before(async () => {
	stage = await openSleepers();
	stage.emulator.settings.callbackRetriesMs = [];
});
after(async () => {
	await stage?.close();
});

/** Two executions that sleep for two videos each, with everything that has to survive: input, pairing, file. */
const two = async (): Promise<Sleeper[]> => [
	await putToSleep(stage, asleep(stage, { downloadVideo: true }), { items: scenes(2) }),
	await putToSleep(stage, asleep(stage, { downloadVideo: true }), { items: scenes(2) }),
];

/** Retries the first as it was and the second with the saved workflow: both deliver, and nothing new is paid for. */
async function assertRetriesDeliver(sleepers: Sleeper[]): Promise<void> {
	const billed = stage.emulator.bill().total;
	for (const [n, sleeper] of sleepers.entries()) {
		for (const { id } of sleeper.tasks) stage.emulator.tasks.succeed(id);
		const id = await stage.client.retryExecution(sleeper.id, n === 1);
		const { execution, items: got } = await awake(stage, { id });
		assert.equal(execution.mode, 'retry');
		assert.deepEqual(
			got.map(({ json, pairedItem }) => [json.task_id, json.task_status, pairedItem]),
			sleeper.tasks.map((task, item) => [task.id, 'succeed', { item }]),
		);
		assert.ok(got.every(({ binary }) => binary?.data?.id !== undefined));
		assert.equal(execution.nodes[KLING]?.length, 1);
		assert.equal(runOf(execution, GOOD).items.length, 2);
	}
	assert.equal(stage.emulator.bill().total, billed);
}

/** Wakes them up with calls, while the service answers no question. */
async function wakeIntoSilence(sleepers: Sleeper[]): Promise<void> {
	stage.emulator.faults.add({ kind: 'hang', when: 'before', on: { method: 'GET' } });
	for (const sleeper of sleepers) {
		for (const place of [0, 1]) {
			const body = finishSilently(stage, sleeper, place);
			await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
		}
		await eventually('it to be awake', MINUTE_MS, async () => {
			const { status } = await stage.client.getExecution(sleeper.id);
			return status === 'running';
		});
	}
}

describe('A retry of an execution that slept', { timeout: 900_000 }, () => {
	it('and was killed in the middle of a wake-up', async () => {
		const sleepers = await two();
		await wakeIntoSilence(sleepers);
		await stage.n8n.kill();
		stage.emulator.faults.clear();
		await stage.n8n.restart();
		for (const { id } of sleepers) {
			assert.equal((await stage.client.waitForExecution(id)).status, 'crashed');
		}
		await assertRetriesDeliver(sleepers);
	});

	it('and was killed behind the node, after it had woken up', async () => {
		const slow = node(
			'Slow',
			'n8n-nodes-base.wait',
			{ resume: 'timeInterval', amount: 15, unit: 'seconds' },
			{ typeVersion: 1.1, webhookId: randomUUID() },
		);
		const submit = kling(asleep(stage, { downloadVideo: true }), await stage.credential(), {
			name: KLING,
		});
		const line = [manualTrigger(), items(scenes(2)), submit, slow, sink(GOOD)];
		const saved = await stage.client.createWorkflow(workflow(line));
		const sleepers = await Promise.all(
			[1, 2].map(async () => await sleeperOf(stage, await stage.client.startManually(saved))),
		);
		for (const sleeper of sleepers) {
			for (const place of [0, 1]) {
				const body = finishSilently(stage, sleeper, place);
				await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
			}
			await eventually('the node behind to run', MINUTE_MS, async () => {
				const { status } = await stage.client.getExecution(sleeper.id);
				return status === 'running';
			});
		}
		await sleep(3_000);
		await stage.n8n.kill();
		await stage.n8n.restart();
		for (const { id } of sleepers) {
			assert.equal((await stage.client.waitForExecution(id)).status, 'crashed');
		}
		await assertRetriesDeliver(sleepers);
	});

	it('and was stopped asleep', async () => {
		const sleepers = await two();
		for (const { id } of sleepers) await stage.client.stopExecution(id);
		await assertRetriesDeliver(sleepers);
	});

	it('and was stopped in the middle of a wake-up', async () => {
		const sleepers = await two();
		await wakeIntoSilence(sleepers);
		for (const { id } of sleepers) {
			await stage.client.stopExecution(id);
			assert.equal((await stage.client.waitForExecution(id)).status, 'canceled');
		}
		stage.emulator.faults.clear();
		await assertRetriesDeliver(sleepers);
	});

	it('and ended because its key was refused', async () => {
		const sleepers = await two();
		stage.emulator.faults.add({ kind: 'http', status: 401, on: { method: 'GET' } });
		for (const sleeper of sleepers) {
			for (const place of [0, 1]) {
				const body = finishSilently(stage, sleeper, place);
				await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
			}
			const { run } = await awake(stage, sleeper, 'error');
			const said = `${run.error?.message} ${run.error?.description}`;
			for (const { id } of sleeper.tasks) assert.ok(said.includes(id), said);
		}
		stage.emulator.faults.clear();
		await assertRetriesDeliver(sleepers);
	});

	it('and whose task failed makes a new task, once', async () => {
		const [sleeper] = await two();
		assert.ok(sleeper);
		const billed = stage.emulator.bill().total;
		const [first, second] = sleeper.tasks.map(({ id }) => id);
		stage.emulator.tasks.fail(first ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(second ?? '');
		await awake(stage, sleeper, 'error');
		const again = await sleeperOf(stage, await stage.client.retryExecution(sleeper.id));
		assert.equal(stage.emulator.bill().total, billed + 1);
		const anew = again.tasks[0]?.id ?? '';
		assert.notEqual(anew, first);
		stage.emulator.tasks.succeed(anew);
		const { items: got } = await awake(stage, again);
		assert.deepEqual(
			got.map(({ json }) => json.task_id),
			[anew, second],
		);
	});

	it('and whose tasks fail, one after the other, pays as often as Retry On Fail allows', async () => {
		const billed = stage.emulator.bill().total;
		const parameters = asleep(stage, {}, { prompt: 'Fails again' });
		const retries = { retryOnFail: true, maxTries: 2, waitBetweenTries: 100 };
		const first = await putToSleep(stage, parameters, retries);
		const [task] = first.tasks;
		stage.emulator.tasks.fail(task?.id ?? '', 'Bad pixels');
		const second = await asleepAgain(stage, first);
		const [next] = second.tasks;
		assert.notEqual(next?.id, task?.id);
		stage.emulator.tasks.fail(next?.id ?? '', 'Bad pixels again');
		const { run } = await awake(stage, second, 'error');
		assert.match(`${run.error?.message}`, /Bad pixels again/);
		assert.equal(stage.emulator.bill().total, billed + 2);
	});

	it('and hit the time-out of its workflow, which counts the time asleep', async () => {
		const parameters = submitParameters(stage.emulator, { afterSubmit: 'wait' });
		const node = kling(parameters, await stage.credential(), { name: KLING });
		const nodes = [webhook(), items(scenes(1)), node, sink(GOOD)];
		const settings = { executionTimeout: 40 };
		const saved = await stage.client.createWorkflow(workflow(nodes, { settings }));
		await stage.client.publish(saved);
		const sleeper = await sleeperOf(stage, await stage.client.startByWebhook(saved));
		const billed = stage.emulator.bill().total;
		const { status } = await stage.client.waitForExecution(sleeper.id, undefined, 2 * MINUTE_MS);
		assert.equal(status, 'canceled');
		assert.ok(Date.now() >= sleeper.wakeAt.getTime());
		stage.emulator.tasks.succeed(sleeper.tasks[0]?.id ?? '');
		await sleep(1_000);
		const id = await stage.client.retryExecution(sleeper.id);
		const { items: got } = await awake(stage, { id });
		assert.equal(got[0]?.json.task_id, sleeper.tasks[0]?.id);
		assert.equal(stage.emulator.bill().total, billed);
	});
});
