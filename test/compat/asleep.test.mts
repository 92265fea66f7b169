// A sleeping execution on the newest n8n 1.x: what that host lacks is done another way, and nothing is paid twice.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import { N8N_1_VERSION } from '../../lab/instance/install.mts';
import {
	asleep,
	assertAsleep,
	awake,
	finishAll,
	openSleepers,
	putToSleep,
	scenes,
} from '../e2e/sleepers.mts';
import { BAD, GOOD, type RunSettings, type Stage } from '../e2e/stage.mts';

const PATIENCE_MS = 180_000;

let stage: Stage;

before(async () => {
	stage = await openSleepers({ version: N8N_1_VERSION });
});
after(async () => {
	await stage.close();
});
beforeEach(() => stage.emulator.reset());

describe(`A sleeping execution on n8n ${N8N_1_VERSION}`, { timeout: 900_000 }, () => {
	it('is woken up by the service, though the URL has no token here, and has every file', async () => {
		const sleeper = await putToSleep(stage, asleep(stage, { downloadVideo: true }), { items: scenes(2) });
		const [first, second] = sleeper.tasks;
		stage.emulator.tasks.succeed(first?.id ?? '');
		await stage.emulator.callbacks.idle();
		await assertAsleep(stage, sleeper);
		stage.emulator.tasks.succeed(second?.id ?? '');
		const { execution, items } = await awake(stage, sleeper);
		assert.deepEqual(
			items.map(({ json, pairedItem }) => [json.task_id, json.task_status, pairedItem]),
			sleeper.tasks.map(({ id }, item) => [id, 'succeed', { item }]),
		);
		assert.ok(items.every((item) => item.binary?.data?.id !== undefined));
		assert.equal(runOf(execution, GOOD).items.length, 2);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('is not woken up by a forged call', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const [task] = sleeper.tasks;
		const forged = { task_id: task?.id, task_status: 'succeed', task_result: { videos: [] } };
		assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, forged), 200);
		await assertAsleep(stage, sleeper);
		finishAll(stage, sleeper);
		await awake(stage, sleeper);
	});

	/** Three tasks, of which the second fails while the execution sleeps. */
	async function oneFails(settings: Partial<RunSettings>) {
		const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(3), ...settings });
		const [first, second, third] = sleeper.tasks.map(({ id }) => id);
		stage.emulator.tasks.fail(second ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(first ?? '');
		stage.emulator.tasks.succeed(third ?? '');
		return sleeper;
	}

	for (const retryOnFail of [false, true]) {
		it(`whose task failed stops red and pays for nothing again, ${retryOnFail ? 'also with' : 'without'} Retry On Fail`, async () => {
			const sleeper = await oneFails({ onError: 'stopWorkflow', retryOnFail, waitBetweenTries: 100 });
			const { execution, run: ended } = await awake(stage, sleeper, 'error');
			const said = `${ended.error?.message} ${ended.error?.description}`;
			assert.match(said, /Bad pixels/);
			for (const { id } of sleeper.tasks) assert.ok(said.includes(id), said);
			assert.equal(execution.nodes[GOOD], undefined);
			assert.equal(runOf(execution, 'Items').items.length, 3);
			assert.equal(stage.emulator.bill().total, 3);
		});
	}

	it('that ended red is not retried by hand with what it gave out in the place of its input', async () => {
		const sleeper = await oneFails({ onError: 'stopWorkflow' });
		await awake(stage, sleeper, 'error');
		const retry = await stage.client.retryExecution(sleeper.id);
		const { status, error } = await stage.client.waitForExecution(retry, undefined, PATIENCE_MS);
		assert.equal(stage.emulator.bill().total, 3);
		assert.equal(status, 'error');
		const said = `${error?.message} ${error?.description}`;
		assert.match(said, /Run the workflow anew/);
		for (const { id } of sleeper.tasks) assert.ok(said.includes(id), said);
	});

	it('whose task failed goes on with On Error "Continue", and to the error branch', async () => {
		const goesOn = await awake(stage, await oneFails({ onError: 'continueRegularOutput' }));
		const all = runOf(goesOn.execution, GOOD).items;
		assert.equal(all.length, 3);
		assert.match(String(all[1]?.json.error), /Bad pixels/);
		stage.emulator.reset();
		const branches = await awake(stage, await oneFails({ onError: 'continueErrorOutput' }));
		assert.equal(runOf(branches.execution, GOOD).items.length, 2);
		assert.match(String(runOf(branches.execution, BAD).items[0]?.json.error), /Bad pixels/);
		assert.equal(stage.emulator.bill().total, 3);
	});

	it('ends at its deadline with the task, marked as timed out', async () => {
		const options = { maxWaitMinutes: 0.2, onTimeout: 'return' };
		const sleeper = await putToSleep(stage, asleep(stage, options), { items: scenes(2) });
		const execution = await stage.client.waitForExecution(sleeper.id, undefined, PATIENCE_MS);
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.deepEqual(
			runOf(execution, GOOD).items.map(({ json }) => [json.task_id, json.timed_out]),
			sleeper.tasks.map(({ id }) => [id, true]),
		);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('hands on at its deadline what became of the task, since this host cannot stop a workflow then', async () => {
		const sleeper = await putToSleep(stage, asleep(stage, { maxWaitMinutes: 0.2 }));
		const execution = await stage.client.waitForExecution(sleeper.id, undefined, PATIENCE_MS);
		const [item, ...others] = runOf(execution, GOOD).items;
		assert.deepEqual(others, []);
		assert.deepEqual(Object.keys(item?.json ?? {}), ['error', 'message']);
		assert.ok(String(item?.json.error).includes(sleeper.tasks[0]?.id ?? 'no task'));
		assert.match(String(item?.json.message), /Get Task/);
		assert.equal(stage.emulator.bill().total, 1);
	});
});
