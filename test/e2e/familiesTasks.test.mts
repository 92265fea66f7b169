// Tasks of both model families in a real n8n: Get Task and List Tasks find them, and show what their fields are.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { request } from 'undici';
import {
	file,
	good,
	MULTI_IMAGE,
	newest,
	O1,
	picture,
	questions,
	refusal,
	sharedFamilies,
	V3,
} from './families.mts';

const stage = sharedFamilies();

describe('Get Task', { timeout: 300_000 }, () => {
	const get = (taskId: unknown, mode = 'id', options = {}) => ({
		resource: 'task',
		operation: 'get',
		taskId: { __rl: true, mode, value: taskId },
		options,
	});

	it('finds a task of the other endpoint by itself, with the option, and by the item that Submit gave', async () => {
		const submitted = await good(stage, picture(stage, V3));
		const [item] = submitted.items;
		const id = item?.json.task_id;
		for (const [asked, parameters, items] of [
			[2, get(id), undefined],
			[1, get(id, 'id', { family: 'omni' }), undefined],
			[1, get('={{ $json.task_id }}'), [{ json: item?.json ?? {} }]],
		] as const) {
			const before = questions(stage);
			const { items: got } = await good(stage, parameters, items && { items: [...items] });
			assert.equal(got[0]?.json.task_id, id);
			assert.equal(got[0]?.json.endpoint, 'omni-video');
			assert.equal(questions(stage) - before, asked);
		}
	});

	it('looks at the other endpoint too when the option names the wrong one', async () => {
		const { items } = await good(stage, picture(stage, MULTI_IMAGE));
		const { items: got } = await good(stage, get(items[0]?.json.task_id, 'id', { family: 'omni' }));
		assert.equal(got[0]?.json.endpoint, 'multi-image2video');
	});

	it('finds an omni task by its external id, waits for it and downloads the video', async () => {
		await good(
			stage,
			picture(stage, O1, 1, { additionalFields: { externalTaskId: 'order-4711' } }),
		);
		const options = { waitUntilFinished: true, pollIntervalSeconds: 1, downloadVideo: true };
		const { items } = await good(stage, get('order-4711', 'externalId', options));
		assert.equal(items[0]?.json.task_id, newest(stage)?.id);
		assert.equal(items[0]?.json.task_status, 'succeed');
		await file(stage, items[0]);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('says that neither endpoint knows a task', async () => {
		const said = await refusal(stage, get('1234567890'));
		assert.match(said, /Task 1234567890 was not found/);
		assert.equal(questions(stage), 2);
	});
});

describe('List Tasks', { timeout: 300_000 }, () => {
	it('shows both families, or the one that is asked for, and the picker offers both', async () => {
		const models = [MULTI_IMAGE, V3, O1];
		for (const model of models) await good(stage, picture(stage, model));
		const list = async (family?: string) => {
			const { items } = await good(stage, {
				resource: 'task',
				operation: 'list',
				filters: family ? { family } : {},
			});
			return items.map(({ json }) => json.endpoint);
		};
		assert.deepEqual(await list(), ['omni-video', 'omni-video', 'multi-image2video']);
		assert.deepEqual(await list('omni'), ['omni-video', 'omni-video']);
		assert.deepEqual(await list('multiImage'), ['multi-image2video']);

		const { results } = await stage.client.listSearch({
			node: 'n8n-nodes-kling-video.kling',
			method: 'searchTasks',
			path: 'parameters.taskId',
			parameters: { resource: 'task', operation: 'get' },
			credential: await stage.credential(),
		});
		const ids = stage.emulator.tasks.list().map(({ id }) => id);
		assert.deepEqual(results.map(({ value }) => value).sort(), ids.sort());
	});
});

it('n8n offers the output fields before the first run', async () => {
	for (const operation of ['submit', 'get', 'list']) {
		const path = `schemas/n8n-nodes-kling-video.kling/1.0.0/task/${operation}.json`;
		const { statusCode, body } = await request(`${stage.n8n.url}/${path}`);
		assert.equal(statusCode, 200, path);
		const schema = (await body.json()) as { properties?: Record<string, unknown> };
		assert.ok(schema.properties?.task_id !== undefined);
	}
});
