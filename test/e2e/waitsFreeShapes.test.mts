// Woken by n8n's timer in workflows of every shape: each node runs once, and the next ones get what they should, once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ENDED, runOf, type Execution } from '../../lab/instance/api/execution.mts';
import {
	callWorkflow,
	inLine,
	items,
	kling,
	loop,
	node,
	sink,
	subworkflowTrigger,
	webhook,
	workflow,
	type Wire,
	type WorkflowJson,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import { scenes } from './sleepers.mts';
import { BAD, GOOD, KLING, openStage, submitParameters, type Stage } from './stage.mts';

/** Longer than a node waits before it sleeps, shorter than its first sleep. */
const LIFETIME_MS = 25_000;
/** Two sleeps one after the other, on a busy machine. */
const PATIENCE_MS = 300_000;

// Not shared, which would forget all tasks before each subtest.
let stage: Stage;
before(async () => {
	stage = await openStage({ emulator: { lifetimeMs: LIFETIME_MS } });
});
after(async () => {
	await stage?.close();
});

type Settings = Parameters<typeof kling>[2];

async function video(settings: Settings = {}, prompt = 'A dog'): Promise<WorkflowNode> {
	const parameters = submitParameters(stage.emulator, { afterSubmit: 'wait', prompt });
	return kling(parameters, await stage.credential(), { name: KLING, ...settings });
}

/** Publishes a workflow and starts it through its webhook: a production run, which nobody can call here. */
async function start(json: WorkflowJson): Promise<string> {
	const saved = await stage.client.createWorkflow(json);
	await stage.client.publish(saved);
	const id = await stage.client.startByWebhook(saved);
	await stage.client.waitForExecution(id, ['waiting'], PATIENCE_MS);
	return id;
}

async function ended(id: string, status: 'success' | 'error' = 'success'): Promise<Execution> {
	const execution = await stage.client.waitForExecution(id, ENDED, PATIENCE_MS);
	assert.equal(execution.status, status, execution.error?.message);
	return execution;
}

const line = async (settings: Settings, prompt?: string, wires: Wire[] = []) => {
	const nodes = [webhook(), items(scenes(1)), await video(settings, prompt), sink(GOOD)];
	if (wires.length === 0) return workflow(nodes);
	return workflow([...nodes, sink(BAD)], { wires: [...inLine(...nodes), ...wires] });
};

/** Two branches with a node each that meet in a Merge node. */
async function branches(executionOrder: 'v0' | 'v1'): Promise<WorkflowJson> {
	const [one, two] = [await video({ name: 'One' }), await video({ name: 'Two' })];
	const merge = node('Merge', 'n8n-nodes-base.merge', { mode: 'append' }, { typeVersion: 3 });
	const wires = [
		{ from: 'Webhook', to: 'Items' },
		{ from: 'Items', to: 'One' },
		{ from: 'Items', to: 'Two' },
		{ from: 'One', to: 'Merge' },
		{ from: 'Two', to: 'Merge', input: 1 },
		{ from: 'Merge', to: GOOD },
	];
	const nodes = [webhook(), items(scenes(1)), one, two, merge, sink(GOOD)];
	return workflow(nodes, { wires, settings: { executionOrder } });
}

describe('A node that n8n wakes by its timer', { timeout: 900_000 }, () => {
	it('runs once and hands its video on once, whatever is around it', async (test) => {
		const looped = [webhook(), items(scenes(2)), loop(1), sink(GOOD)];
		const called = await stage.client.createWorkflow(
			workflow([subworkflowTrigger(), await video()]),
		);
		await stage.client.publish(called);
		const toBad = [{ from: KLING, output: 1, to: BAD }];
		const bad = 'A dog [fail: Bad pixels]';
		const ids = {
			merge0: await start(await branches('v0')),
			merge1: await start(await branches('v1')),
			inLine: await start(
				workflow([
					webhook(),
					items(scenes(1)),
					await video({ name: 'One' }),
					await video({ name: 'Two' }),
					sink(GOOD),
				]),
			),
			loop: await start(
				workflow([...looped, await video()], {
					wires: [
						...inLine(...looped),
						{ from: 'Loop', output: 1, to: KLING },
						{ from: KLING, to: 'Loop' },
					],
				}),
			),
			caller: await start(
				workflow([webhook(), items(scenes(1)), callWorkflow(called.id, 'Call'), sink(GOOD)]),
			),
			always: await start(await line({ alwaysOutputData: true })),
			retries: await start(await line({ retryOnFail: true, waitBetweenTries: 100 })),
			stop: await start(await line({ onError: 'stopWorkflow' }, bad)),
			goOn: await start(await line({ onError: 'continueRegularOutput' }, bad)),
			branch: await start(await line({ onError: 'continueErrorOutput' }, bad, toBad)),
			alwaysBranch: await start(
				await line({ onError: 'continueErrorOutput', alwaysOutputData: true }, bad, toBad),
			),
		};
		// All of them are asleep, and the second nodes of a line or a loop have still to submit.
		assert.equal(stage.emulator.bill().total, 11);

		for (const order of ['v0', 'v1'] as const) {
			await test.test(`two branches and a Merge, execution order ${order}`, async () => {
				const execution = await ended(order === 'v0' ? ids.merge0 : ids.merge1);
				for (const name of ['One', 'Two', 'Merge', GOOD]) {
					assert.equal(execution.nodes[name]?.length, 1, name);
				}
				const both = [...runOf(execution, 'One').items, ...runOf(execution, 'Two').items];
				assert.deepEqual(
					new Set(runOf(execution, GOOD).items.map(({ json }) => json.task_id)),
					new Set(both.map(({ json }) => json.task_id)),
				);
				assert.equal(runOf(execution, GOOD).items.length, 2);
			});
		}

		await test.test('two in line', async () => {
			const execution = await ended(ids.inLine);
			for (const name of ['One', 'Two', GOOD]) assert.equal(execution.nodes[name]?.length, 1);
			const [good] = runOf(execution, GOOD).items;
			assert.equal(good?.json.task_id, runOf(execution, 'Two').items[0]?.json.task_id);
		});

		await test.test('a loop', async () => {
			const execution = await ended(ids.loop);
			assert.equal(execution.nodes[KLING]?.length, 2);
			assert.equal(runOf(execution, GOOD).items.length, 2);
		});

		await test.test('a workflow that another one calls: the caller gets the item', async () => {
			const execution = await ended(ids.caller);
			const got = runOf(execution, GOOD).items;
			assert.deepEqual(
				got.map(({ json }) => json.task_status),
				['succeed'],
			);
		});

		for (const [what, id] of [
			['"Always Output Data"', ids.always],
			['"Retry On Fail"', ids.retries],
		] as const) {
			await test.test(what, async () => {
				const execution = await ended(id);
				assert.equal(execution.nodes[KLING]?.length, 1);
				const got = runOf(execution, GOOD).items;
				assert.deepEqual(
					got.map(({ json, pairedItem }) => [json.task_status, pairedItem]),
					[['succeed', { item: 0 }]],
				);
			});
		}

		await test.test('a task that failed, with On Error "Stop"', async () => {
			const execution = await ended(ids.stop, 'error');
			assert.match(runOf(execution, KLING).error?.message ?? '', /Bad pixels/);
			assert.equal(execution.nodes[GOOD], undefined);
			assert.equal(runOf(execution, 'Items').items.length, 1);
		});

		await test.test('a task that failed, with On Error "Continue"', async () => {
			const [item] = runOf(await ended(ids.goOn), GOOD).items;
			assert.match(String(item?.json.error), /Bad pixels/);
		});

		for (const id of [ids.branch, ids.alwaysBranch]) {
			const also = id === ids.branch ? '' : ' and "Always Output Data"';
			await test.test(`a task that failed, with an error branch${also}`, async () => {
				const execution = await ended(id);
				// The empty item is n8n's own, which "Always Output Data" puts into any empty first branch.
				const good = execution.nodes[GOOD]?.[0]?.items.map(({ json }) => json) ?? [];
				assert.deepEqual(good, id === ids.branch ? [] : [{}]);
				const [item] = runOf(execution, BAD).items;
				assert.match(String(item?.json.error), /Bad pixels/);
			});
		}

		assert.equal(stage.emulator.bill().total, 15);
	});
});
