// A wait on the newest n8n 1.x, which cannot run a node again after a sleep: it polls, and nothing is paid twice.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import { N8N_1_VERSION } from '../../lab/instance/install.mts';
import { asleep, scenes } from '../e2e/sleepers.mts';
import { BAD, GOOD, openStage, runKling, sharedStage, type RunSettings } from '../e2e/stage.mts';

const stage = sharedStage(async () => await openStage({ version: N8N_1_VERSION }));

describe(`Wait Using "Callback" on n8n ${N8N_1_VERSION}`, { timeout: 600_000 }, () => {
	it('polls, says so, and has every file', async () => {
		const credential = await stage.credential();
		const { execution, run } = await runKling(stage, asleep(stage, { downloadVideo: true }), {
			credential,
			items: scenes(2),
		});
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.match(run.hints.join('\n'), /polls: this version of n8n/);
		assert.deepEqual(
			run.items.map(({ json, pairedItem }) => [json.task_status, pairedItem]),
			[0, 1].map((item) => ['succeed', { item }]),
		);
		assert.ok(run.items.every((item) => item.binary?.data?.id !== undefined));
		assert.equal(stage.emulator.counters().callback, 0);
		assert.equal(stage.emulator.bill().total, 2);
	});

	/** Three tasks, of which the second fails. */
	async function oneFails(settings: Partial<RunSettings>) {
		const items = scenes(3);
		items[1] = { json: { prompt: 'A cat [fail: Bad pixels]' } };
		const credential = await stage.credential();
		return await runKling(stage, asleep(stage), { credential, items, ...settings });
	}

	it('stops red when a task fails, names every task, and a retry by hand pays for the failed one only', async () => {
		const { execution, run } = await oneFails({ onError: 'stopWorkflow' });
		const said = `${run.error?.message} ${run.error?.description}`;
		assert.match(said, /Bad pixels/);
		for (const { id } of stage.emulator.tasks.list()) assert.ok(said.includes(id), said);
		assert.equal(execution.nodes[GOOD], undefined);
		await stage.client.waitForExecution(await stage.client.retryExecution(execution.id));
		assert.equal(stage.emulator.bill().total, 4);
	});

	it('goes on with On Error "Continue", and to the error branch', async () => {
		const goesOn = await oneFails({ onError: 'continueRegularOutput' });
		const all = runOf(goesOn.execution, GOOD).items;
		assert.equal(all.length, 3);
		assert.match(String(all[1]?.json.error), /Bad pixels/);
		const branches = await oneFails({ onError: 'continueErrorOutput' });
		assert.equal(runOf(branches.execution, GOOD).items.length, 2);
		assert.match(String(runOf(branches.execution, BAD).items[0]?.json.error), /Bad pixels/);
	});
});
