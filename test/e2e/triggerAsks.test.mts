// What the trigger believes in a real n8n: only the id of a notification. The service is asked, once, for the rest.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Item } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { runKling } from './stage.mts';
import { createTask, legacy, newId, publish, questions, sharedTriggerStage } from './triggers.mts';

const stage = sharedTriggerStage();

describe('asking the service', () => {
	it('believes only the id: forged ids and forged ends start nothing, and cost one question each', async () => {
		const trigger = await publish(stage);
		const running = await createTask(stage, undefined, '10m');
		assert.equal((await trigger.post(legacy(newId()))).body, 'ignored');
		assert.equal((await trigger.post(legacy(running))).body, 'ignored');
		assert.equal((await trigger.post(legacy(running, 'processing'))).body, 'ignored');
		assert.deepEqual(questions(stage, running), 1);

		const done = await createTask(stage, undefined, '1ms');
		const forged = {
			...legacy(done),
			task_result: { videos: [{ id: 'x', url: 'https://forged.example/x.mp4' }] },
		};
		assert.equal((await trigger.post(forged)).body, 'accepted');
		const [item] = await trigger.items(1);
		assert.equal(item?.json.task_id, done);
		assert.ok(
			String(item?.json.video_url).startsWith(stage.emulator.cdnUrl),
			String(item?.json.video_url),
		);
	});

	it('asks once for duplicates that come at the same time, and starts once', async () => {
		const trigger = await publish(stage);
		const id = await createTask(stage, undefined, '1ms');
		const answers = await Promise.all(Array.from({ length: 12 }, () => trigger.post(legacy(id))));
		assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
		assert.equal(answers.filter(({ body }) => body === 'accepted').length, 1);
		assert.equal(questions(stage, id), 1);
		assert.equal((await trigger.post(legacy(id))).body, 'ignored');
		assert.equal(questions(stage, id), 1);
		assert.equal((await trigger.items(1)).length, 1);
	});

	it('finds a task of the other endpoint too, and looks there first next time', async () => {
		const trigger = await publish(stage);
		const [first, second] = [
			await createTask(stage, undefined, '1ms', 'omni'),
			await createTask(stage, undefined, '1ms', 'omni'),
		];
		await trigger.post(legacy(first));
		await trigger.post(legacy(second));
		assert.deepEqual([questions(stage, first), questions(stage, second)], [2, 1]);
		const items = await trigger.items(2);
		assert.deepEqual(
			items.map((item) => item.json.endpoint),
			['omni-video', 'omni-video'],
		);
	});

	const unreachable = () =>
		stage.emulator.faults.add({ kind: 'http', when: 'before', status: 503, on: { call: 'get' } });

	it('answers 503 while the service cannot be asked, and takes the repetition, once', async () => {
		const trigger = await publish(stage);
		const id = await createTask(stage, undefined, '1ms');
		const fault = unreachable();
		const refused = await trigger.post(legacy(id));
		assert.equal(refused.status, 503);
		assert.equal(refused.headers['retry-after'], '30');
		stage.emulator.faults.remove(fault);
		assert.equal((await trigger.post(legacy(id))).body, 'accepted');
		assert.equal((await trigger.items(1)).length, 1);
		await eventually('the first call to be asked about again', 15_000, async () => {
			return questions(stage, id) >= 3;
		});
		assert.equal((await trigger.items(1)).length, 1);
	});

	it('starts by itself once the service can be asked, for a sender that never comes again', async () => {
		const trigger = await publish(stage);
		const id = await createTask(stage, undefined, '1ms');
		const fault = unreachable();
		assert.equal((await trigger.post(legacy(id))).status, 503);
		stage.emulator.faults.remove(fault);
		const items = await trigger.items(1);
		assert.deepEqual(
			items.map(({ json }) => json.task_id),
			[id],
		);
	});

	it('gives the same item as Get Task', async () => {
		const trigger = await publish(stage);
		const id = await createTask(stage, undefined, '1ms');
		await trigger.post(legacy(id));
		const [item] = await trigger.items(1);
		const { run } = await runKling(
			stage,
			{ resource: 'task', operation: 'get', taskId: { __rl: true, mode: 'id', value: id } },
			{ credential: await stage.credential() },
		);
		// The service signs each link anew; what stands before the signature is the same file.
		const shown = ({ json = {} }: Partial<Item> = {}) => ({
			...json,
			video_url: String(json.video_url).split('?')[0],
		});
		assert.deepEqual(shown(item), shown(run.items[0]));
	});
});
