// Tasks that end before the execution could sleep, or end badly while it sleeps: it goes on as On Error says.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import { asleep, awake, openSleepers, putToSleep, requestsOf, scenes } from './sleepers.mts';
import { BAD, GOOD, KLING, klingWorkflow, sharedStage } from './stage.mts';

const stage = sharedStage(openSleepers);

describe('An execution', { timeout: 300_000 }, () => {
	it('does not sleep for a task that is finished before it could', async () => {
		const items = [{ json: { prompt: 'A dog [lifetime 300ms]' } }];
		const credential = await stage.credential();
		const saved = await stage.client.createWorkflow(
			klingWorkflow(asleep(stage, { downloadVideo: true }), { credential, items }),
		);
		const execution = await stage.client.runManually(saved);
		assert.equal(execution.status, 'success', execution.error?.message);
		const [item] = runOf(execution, KLING).items;
		assert.equal(item?.json.task_status, 'succeed');
		assert.ok(item?.binary?.data?.id);
		const { callbackAnswers } = stage.emulator.counters();
		assert.equal(callbackAnswers['200'], undefined, 'no call found it asleep');
		assert.ok(requestsOf(stage) <= 3);
	});

	it('stops without sleeping when a task fails before it could, and names what was paid for', async () => {
		const items = [
			{ json: { prompt: 'A dog [lifetime 300ms] [fail: Bad pixels]' } },
			{ json: { prompt: 'A cat' } },
		];
		const credential = await stage.credential();
		const saved = await stage.client.createWorkflow(
			klingWorkflow(asleep(stage), { credential, items }),
		);
		const execution = await stage.client.runManually(saved);
		assert.equal(execution.status, 'error');
		const said = `${execution.error?.message} ${execution.error?.description}`;
		for (const { id } of stage.emulator.tasks.list()) assert.ok(said.includes(id), said);
	});
});

describe('A task that failed while the execution slept', { timeout: 300_000 }, () => {
	/** Two tasks, one ends badly while the execution sleeps. */
	async function oneFails(onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput') {
		const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(3), onError });
		const [first, second, third] = sleeper.tasks.map(({ id }) => id);
		stage.emulator.tasks.fail(second ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(first ?? '');
		stage.emulator.tasks.succeed(third ?? '');
		return sleeper;
	}

	it('stops the workflow: the node is red, names every task, and nothing after it runs', async () => {
		const sleeper = await oneFails('stopWorkflow');
		const { execution, run } = await awake(stage, sleeper, 'error');
		assert.match(execution.error?.message ?? '', /Bad pixels/);
		assert.equal(run.status, 'error');
		assert.match(run.error?.message ?? '', /Bad pixels/);
		const said = `${run.error?.message} ${run.error?.description}`;
		for (const { id } of sleeper.tasks) assert.ok(said.includes(id), said);
		assert.equal(execution.nodes[GOOD], undefined);
		assert.equal(runOf(execution, 'Items').items.length, 3);
		assert.equal(runOf(execution, 'Start').items.length, 1);
	});

	it('goes on as an item of its own with On Error "Continue"', async () => {
		const sleeper = await oneFails('continueRegularOutput');
		const { execution } = await awake(stage, sleeper);
		const got = runOf(execution, GOOD).items;
		assert.equal(got.length, 3);
		assert.equal(got[0]?.json.task_status, 'succeed');
		assert.match(String(got[1]?.json.error), /Bad pixels/);
		assert.equal(got[2]?.json.task_id, sleeper.tasks[2]?.id);
		assert.equal(runOf(execution, KLING).status, 'success');
	});

	it('goes to the error branch with On Error "Continue (using error output)"', async () => {
		const sleeper = await oneFails('continueErrorOutput');
		const { execution } = await awake(stage, sleeper);
		const good = runOf(execution, GOOD).items;
		const bad = runOf(execution, BAD).items;
		assert.deepEqual(
			good.map(({ json }) => json.task_id),
			[sleeper.tasks[0]?.id, sleeper.tasks[2]?.id],
		);
		assert.equal(bad.length, 1);
		assert.match(String(bad[0]?.json.error), /Bad pixels/);
		assert.ok(JSON.stringify(bad[0]?.json).includes(sleeper.tasks[1]?.id ?? 'no task'));
	});
});
