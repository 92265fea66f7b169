// Runs with models of both families in a real n8n: items side by side, asleep, repeated and reused; each paid for once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import {
	file,
	good,
	MULTI_IMAGE,
	newest,
	O1,
	PATIENCE_MS,
	picture,
	polling,
	refusal,
	sharedFamilies,
	typed,
	V3,
} from './families.mts';
import { KLING, klingWorkflow } from './stage.mts';

const stage = sharedFamilies();

describe('A submit', { timeout: 900_000 }, () => {
	it('carries items of both families in one run, each to its endpoint', async () => {
		const models = [V3, MULTI_IMAGE, O1, MULTI_IMAGE];
		const items = models.map((model, n) => ({ json: { model, prompt: `Scene ${n}` } }));
		const parameters = picture(stage, '', 1, {
			...polling,
			model: typed('={{ $json.model }}'),
			prompt: '={{ $json.prompt }}',
		});
		const { items: got } = await good(stage, parameters, { items });
		assert.deepEqual(
			got.map(({ json, pairedItem }) => [json.model, json.endpoint, json.task_status, pairedItem]),
			models.map((model, item) => [
				model,
				model === MULTI_IMAGE ? 'multi-image2video' : 'omni-video',
				'succeed',
				{ item },
			]),
		);
		assert.equal(new Set(got.map(({ json }) => json.task_id)).size, 4);
		assert.equal(stage.emulator.bill().total, 4);
	});

	it(`with ${V3} sleeps until the service calls`, async () => {
		stage.emulator.settings.lifetimeMs = 60 * 60_000;
		try {
			const parameters = picture(stage, V3, 2, {
				prompt: '@1 wears @2',
				afterSubmit: 'wait',
				downloadVideo: true,
				options: { waitUsing: 'callback' },
			});
			const saved = await stage.client.createWorkflow(
				klingWorkflow(parameters, { credential: await stage.credential() }),
			);
			const id = await stage.client.startManually(saved);
			await stage.client.waitForExecution(id, ['waiting', 'error', 'success'], PATIENCE_MS);
			const task = newest(stage);
			assert.match(String(task?.callbackUrl), /\/webhook-waiting\//);
			stage.emulator.tasks.succeed(task?.id ?? '');
			const execution = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
			assert.equal(execution.status, 'success', execution.error?.message);
			const [item] = runOf(execution, KLING).items;
			assert.equal(item?.json.task_id, task?.id);
			assert.equal(item?.json.model, V3);
			assert.equal(item?.json.endpoint, 'omni-video');
			await file(stage, item);
			assert.equal(stage.emulator.bill().total, 1);
		} finally {
			stage.emulator.settings.lifetimeMs = 1_500;
		}
	});

	it('that n8n repeats pays for no item of either family twice', async () => {
		stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 4 } });
		const items = [V3, MULTI_IMAGE, O1, V3].map((model, n) => ({
			json: { model, prompt: `Scene ${n}` },
		}));
		const parameters = picture(stage, '', 1, {
			model: typed('={{ $json.model }}'),
			prompt: '={{ $json.prompt }}',
			options: { maxConcurrent: 1 },
		});
		const { items: got } = await good(stage, parameters, {
			items,
			retryOnFail: true,
			maxTries: 2,
			waitBetweenTries: 100,
		});
		assert.deepEqual(
			got.map(({ json }) => json.task_id),
			stage.emulator.tasks.list().map(({ id }) => id),
		);
		assert.equal(stage.emulator.counters().create, 5);
		assert.equal(stage.emulator.bill().total, 4);
	});

	it('is reused by a later execution, but not by one with another model', async () => {
		const reuse = { options: { reuse: 'workflow' } };
		const credential = await stage.credential();
		const saved = await stage.client.createWorkflow(
			klingWorkflow(picture(stage, '', 1, { model: typed('={{ $json.model }}'), ...reuse }), {
				credential,
			}),
		);
		const idWith = async (model: string) => {
			const workflow = klingWorkflow(
				picture(stage, '', 1, { model: typed('={{ $json.model }}'), ...reuse }),
				{
					credential,
					items: [{ json: { model } }],
				},
			);
			// The same nodes again: the key holds the node's id.
			workflow.nodes = workflow.nodes.map((node, n) => ({
				...node,
				id: saved.nodes[n]?.id ?? node.id,
			}));
			const execution = await stage.client.runManually(
				await stage.client.updateWorkflow(saved, workflow),
			);
			assert.equal(execution.status, 'success', execution.error?.message);
			return runOf(execution, KLING).items[0]?.json.task_id;
		};
		const first = await idWith(V3);
		assert.equal(await idWith(V3), first);
		assert.notEqual(await idWith(MULTI_IMAGE), first);
		assert.equal(stage.emulator.bill().total, 2);
	});
});

describe('An external id', { timeout: 300_000 }, () => {
	it('that a task of the other family has is said to be taken, and nothing is paid for', async () => {
		const additionalFields = { externalTaskId: 'order-4712' };
		await good(stage, picture(stage, MULTI_IMAGE, 1, { additionalFields }));
		const said = await refusal(stage, picture(stage, V3, 1, { additionalFields }));
		assert.match(said, /order-4712 exists already/);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('may not stand for two models in one run', async () => {
		const items = [{ json: { model: MULTI_IMAGE } }, { json: { model: V3 } }];
		const parameters = picture(stage, '', 1, {
			model: typed('={{ $json.model }}'),
			additionalFields: { externalTaskId: 'order-4713' },
		});
		assert.match(
			await refusal(stage, parameters, { items }),
			/order-4713 is used for different requests/,
		);
		assert.equal(stage.emulator.counters().create, 0);
	});
});
