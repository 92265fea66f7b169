// What the trigger starts in a real n8n: one execution for a task and status, with its file where that is wanted.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import { runKling, submitParameters } from './stage.mts';
import { call, legacy, NAME, newId, publish, save, sharedTriggerStage } from './triggers.mts';

const stage = sharedTriggerStage();

describe('once per task and status', () => {
	it('starts once for each status, in whatever order and however often they come', async () => {
		const all = ['submitted', 'processing', 'succeed'];
		const trigger = await publish(stage, { fetchTask: false, triggerOn: [...all, 'failed'] });
		const id = newId();
		for (const status of [
			'succeed',
			'processing',
			'succeed',
			'submitted',
			'processing',
			'submitted',
		]) {
			assert.equal((await trigger.post(legacy(id, status))).status, 200);
		}
		const started = await trigger.items(3);
		assert.deepEqual(started.map((item) => item.json.task_status).sort(), all.sort());
	});

	it('still knows after n8n was killed and started again', async () => {
		const trigger = await publish(stage, { fetchTask: false });
		const ids = Array.from({ length: 5 }, newId);
		await Promise.all(ids.map((id) => trigger.post(legacy(id))));
		await trigger.items(ids.length);
		await stage.n8n.kill();
		await stage.n8n.restart();
		const fresh = newId();
		await eventually(
			'the trigger to be back',
			30_000,
			async () => (await trigger.post('x')).status === 400,
		);
		for (const id of [...ids, fresh]) await trigger.post(legacy(id));
		const started = await trigger.items(ids.length + 1);
		assert.deepEqual(started.map((item) => item.json.task_id).sort(), [...ids, fresh].sort());
	});

	it('starts every time where the user wants that', async () => {
		const trigger = await publish(stage, { fetchTask: false, options: { deduplicate: false } });
		const id = newId();
		for (let time = 0; time < 3; time += 1) await trigger.post(legacy(id));
		assert.equal((await trigger.items(3)).length, 3);
	});
});

describe('from a submit to the file', () => {
	it('one execution starts when the video is ready, and the file is in storage', async () => {
		const trigger = await publish(stage, {
			options: { downloadVideo: true, outputFieldName: 'video' },
		});
		const parameters = submitParameters(stage.emulator, {
			additionalFields: { callbackUrl: trigger.url },
		});
		const { execution } = await runKling(stage, parameters, {
			credential: await stage.credential(),
		});
		assert.equal(execution.status, 'success', execution.error?.message);
		const [item] = await trigger.items(1);
		const [task] = stage.emulator.tasks.list();
		assert.equal(item?.json.task_id, task?.id);
		assert.equal(item?.json.task_status, 'succeed');
		const file = item?.binary?.video;
		assert.equal(file?.mimeType, 'video/mp4');
		const facts = videoFacts(await stage.client.downloadBinary(String(file?.id)));
		assert.ok(Math.abs(facts.durationSeconds - 5) < 0.5);
		assert.deepEqual(
			[...new Set(stage.emulator.callbacks.list().map(({ answered }) => answered))],
			[200],
		);
	});

	it('a file that cannot be had is a sentence in the item, not the end of it', async () => {
		const trigger = await publish(stage, { fetchTask: false, options: { downloadVideo: true } });
		const dead = {
			videos: [{ id: 'v', url: `${stage.emulator.cdnUrl}/cdn/none.mp4`, duration: '5' }],
		};
		await trigger.post({ ...legacy(newId()), task_result: dead });
		const [item] = await trigger.items(1);
		assert.match(String(item?.json.download_message), /\w/);
		assert.equal(item?.binary, undefined);
	});

	it('listens for a test event from the editor, and takes the same task as often as it is sent', async () => {
		const id = newId();
		const { saved, webhookId } = await save(stage, { fetchTask: false });
		for (let time = 0; time < 2; time += 1) {
			const executionId = await stage.client.startedBy(saved.id, async () => {
				await stage.client.rest.call({ parse: (answer: unknown) => answer } as never, {
					method: 'POST',
					path: `/rest/workflows/${saved.id}/run`,
					body: { workflowData: await workflowData(saved.id), triggerToStartFrom: { name: NAME } },
				});
				const answer = await call(`${stage.n8n.url}/webhook-test/${webhookId}/kling`, legacy(id));
				assert.equal(answer.status, 200, answer.body);
			});
			const execution = await stage.client.waitForExecution(executionId);
			assert.equal(runOf(execution, NAME).items[0]?.json.task_id, id);
		}
	});
});

async function workflowData(id: string): Promise<unknown> {
	return await stage.client.rest.call({ parse: (answer: unknown) => answer } as never, {
		path: `/rest/workflows/${id}`,
	});
}
