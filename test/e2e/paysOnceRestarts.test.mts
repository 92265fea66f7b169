// One item, one paid task: n8n crashes in the middle of a submit, or an execution fails, and is retried by hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../lab/instance/eventually.mts';
import { ENDED, runOf, type Execution } from '../../lab/instance/api/execution.mts';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import { items, kling, webhook, workflow, type GivenItem } from '../../lab/instance/workflows.mts';
import { KLING, openStage, sharedStage, submitParameters, type Preset } from './stage.mts';

const MINUTE_MS = 60_000;

const stage = sharedStage(
	async () => await openStage({ front: true, emulator: { lifetimeMs: 20_000 } }),
);

const rows = Array.from({ length: 6 }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));

/** Webhook → Items → Kling AI, published: a production workflow, as a crash would meet it. */
async function publish(
	changes: Record<string, unknown> = {},
	provider: Preset = 'klingGlobal',
	{ given = rows, settings = {} }: { given?: GivenItem[]; settings?: Record<string, unknown> } = {},
): Promise<SavedWorkflow> {
	const parameters = submitParameters(stage.emulator, changes);
	const nodes = [
		webhook(),
		items(given),
		kling(parameters, await stage.preset(provider), { name: KLING }),
	];
	const saved = await stage.client.createWorkflow(workflow(nodes, { settings }));
	await stage.client.publish(saved);
	return saved;
}

/** Runs it until some tasks are billed and two submits hang, kills n8n there, and starts it again. */
async function crashInTheMiddle(saved: SavedWorkflow): Promise<string> {
	const { faults } = stage.emulator;
	faults.add({ kind: 'hang', when: 'after', on: { call: 'create', nth: 3 } });
	faults.add({ kind: 'hang', when: 'before', on: { call: 'create', nth: 3 } });
	const billed = stage.emulator.bill().total;
	const id = await stage.client.startByWebhook(saved);
	await eventually(
		'five tasks to be billed',
		MINUTE_MS,
		async () => stage.emulator.bill().total === billed + 5,
	);
	await stage.n8n.kill();
	faults.clear();
	await stage.n8n.restart();
	assert.equal((await stage.client.waitForExecution(id)).status, 'crashed');
	return id;
}

const retry = async (id: string): Promise<Execution> =>
	await stage.client.waitForExecution(await stage.client.retryExecution(id), ENDED, 4 * MINUTE_MS);

function allBilledOnce(execution: Execution): void {
	assert.equal(execution.status, 'success', execution.error?.message);
	const ids = runOf(execution, KLING).items.map(({ json }) => String(json.task_id));
	assert.deepEqual(new Set(ids), new Set(stage.emulator.tasks.list().map(({ id }) => id)));
	assert.equal(ids.length, rows.length);
	assert.equal(stage.emulator.bill().total, rows.length);
	assert.ok(Object.values(stage.emulator.bill().perRequest).every((count) => count === 1));
}

describe('n8n is killed in the middle of a submit', () => {
	it('offers to retry the crashed execution, which adopts what was billed and sends the rest', async () => {
		const execution = await retry(await crashInTheMiddle(await publish()));
		assert.equal(execution.mode, 'retry');
		allBilledOnce(execution);
	});

	it('does so with "Save execution progress" on, too', async () => {
		const saved = await publish({}, 'klingGlobal', { settings: { saveExecutionProgress: true } });
		allBilledOnce(await retry(await crashInTheMiddle(saved)));
	});

	it('gives each of two equal rows a task of its own in the retry', async () => {
		const given = rows.map(({ json }, n) => (n % 2 === 0 ? { json } : (rows[n - 1] ?? { json })));
		const execution = await retry(
			await crashInTheMiddle(await publish({}, 'klingGlobal', { given })),
		);
		assert.equal(execution.status, 'success', execution.error?.message);
		const ids = runOf(execution, KLING).items.map(({ json }) => json.task_id);
		assert.equal(new Set(ids).size, rows.length);
		assert.equal(stage.emulator.bill().total, rows.length);
	});

	it('does not give away the tasks of an earlier execution that succeeded', async () => {
		const saved = await publish();
		const first = await stage.client.waitForExecution(await stage.client.startByWebhook(saved));
		const delivered = new Set(runOf(first, KLING).items.map(({ json }) => json.task_id));
		assert.equal(delivered.size, rows.length);
		const execution = await retry(await crashInTheMiddle(saved));
		assert.equal(execution.status, 'success', execution.error?.message);
		const ids = runOf(execution, KLING).items.map(({ json }) => json.task_id);
		assert.ok(ids.every((id) => !delivered.has(id)));
		assert.equal(stage.emulator.bill().total, 2 * rows.length);
	});

	it('does so on hingnet too', async () => {
		allBilledOnce(await retry(await crashInTheMiddle(await publish({}, 'hingnet'))));
	});

	it('is run anew with "Reuse a Task" over the workflow, and pays for the rest only', async () => {
		const saved = await publish({ options: { reuse: 'workflow' } });
		await crashInTheMiddle(saved);
		const id = await stage.client.startByWebhook(saved);
		allBilledOnce(await stage.client.waitForExecution(id, ENDED, 4 * MINUTE_MS));
	});

	it('is run anew with external task ids of the user, and pays for the rest only', async () => {
		const saved = await publish({
			additionalFields: { externalTaskId: '=crash-{{ $itemIndex }}' },
		});
		await crashInTheMiddle(saved);
		const id = await stage.client.startByWebhook(saved);
		allBilledOnce(await stage.client.waitForExecution(id, ENDED, 4 * MINUTE_MS));
	});
});

describe('An execution that failed is retried by hand', () => {
	for (const provider of ['klingGlobal', 'ezmodel'] as const) {
		it(`on ${provider} pays for what is missing only`, async () => {
			stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: [2, 5] } });
			const saved = await publish({}, provider);
			const id = await stage.client.startByWebhook(saved);
			const failed = await stage.client.waitForExecution(id);
			assert.equal(failed.status, 'error');
			assert.equal(stage.emulator.bill().total, rows.length - 2);
			for (const task of stage.emulator.tasks.list()) {
				assert.ok(failed.error?.description?.includes(task.id), `${task.id} is not in the message`);
			}
			allBilledOnce(await retry(id));
		});
	}

	it('pays for nothing when a later node failed: n8n goes on behind this one', async () => {
		const parameters = submitParameters(stage.emulator);
		const throwing = {
			...items([], 'Later'),
			parameters: { mode: 'runOnceForAllItems', jsCode: 'throw new Error("later")' },
		};
		const nodes = [
			webhook(),
			items(rows),
			kling(parameters, await stage.preset('klingGlobal'), { name: KLING }),
			throwing,
		];
		const saved = await stage.client.createWorkflow(workflow(nodes));
		await stage.client.publish(saved);
		const id = await stage.client.startByWebhook(saved);
		assert.equal((await stage.client.waitForExecution(id)).status, 'error');
		const again = await retry(id);
		assert.equal(again.lastNode, 'Later');
		assert.equal(stage.emulator.bill().total, rows.length, 'n8n goes on behind the node');
	});
});
