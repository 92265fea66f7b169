// The trigger in queue mode: the service calls a webhook process, and workers run what it starts.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOf, type Item } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	code,
	klingTrigger,
	sink,
	workflow,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import { scenes } from '../e2e/sleepers.mts';
import { GOOD, runKling, sharedStage, submitParameters } from '../e2e/stage.mts';
import { openQueueStage, workersOf } from './queueStage.mts';

const PATIENCE_MS = 120_000;
/** Long enough for an execution that must not be to show up. */
const SETTLE_MS = 3_000;

const stage = sharedStage(async () => await openQueueStage({ webhooks: 2 }));

describe('In queue mode the trigger', { timeout: 600_000 }, () => {
	it('starts one execution per task and status on a worker, however often it is told', async () => {
		const trigger = await publish({ triggerOn: ['succeed', 'failed'] });
		const tasks = await submitTwo(trigger.urls[0]);
		for (const status of ['succeed', 'failed'] as const) {
			stage.emulator.faults.add({ kind: 'callback-repeated', copies: 3, on: { status } });
		}
		stage.emulator.tasks.succeed(tasks[0] ?? '');
		stage.emulator.tasks.fail(tasks[1] ?? '', 'Bad pixels');
		const started = await trigger.items(2);
		assert.deepEqual(
			started.map(({ json }) => [json.task_id, json.task_status]).sort(),
			[
				[tasks[0], 'succeed'],
				[tasks[1], 'failed'],
			].sort(),
		);
		for (const id of await trigger.executions()) assert.equal(workersOf(stage, id).length, 1);
	});

	it('gives the file to the next node; n8n shows it in no editor, as it files it under no execution', async () => {
		const read = code(
			`const file = await this.helpers.getBinaryDataBuffer(0, 'data');
			const [item] = $input.all();
			return [{ ...item, json: { ...item.json, base64: file.toString('base64') } }];`,
			'Read',
		);
		const trigger = await publish({ options: { downloadVideo: true } }, read);
		const [task = ''] = await submitTwo(trigger.urls[0]);
		stage.emulator.tasks.succeed(task);
		const [item] = await trigger.items(1);
		const facts = videoFacts(Buffer.from(String(item?.json.base64), 'base64'));
		assert.ok(Math.abs(facts.durationSeconds - 5) < 0.2, String(facts.durationSeconds));
		const id = item?.binary?.data?.id ?? '';
		assert.match(id, /^database:/);
		const shown = await stage.client.downloadBinary(id).then(
			() => 'has the file',
			(refusal: unknown) => String(refusal).replace(/^.*answered/, 'answered'),
		);
		console.log(`n8n's editor, asked for a file that the trigger stored in the database, ${shown}`);
	});

	it('takes each status of a task for one of its own', async () => {
		const trigger = await publish({ triggerOn: ['processing', 'succeed'], fetchTask: false });
		const [task = ''] = await submitTwo('');
		for (const status of ['processing', 'succeed', 'succeed', 'processing']) {
			await post(trigger.urls[0], task, status);
		}
		const started = await trigger.items(2);
		assert.deepEqual(started.map(({ json }) => json.task_status).sort(), ['processing', 'succeed']);
	});

	it('knows what another webhook process was told, also after a restart of both', async () => {
		const trigger = await publish({ fetchTask: false });
		const [task = ''] = await submitTwo('');
		await post(trigger.urls[0], task, 'succeed');
		await trigger.items(1);
		await post(trigger.urls[1], task, 'succeed');
		await Promise.all(stage.queue.webhooks.map((webhook) => webhook.restart()));
		for (const url of trigger.urls) await post(url, task, 'succeed');
		await trigger.items(1);
	});

	it('starts one or two executions when two webhook processes are told at the same instant', async () => {
		const trigger = await publish({ fetchTask: false });
		const [task = ''] = await submitTwo('');
		await Promise.all(trigger.urls.map(async (url) => await post(url, task, 'succeed')));
		await sleep(SETTLE_MS);
		const { length } = await trigger.executions();
		console.log(`Two webhook processes told at the same instant: ${length} executions`);
		assert.ok(length === 1 || length === 2, String(length));
	});
});

/** Publishes a workflow that starts with the trigger; `urls` has its address at each webhook process. */
async function publish(parameters: Record<string, unknown>, ...then: WorkflowNode[]) {
	const webhookId = randomUUID();
	const credential = await stage.preset('klingGlobal');
	const saved = await stage.client.createWorkflow(
		workflow([klingTrigger(parameters, credential, { webhookId }), ...then, sink(GOOD)]),
	);
	await stage.client.publish(saved);
	const [first = '', second = ''] = stage.queue.webhooks.map(
		({ url }) => `${url}/webhook/${webhookId}/kling`,
	);
	const executions = async (): Promise<string[]> =>
		(await stage.client.listExecutions(saved.id)).map(({ id }) => id);
	return {
		urls: [first, second] as const,
		executions,
		/** What its executions started with, once all callbacks are through. */
		async items(expected: number): Promise<Item[]> {
			await stage.emulator.callbacks.idle();
			const ended = async () =>
				(await stage.client.listExecutions(saved.id)).filter(({ status }) => status === 'success');
			await eventually(
				`${expected} executions`,
				PATIENCE_MS,
				async () => (await ended()).length >= expected,
			);
			await sleep(SETTLE_MS);
			const ids = await executions();
			assert.equal(ids.length, expected);
			const all = await Promise.all(ids.map(async (id) => await stage.client.getExecution(id)));
			return all.flatMap((execution) => runOf(execution, GOOD).items);
		},
	};
}

/** Submits two tasks with the node; the service calls `callbackUrl` where there is one. */
async function submitTwo(callbackUrl: string): Promise<string[]> {
	const parameters = submitParameters(stage.emulator, {
		afterSubmit: 'return',
		additionalFields: { callbackUrl },
	});
	const credential = await stage.preset('klingGlobal');
	const { execution, run } = await runKling(
		stage,
		parameters,
		{ credential, items: scenes(2) },
		PATIENCE_MS,
	);
	assert.equal(execution.status, 'success', execution.error?.message);
	return run.items.map(({ json }) => String(json.task_id));
}

/** Tells a webhook process a status, as the service would. */
async function post(url: string, taskId: string, status: string): Promise<void> {
	const task = stage.emulator.tasks.get(taskId);
	assert.ok(task);
	const body = { ...stage.emulator.callbacks.bodyOf(task), task_status: status };
	assert.equal(await stage.emulator.callbacks.send(url, body), 200);
}
