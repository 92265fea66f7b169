// One item, one paid task, on a service without list and look-up: what is claimed in n8n's database outlives a crash and a Stop.
import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ENDED, runOf, type Execution } from '../../lab/instance/api/execution.mts';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	items,
	kling,
	manualTrigger,
	webhook,
	workflow,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import { KLING, openStage, sharedStage, submitParameters } from './stage.mts';

const MINUTE_MS = 60_000;
/** How often the workflow runs well before the store's rows are counted; 1,000 were measured once. */
const GOOD_RUNS = Number(process.env.GOOD_RUNS ?? 20);
/** Rows of the long input; 2,000 were measured once. */
const LONG_INPUT = Number(process.env.LONG_INPUT ?? 200);
/** On a busy machine a row takes up to 150 ms. */
const RUN_MS = 4 * MINUTE_MS + LONG_INPUT * 150;

// The real service may take a repeated ID: nothing here leans on its refusal.
const stage = sharedStage(
	async () =>
		await openStage({
			front: true,
			emulator: { lifetimeMs: 3_600_000, concurrency: 10_000, ezmodelRepeatedIds: 'accept' },
		}),
);

const scenes = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));

async function save(
	options: Record<string, unknown>,
	{
		trigger = webhook(),
		count = 6,
		onError = 'stopWorkflow',
	}: {
		trigger?: WorkflowNode;
		count?: number;
		onError?: 'stopWorkflow' | 'continueRegularOutput';
	} = {},
): Promise<SavedWorkflow> {
	const parameters = submitParameters(stage.emulator, { afterSubmit: 'return', options });
	const credential = await stage.preset('ezmodel');
	const node = kling(parameters, credential, { name: KLING, onError });
	const saved = await stage.client.createWorkflow(workflow([trigger, items(scenes(count)), node]));
	if (trigger.type === webhook().type) await stage.client.publish(saved);
	return saved;
}

const run = async (saved: SavedWorkflow): Promise<Execution> =>
	await stage.client.waitForExecution(await stage.client.startByWebhook(saved), ENDED, RUN_MS);
const retry = async (id: string): Promise<Execution> =>
	await stage.client.waitForExecution(await stage.client.retryExecution(id), ENDED, 4 * MINUTE_MS);
const billed = () => stage.emulator.bill().total;
const idsOf = (execution: Execution) =>
	runOf(execution, KLING).items.map(({ json }) => String(json.task_id));

/** The names of the rows in n8n's deduplication store. */
function storedNames(): string[] {
	const file = path.join(stage.n8n.userFolder, '.n8n/database.sqlite');
	const database = new DatabaseSync(file, { readOnly: true });
	try {
		return database
			.prepare('SELECT context FROM processed_data')
			.all()
			.map(({ context }) => String(context));
	} finally {
		database.close();
	}
}

/** Starts the workflow, and kills n8n when five submits are billed, one of them without an answer, and one hangs unbilled. */
async function crashInTheMiddle(saved: SavedWorkflow): Promise<string> {
	const { faults } = stage.emulator;
	faults.add({ kind: 'hang', when: 'after', on: { call: 'create', nth: 3 } });
	faults.add({ kind: 'hang', when: 'before', on: { call: 'create', nth: 3 } });
	const id = await stage.client.startByWebhook(saved);
	await eventually('five tasks to be billed', MINUTE_MS, async () => billed() === 5);
	await stage.n8n.kill();
	faults.clear();
	await stage.n8n.restart();
	assert.equal((await stage.client.waitForExecution(id)).status, 'crashed');
	return id;
}

describe('A retry by hand, where the service cannot be asked', () => {
	it('after n8n was killed in the middle of 6 submits pays for none again, and names each that is open', async () => {
		const id = await crashInTheMiddle(await save({}, { onError: 'continueRegularOutput' }));
		for (const time of ['first', 'second']) {
			const again = await retry(id);
			const texts = runOf(again, KLING).items.map(({ json }) => JSON.stringify(json));
			assert.equal(texts.length, 6);
			for (const text of texts)
				assert.match(text, /was submitted before, under the external task ID/);
			for (const { externalTaskId } of stage.emulator.tasks.list()) {
				assert.ok(
					texts.some((text) => text.includes(String(externalTaskId))),
					`${externalTaskId}`,
				);
			}
			assert.equal(billed(), 5, `${time} retry`);
		}
	});

	it('after a Stop pays only for what was not sent, and gives back what this n8n still knows', async () => {
		const saved = await save({ maxConcurrent: 1 }, { onError: 'continueRegularOutput' });
		stage.emulator.faults.add({
			kind: 'code',
			code: 1303,
			on: { call: 'create', nth: [5, 6, 7, 8, 9] },
		});
		const id = await stage.client.startByWebhook(saved);
		const creates = () => stage.emulator.calls().filter(({ kind }) => kind === 'create').length;
		await eventually('four tasks, and a fifth request', MINUTE_MS, async () => creates() >= 5);
		// A Stop while the fifth is on its way would rightly leave it open; after its answer the node pauses for a second.
		await setTimeout(400);
		await stage.client.stopExecution(id);
		await stage.client.waitForExecution(id, ['canceled']);
		stage.emulator.faults.clear();
		// n8n keeps the words of the Stop in the retry, so its status tells nothing: the node's own run does.
		const again = await retry(id);
		assert.equal(new Set(idsOf(again)).size, 6);
		assert.equal(runOf(again, KLING).items.filter(({ json }) => json.reused === true).length, 4);
		assert.equal(billed(), 6);
	});
});

describe('Within the Workflow, where the service cannot be asked', () => {
	const options = { reuse: 'workflow' };

	it('pays once for executions that overlap', async () => {
		const saved = await save(options, { count: 2 });
		stage.emulator.faults.add({ kind: 'slow', delayMs: 3_000, on: { call: 'create' } });
		const started = await Promise.all([1, 2, 3].map(async () => await run(saved)));
		for (const execution of started)
			assert.equal(execution.status, 'success', execution.error?.message);
		assert.equal(new Set(started.flatMap(idsOf)).size, 2);
		assert.equal(billed(), 2);
	});

	it('pays once for runs in the editor, also after a restart of n8n: then the item says so', async () => {
		const saved = await save(options, { count: 1, trigger: manualTrigger() });
		const first = await stage.client.runManually(saved);
		assert.deepEqual(idsOf(await stage.client.runManually(saved)), idsOf(first));
		await stage.n8n.restart();
		const later = await stage.client.runManually(saved);
		assert.equal(later.status, 'error');
		assert.match(later.error?.message ?? '', /was submitted before/);
		assert.equal(billed(), 1);
	});

	it('pays once for a long input that comes twice, also after a restart', async () => {
		const saved = await save({ ...options, maxConcurrent: 20 }, { count: LONG_INPUT });
		const first = idsOf(await run(saved));
		assert.equal(new Set(first).size, LONG_INPUT);
		await stage.n8n.restart();
		assert.deepEqual(idsOf(await run(saved)), first);
		assert.equal(billed(), LONG_INPUT);
	});
});

describe("n8n's store", () => {
	it('keeps nothing of executions that ended', async () => {
		const saved = await save({}, { count: 2 });
		const before = storedNames();
		for (let time = 0; time < GOOD_RUNS; time++) {
			assert.equal((await run(saved)).status, 'success');
		}
		assert.equal(billed(), 2 * GOOD_RUNS);
		await eventually('the store to be as before', MINUTE_MS, async () => {
			return storedNames().length === before.length;
		});
	});

	it('keeps one row per task of Within the Workflow', async () => {
		const before = storedNames().length;
		const saved = await save({ reuse: 'workflow' }, { count: 3 });
		await run(saved);
		await run(saved);
		assert.equal(storedNames().length, before + 3);
	});
});
