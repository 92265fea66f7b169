// The first promise a user sees: images and a prompt go in, a video comes out, in a real n8n.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { videoFacts } from '../../lab/media/facts.mts';
import {
	binaryImage,
	customCredential,
	KLING,
	openStage,
	runKling,
	sharedStage,
	submitParameters,
} from './stage.mts';

const stage = sharedStage(openStage);

describe('Submit Multi-Image Video', () => {
	it('gives back the task at once, in the simplified form', async () => {
		const credential = await stage.credential();
		const { execution, run } = await runKling(stage, submitParameters(stage.emulator), {
			credential,
		});

		assert.equal(execution.status, 'success', execution.error?.message);
		const [task] = stage.emulator.tasks.list();
		assert.equal(stage.emulator.bill().total, 1);
		const json = run.items[0]?.json ?? {};
		assert.equal(json.task_id, task?.id);
		assert.equal(json.task_status, 'submitted');
		assert.equal(json.endpoint, 'multi-image2video');
		assert.equal(json.model, 'kling-v1-6');
		assert.match(String(json.created_at), /^\d{4}-\d\d-\d\dT/);
		assert.ok(String(json.external_task_id).length <= 64);
		assert.ok(!('error' in json));
	});

	it('takes URLs, binary fields and Base64 in one request, in the order of the form', async () => {
		const credential = await stage.credential();
		const binary = {
			jacket: await binaryImage('images/jacket.jpg', 'image/jpeg'),
			ball: await binaryImage('images/ball.png', 'image/png'),
		};
		const base64 = (await binaryImage('images/garden.jpg', 'image/jpeg')).data;
		const parameters = submitParameters(stage.emulator, {
			images: {
				image: [
					{ source: 'binary', binaryPropertyName: 'jacket,ball' },
					{ source: 'base64', base64: `data:image/jpeg;base64,${base64}` },
					{ source: 'url', url: stage.emulator.imageUrl('dog.png') },
				],
			},
		});
		const { execution } = await runKling(stage, parameters, {
			credential,
			items: [{ json: {}, binary }],
		});

		assert.equal(execution.status, 'success', execution.error?.message);
		const [task] = stage.emulator.tasks.list();
		assert.deepEqual(
			task?.images.map((image) => image.type),
			['jpg', 'png', 'jpg', 'png'],
		);
	});

	it('takes all image fields of an item with *', async () => {
		const credential = await stage.credential();
		const binary = {
			data: await binaryImage('images/jacket.jpg', 'image/jpeg'),
			data_1: await binaryImage('images/ball.png', 'image/png'),
		};
		const parameters = submitParameters(stage.emulator, {
			images: { image: [{ source: 'binary', binaryPropertyName: '*' }] },
		});
		const { execution } = await runKling(stage, parameters, {
			credential,
			items: [{ json: {}, binary }],
		});
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.equal(stage.emulator.tasks.list()[0]?.images.length, 2);
	});

	for (const [aspectRatio, width, height] of [
		['16:9', 16, 9],
		['9:16', 9, 16],
		['1:1', 1, 1],
	] as const) {
		it(`waits by polling and stores a playable ${aspectRatio} MP4 of 10 seconds`, async () => {
			const credential = await stage.credential();
			const parameters = submitParameters(stage.emulator, {
				aspectRatio,
				duration: '10',
				afterSubmit: 'wait',
				downloadVideo: true,
				options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
			});
			const { execution, run } = await runKling(stage, parameters, { credential });

			assert.equal(execution.status, 'success', execution.error?.message);
			const [item] = run.items;
			assert.equal(item?.json.task_status, 'succeed');
			assert.match(String(item?.json.video_url), /^http/);
			assert.ok(item?.json.expires_at);
			const file = item?.binary?.data;
			assert.equal(file?.mimeType, 'video/mp4');
			const facts = videoFacts(await stage.client.downloadBinary(String(file?.id)));
			assert.ok(Math.abs(facts.durationSeconds - 10) < 0.5, `it lasts ${facts.durationSeconds} s`);
			assert.ok(Math.abs(facts.width / facts.height - width / height) < 0.02);
		});
	}

	it('keeps the pairing of items and their order', async () => {
		const credential = await stage.credential();
		const items = Array.from({ length: 7 }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));
		const { run } = await runKling(stage, submitParameters(stage.emulator), { credential, items });

		assert.deepEqual(
			run.items.map((item) => item.pairedItem),
			items.map((_, item) => ({ item })),
		);
		const promptOf = new Map(
			stage.emulator.tasks.list().map((task) => [task.id, task.request.prompt]),
		);
		assert.deepEqual(
			run.items.map((item) => promptOf.get(String(item.json.task_id))),
			items.map((item) => item.json.prompt),
		);
	});
});

describe('Get Task', () => {
	it('finds a task by its id and by its external id, and can wait for it', async () => {
		const credential = await stage.credential();
		const submitted = await runKling(
			stage,
			submitParameters(stage.emulator, { additionalFields: { externalTaskId: 'order-4711' } }),
			{ credential },
		);
		const id = String(submitted.run.items[0]?.json.task_id);
		for (const taskId of [
			{ __rl: true, mode: 'id', value: id },
			{ __rl: true, mode: 'externalId', value: 'order-4711' },
		]) {
			const { execution, run } = await runKling(
				stage,
				{
					resource: 'task',
					operation: 'get',
					taskId,
					options: { waitUntilFinished: true, pollIntervalSeconds: 1 },
				},
				{ credential },
			);
			assert.equal(execution.status, 'success', execution.error?.message);
			assert.equal(run.items[0]?.json.task_id, id);
			assert.equal(run.items[0]?.json.task_status, 'succeed');
		}
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('reports a failed task without ending the item', async () => {
		const credential = await stage.credential();
		await runKling(
			stage,
			submitParameters(stage.emulator, {
				prompt: 'A dog [fail: Image pixel is invalid] [lifetime 1ms]',
			}),
			{
				credential,
			},
		);
		const [task] = stage.emulator.tasks.list();
		const { execution, run } = await runKling(
			stage,
			{ resource: 'task', operation: 'get', taskId: { __rl: true, mode: 'id', value: task?.id } },
			{ credential },
		);
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.equal(run.items[0]?.json.task_status, 'failed');
		assert.equal(run.items[0]?.json.task_status_msg, 'Image pixel is invalid');
	});
});

describe('List Tasks', () => {
	it('honours the limit, return all, and the filters', async () => {
		const credential = await stage.credential();
		const items = Array.from({ length: 12 }, (_, n) => ({
			json: { prompt: n < 3 ? 'A dog [fail] [lifetime 1ms]' : 'A dog [lifetime 10m]' },
		}));
		await runKling(stage, submitParameters(stage.emulator), { credential, items });

		const list = async (changes: Record<string, unknown>) =>
			(await runKling(stage, { resource: 'task', operation: 'list', ...changes }, { credential }))
				.run.items;
		assert.equal((await list({ limit: 5 })).length, 5);
		assert.equal((await list({ returnAll: true })).length, 12);
		assert.equal((await list({ returnAll: true, filters: { status: ['failed'] } })).length, 3);
		const future = new Date(Date.now() + 3_600_000).toISOString();
		assert.equal((await list({ returnAll: true, filters: { createdAfter: future } })).length, 0);
		assert.equal((await list({ returnAll: true, filters: { createdBefore: future } })).length, 12);
	});

	it('offers recent tasks in the task picker, labelled with time, status and id', async () => {
		const credential = await stage.credential();
		await runKling(stage, submitParameters(stage.emulator), { credential });
		const [task] = stage.emulator.tasks.list();
		const { results } = await stage.client.listSearch({
			node: 'n8n-nodes-kling-video.kling',
			method: 'searchTasks',
			path: 'parameters.taskId',
			parameters: { resource: 'task', operation: 'get' },
			credential,
		});
		assert.equal(results[0]?.value, task?.id);
		assert.match(String(results[0]?.name), /^\d{4}-\d\d-\d\d \d\d:\d\d · \w+ · \d+/);
		assert.ok(!String(results[0]?.name).includes('dog'));
	});
});

describe('The credential', () => {
	it('passes its test with an API key and with an access key, and tells a wrong key from an unreachable host', async () => {
		const test = async (changes: Record<string, unknown>) => {
			const credential = await stage.credential('official', changes);
			return await stage.client.testCredential(
				credential,
				customCredential(stage.emulator, 'official', changes),
			);
		};
		assert.equal((await test({})).status, 'OK');
		const { accessKey, secretKey } = stage.emulator.keys;
		assert.equal((await test({ authType: 'accessKey', accessKey, secretKey })).status, 'OK');
		const wrong = await test({ apiKey: 'api-key-kling-of-somebody-else' });
		assert.equal(wrong.status, 'Error');
		assert.match(wrong.message, /key/i);
		const nowhere = await test({ baseUrl: 'http://127.0.0.1:9/kling' });
		assert.equal(nowhere.status, 'Error');
		assert.notEqual(nowhere.message, wrong.message);
	});
});

it(`is loaded from the packed package under the name ${KLING}`, async () => {
	const types = await stage.client.nodeTypes();
	assert.ok(types.some((type) => type.name === 'n8n-nodes-kling-video.kling'));
	assert.ok(types.some((type) => type.name === 'n8n-nodes-kling-video.klingTrigger'));
	assert.ok(types.some((type) => type.name === 'n8n-nodes-kling-video.klingTool'));
});
