// Queue mode: processes are killed as a crash or the kernel would, while executions sleep, poll, submit and download.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import type { N8n } from '../../lab/instance/n8n.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import { answered, asleep, assertAsleep, awake, finishAll, scenes } from '../e2e/sleepers.mts';
import { GOOD, KLING, submitParameters } from '../e2e/stage.mts';
import {
	handedOver,
	openQueueStage,
	publishKling,
	putAllToSleep,
	workersOf,
	type QueueStage,
} from './queueStage.mts';

const PATIENCE_MS = 180_000;

/** n8n gives a worker up after 60 s and looks every 30 s; both are shortened here, in seconds where it counts. */
const SHORT_LOCKS = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '4000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

let stage: QueueStage;

before(async () => {
	stage = await openQueueStage({ webhooks: 2, env: SHORT_LOCKS });
});
after(async () => {
	await stage?.close();
});
beforeEach(() => stage.emulator.reset());

const download = () => asleep(stage, { downloadVideo: true });
const polling = () =>
	submitParameters(stage.emulator, {
		afterSubmit: 'wait',
		options: { waitUsing: 'poll', pollIntervalSeconds: 1, downloadVideo: true },
	});

describe('A worker is killed while executions sleep', { timeout: 600_000 }, () => {
	it('and nothing is lost: the other one goes on with those that it had put to sleep', async () => {
		const saved = await publishKling(stage, download(), scenes(2));
		const sleepers = await putAllToSleep(stage, saved, 3);
		const parkedBy = sleepers.map(({ id }) => workersOf(stage, id)[0] ?? 0);
		const victim = parkedBy[0] ?? 0;
		await stage.queue.killWorker(victim);
		for (const sleeper of sleepers) await assertAsleep(stage, sleeper);
		finishAll(stage, ...sleepers);
		for (const sleeper of sleepers) {
			const { items, execution } = await awake(stage, sleeper);
			assert.deepEqual(items.map(({ json }) => json.task_id), sleeper.tasks.map(({ id }) => id));
			assert.equal(execution.nodes[GOOD]?.length, 1);
			for (const item of items) {
				assert.ok(videoFacts(await stage.client.downloadBinary(item.binary?.data?.id ?? '')));
			}
		}
		const resumedBy = sleepers.map(({ id }) => otherThan(parkedBy, sleepers, id, workersOf(stage, id)));
		console.log(
			`put to sleep by workers ${parkedBy.join(', ')}; worker ${victim} killed; gone on on ${resumedBy.join(', ')}`,
		);
		assert.ok(resumedBy.every((worker) => worker !== victim));
		assert.equal(stage.emulator.bill().total, 6);
		await stage.queue.workers[victim]?.restart();
	});

	it('and nothing is lost when there is none left: they go on as soon as one is back', async () => {
		const saved = await publishKling(stage, download());
		const sleepers = await putAllToSleep(stage, saved, 2);
		await Promise.all([stage.queue.killWorker(0), stage.queue.killWorker(1)]);
		finishAll(stage, ...sleepers);
		await eventually('the webhook process to queue them', PATIENCE_MS, async () =>
			sleepers.every(({ id }) => webhookLogs().some((log) => handedOver(log, id))),
		);
		await stage.queue.workers[0]?.restart();
		for (const sleeper of sleepers) {
			const { items } = await awake(stage, sleeper);
			assert.ok(items[0]?.binary?.data?.id);
		}
		assert.equal(stage.emulator.bill().total, 2);
		await stage.queue.workers[1]?.restart();
	});
});

describe('Two webhook processes', { timeout: 600_000 }, () => {
	it('get the last two calls at once and wake the execution up exactly once', async () => {
		const saved = await publishKling(stage, download(), scenes(2));
		for (let round = 1; round <= 3; round++) {
			const [sleeper] = await putAllToSleep(stage, saved, 1);
			assert.ok(sleeper);
			stage.emulator.faults.add({ kind: 'callback-lost' });
			finishAll(stage, sleeper);
			stage.emulator.faults.clear();
			const answers = await Promise.all(
				sleeper.tasks.map(async ({ id }, index) => {
					const task = stage.emulator.tasks.get(id);
					const target = stage.queue.webhooks[index];
					assert.ok(task && target);
					const url = sleeper.resumeUrl.replace(stage.queue.webhookUrl, target.url);
					return await stage.emulator.callbacks.send(url, stage.emulator.callbacks.bodyOf(task));
				}),
			);
			const { execution, items } = await awake(stage, sleeper);
			assert.equal(items.length, 2);
			assert.equal(execution.nodes[GOOD]?.length, 1);
			const parts = workersOf(stage, sleeper.id).length;
			console.log(
				`Two calls at two processes, round ${round}: answered ${answers.join(' and ')}, ${parts} parts on workers, ${stage.emulator.downloads().length} downloads so far`,
			);
			assert.equal(parts, 2);
		}
	});

	it('one is killed while it downloads: the execution sleeps on, and the next call wakes it up', async () => {
		const saved = await publishKling(stage, download());
		const [sleeper] = await putAllToSleep(stage, saved, 1);
		assert.ok(sleeper);
		const first = at(stage.queue.webhooks, 0);
		stage.emulator.faults.add({ kind: 'download-slow', bytesPerSecond: 1500 });
		finishAll(stage, sleeper);
		await answered(stage, 200);
		await first.kill();
		stage.emulator.faults.clear();
		await assertAsleep(stage, sleeper);
		await first.restart();
		const task = stage.emulator.tasks.get(sleeper.tasks[0]?.id ?? '');
		assert.ok(task);
		const body = stage.emulator.callbacks.bodyOf(task);
		assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, body), 200);
		const { items } = await awake(stage, sleeper);
		assert.ok(videoFacts(await stage.client.downloadBinary(items[0]?.binary?.data?.id ?? '')));
		assert.equal(stage.emulator.bill().total, 1);
	});
});

describe('A worker is killed at work', { timeout: 900_000 }, () => {
	it('while it polls', async () => {
		const saved = await publishKling(stage, polling());
		const id = await crash(saved, async () => stage.emulator.bill().total === 1);
		await report(id);
	});

	it('while it submits', async () => {
		stage.emulator.faults.add({ kind: 'hang', when: 'after', on: { call: 'create' } });
		const saved = await publishKling(stage, polling());
		const id = await crash(saved, async () => stage.emulator.bill().total === 1);
		stage.emulator.faults.clear();
		await report(id);
	});
});

async function report(id: string) {
	const crashed = await stage.client.getExecution(id);
	console.log(crashed.status, JSON.stringify(crashed.error), JSON.stringify(crashed.raw).slice(0, 1500));
	const again = await stage.client.retryExecution(id).catch((error: unknown) => String(error));
	console.log('retry', again);
	for (const task of stage.emulator.tasks.list()) stage.emulator.tasks.succeed(task.id);
	const after = await stage.client.waitForExecution(again, undefined, 120_000);
	console.log(after.status, JSON.stringify(after.error), JSON.stringify(after.raw).slice(0, 2500));
	console.log(stage.emulator.bill());
	void KLING;
}

/** Runs a workflow until the service says that it is where it should be, and kills its worker there. */
async function crash(saved: SavedWorkflow, isThere: () => Promise<boolean>): Promise<string> {
	const id = await stage.client.startByWebhook(saved);
	await eventually('the worker to be in the middle', PATIENCE_MS, isThere);
	const victim = workersOf(stage, id)[0] ?? 0;
	await stage.queue.killWorker(victim);
	const started = Date.now();
	const ended = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
	console.log(`n8n gave it up after ${Math.round((Date.now() - started) / 1000)} s as "${ended.status}"`);
	await stage.queue.workers[victim]?.restart();
	return id;
}

const webhookLogs = () => stage.queue.webhooks.map((webhook) => webhook.logs());

/** The worker of the second part: with the first one known, it is what is left of the two. */
function otherThan(parkedBy: number[], sleepers: Array<{ id: string }>, id: string, both: number[]): number {
	const left = [...both];
	left.splice(left.indexOf(parkedBy[sleepers.findIndex((each) => each.id === id)] ?? 0), 1);
	return left[0] ?? -1;
}

function at(processes: N8n[], index: number): N8n {
	const found = processes[index];
	assert.ok(found);
	return found;
}
