// One item, one paid task: what counts as the same work, by the option, by a user's own id, and by the cap.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../lab/instance/eventually.mts';
import { runOf, type Execution } from '../../lab/instance/api/execution.mts';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import {
	items,
	kling,
	manualTrigger,
	webhook,
	workflow,
	type GivenItem,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import {
	KLING,
	klingLoop,
	openStage,
	runKling,
	sharedStage,
	submitParameters,
	type RunSettings,
} from './stage.mts';

const stage = sharedStage(async () => await openStage({ front: true }));

const official = async () => await stage.preset('klingGlobal');
const twoEqualRows: GivenItem[] = [{ json: { id: 'a' } }, { json: { id: 'a' } }];

async function save(
	trigger: WorkflowNode,
	parameters: Record<string, unknown>,
	given: GivenItem[],
) {
	const node = kling(parameters, await official(), { name: KLING });
	const nodes = [trigger, items(given), node];
	return await stage.client.createWorkflow(workflow(nodes));
}

async function runProduction(saved: SavedWorkflow): Promise<Execution> {
	return await stage.client.waitForExecution(await stage.client.startByWebhook(saved));
}

const taskIds = (execution: Execution) => {
	assert.equal(execution.status, 'success', execution.error?.message);
	return runOf(execution, KLING).items.map(({ json }) => json.task_id);
};
const creates = () => stage.emulator.counters().create;

describe('"Reuse a Task" over the workflow', () => {
	const parameters = () => submitParameters(stage.emulator, { options: { reuse: 'workflow' } });

	it('pays once for two production runs, the second from what the workflow remembers', async () => {
		const saved = await save(webhook(), parameters(), [{ json: {} }]);
		await stage.client.publish(saved);
		const first = taskIds(await runProduction(saved));
		const second = taskIds(await runProduction(saved));
		assert.deepEqual(second, first);
		assert.equal(stage.emulator.bill().total, 1);
		assert.equal(creates(), 1);
		// Asked for by its id, which only the workflow's static data can have told.
		assert.ok(
			stage.emulator
				.calls()
				.at(-1)
				?.path.endsWith(`/${String(first[0])}`),
		);
	});

	it('pays once for two manual runs, of which n8n keeps no static data', async () => {
		const saved = await save(manualTrigger(), parameters(), [{ json: {} }]);
		const first = taskIds(await stage.client.runManually(saved));
		assert.deepEqual(taskIds(await stage.client.runManually(saved)), first);
		assert.equal(creates(), 1);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('makes one task of two equal rows, and fills both items with it', async () => {
		const saved = await save(manualTrigger(), parameters(), twoEqualRows);
		const [first, second] = taskIds(await stage.client.runManually(saved));
		assert.ok(first);
		assert.equal(second, first);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('pays anew when the task of the first run has failed', async () => {
		const failing = submitParameters(stage.emulator, {
			prompt: 'A dog [fail] [lifetime 1ms]',
			options: { reuse: 'workflow' },
		});
		const saved = await save(manualTrigger(), failing, [{ json: {} }]);
		const first = taskIds(await stage.client.runManually(saved));
		assert.notDeepEqual(taskIds(await stage.client.runManually(saved)), first);
		assert.equal(stage.emulator.bill().total, 2);
	});
});

describe('"Reuse a Task" over the execution, and never', () => {
	it('pays for each of two equal rows, and again in the next run', async () => {
		const saved = await save(manualTrigger(), submitParameters(stage.emulator), twoEqualRows);
		const [first, second] = taskIds(await stage.client.runManually(saved));
		assert.notEqual(first, second);
		assert.equal(stage.emulator.bill().total, 2);
		taskIds(await stage.client.runManually(saved));
		assert.equal(stage.emulator.bill().total, 4);
	});

	it('pays once per item with "never" and Retry On Fail', async () => {
		stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 2 } });
		const parameters = submitParameters(stage.emulator, { options: { reuse: 'never' } });
		const settings = {
			credential: await official(),
			items: twoEqualRows,
			retryOnFail: true,
			maxTries: 3,
		};
		const { execution } = await runKling(stage, parameters, { ...settings, waitBetweenTries: 100 });
		assert.equal(new Set(taskIds(execution)).size, 2);
		assert.equal(stage.emulator.bill().total, 2);
	});
});

describe('An external task id of the user', () => {
	const withId = (prompt: string) =>
		submitParameters(stage.emulator, {
			prompt,
			additionalFields: { externalTaskId: '=order-{{ $json.id }}' },
		});

	it('stands for one task: two rows with the same request are billed once', async () => {
		const settings = { credential: await official(), items: twoEqualRows };
		const { execution } = await runKling(stage, withId('A dog'), settings);
		const [first, second] = taskIds(execution);
		assert.equal(first, second);
		assert.deepEqual(stage.emulator.bill().perExternalId, { 'order-a': 1 });
	});

	it('is refused for two different requests before anything is sent', async () => {
		const settings = { credential: await official(), items: twoEqualRows };
		const { execution } = await runKling(stage, withId('=Scene {{ $itemIndex }}'), settings);
		assert.equal(execution.status, 'error');
		assert.match(execution.error?.message ?? '', /order-a is used for different requests/);
		assert.equal(creates(), 0);
	});

	it('is found by the next execution, which pays nothing', async () => {
		const settings = { credential: await official(), items: [{ json: { id: 'b' } }] };
		const first = await runKling(stage, withId('A dog'), settings);
		const second = await runKling(stage, withId('A dog'), settings);
		assert.deepEqual(taskIds(second.execution), taskIds(first.execution));
		assert.deepEqual(stage.emulator.bill().perExternalId, { 'order-b': 1 });
		assert.equal(creates(), 1);
	});
});

it('adopts the task when the service says that its key is taken', async (t) => {
	// The task is made, nobody is told, and it stays hidden until the look-ups have given up.
	const { settings, faults, tasks } = stage.emulator;
	settings.lookupLagMs = 600_000;
	t.after(() => (settings.lookupLagMs = 0));
	faults.add({ kind: 'empty', when: 'after', on: { call: 'create', nth: 1 } });
	const parameters = submitParameters(stage.emulator);
	const running = runKling(stage, parameters, { credential: await official() }, 240_000);
	await eventually('a second submit', 150_000, async () => creates() === 2);
	settings.lookupLagMs = 0;
	const { execution } = await running;
	assert.equal(
		stage.emulator.calls().filter(({ kind }) => kind === 'create')[1]?.outcome,
		'refused',
	);
	assert.deepEqual(
		taskIds(execution),
		tasks.list().map(({ id }) => id),
	);
	assert.equal(stage.emulator.bill().total, 1);
});

describe('"Max New Tasks"', () => {
	it('counts over the runs of a loop and over the tries of Retry On Fail', async () => {
		stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 3 } });
		const parameters = submitParameters(stage.emulator, {
			options: { maxNewTasks: 4, maxConcurrent: 1 },
		});
		const settings: RunSettings = {
			credential: await official(),
			items: Array.from({ length: 8 }, (_, n) => ({ json: { prompt: `Scene ${n}` } })),
			onError: 'continueRegularOutput',
			retryOnFail: true,
			maxTries: 2,
			waitBetweenTries: 100,
		};
		const saved = await stage.client.createWorkflow(klingLoop(parameters, settings, 2));
		const execution = await stage.client.runManually(saved, 120_000);
		assert.equal(execution.status, 'success', execution.error?.message);
		const all = execution.nodes[KLING]?.flatMap((run) => run.items) ?? [];
		assert.equal(all.length, 8);
		assert.equal(all.filter(({ json }) => json.task_id !== undefined).length, 4);
		const capped = all.filter(({ json }) =>
			/'Max New Tasks' is 4, and 4 tasks/.test(String(json.error)),
		);
		assert.equal(capped.length, 4);
		assert.equal(stage.emulator.bill().total, 4);
	});

	it('lets what was paid for already through in a later try', async () => {
		const parameters = submitParameters(stage.emulator, { options: { maxNewTasks: 2 } });
		const settings = {
			credential: await official(),
			items: twoEqualRows.map(({ json }, n) => ({ json: { ...json, prompt: `Scene ${n}` } })),
		};
		stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 2 } });
		const { execution } = await runKling(stage, parameters, {
			...settings,
			retryOnFail: true,
			maxTries: 2,
			waitBetweenTries: 100,
		});
		assert.equal(taskIds(execution).length, 2);
		assert.equal(stage.emulator.bill().total, 2);
	});
});
