// Queue mode: processes are killed as a crash or the kernel would, while executions sleep, poll, submit and download.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Execution } from '../../lab/instance/api/execution.mts';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import type { N8n } from '../../lab/instance/n8n.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import {
	answered,
	asleep,
	assertAsleep,
	awake,
	finishAll,
	requestsOf,
	scenes,
	type Sleeper,
} from '../e2e/sleepers.mts';
import { GOOD, runKling, sharedStage, submitParameters } from '../e2e/stage.mts';
import {
	handedOver,
	openQueueStage,
	publishKling,
	putAllToSleep,
	workersOf,
} from './queueStage.mts';

const PATIENCE_MS = 180_000;

/** n8n gives a worker up after 60 s and looks every 30 s: shortened here, so that it does so within a minute. */
const SHORT_LOCKS = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '4000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

const stage = sharedStage(async () => await openQueueStage({ webhooks: 2, env: SHORT_LOCKS }));

const killed = new Set<N8n>();
afterEach(async () => {
	for (const each of killed) await revive(each);
});

async function kill(process: N8n): Promise<void> {
	await process.kill();
	killed.add(process);
}

async function revive(process: N8n): Promise<void> {
	await process.restart();
	killed.delete(process);
}

const download = () => asleep(stage, { downloadVideo: true });
const polling = ({ downloadVideo = false, ...options }: Record<string, unknown> = {}) =>
	submitParameters(stage.emulator, {
		afterSubmit: 'wait',
		downloadVideo,
		options: { waitUsing: 'poll', pollIntervalSeconds: 1, ...options },
	});

describe('A worker is killed while executions sleep', { timeout: 900_000 }, () => {
	it('and nothing is lost: the other one goes on with those that it had put to sleep', async () => {
		const saved = await publishKling(stage, download(), scenes(2));
		const sleepers = await putAllToSleep(stage, saved, 3);
		const parkedBy = sleepers.map(({ id }) => workersOf(stage, id)[0] ?? -1);
		const [victim = 0] = parkedBy;
		await kill(at(stage.queue.workers, victim));
		for (const sleeper of sleepers) await assertAsleep(stage, sleeper);
		finishAll(stage, ...sleepers);
		for (const sleeper of sleepers) {
			const { items, execution } = await awake(stage, sleeper);
			assert.deepEqual(
				items.map(({ json }) => json.task_id),
				sleeper.tasks.map(({ id }) => id),
			);
			assert.equal(execution.nodes[GOOD]?.length, 1);
			for (const item of items) {
				assert.ok(videoFacts(await stage.client.downloadBinary(item.binary?.data?.id ?? '')));
			}
		}
		const resumedBy = sleepers.map(({ id }, n) => secondOf(workersOf(stage, id), parkedBy[n]));
		console.log(
			`put to sleep by workers ${parkedBy.join(', ')}; worker ${victim} killed; gone on on workers ${resumedBy.join(', ')}`,
		);
		assert.ok(resumedBy.every((worker) => worker === 1 - victim));
		assert.equal(stage.emulator.bill().total, 6);
	});

	it('and none is left: a new worker goes on with what the webhook process queued meanwhile', async () => {
		const sleepers = await queuedWithoutWorkers();
		const added = await stage.queue.addWorker();
		for (const sleeper of sleepers) {
			const { items } = await awake(stage, sleeper);
			assert.ok(videoFacts(await stage.client.downloadBinary(items[0]?.binary?.data?.id ?? '')));
		}
		assert.equal(stage.emulator.bill().total, 2);
		await added.stop();
	});

	it('and none is left until one restarts in place: n8n calls what it had put to sleep crashed, and a retry has the video', async () => {
		const sleepers = await queuedWithoutWorkers();
		const requests = requestsOf(stage);
		await Promise.all(stage.queue.workers.slice(0, 2).map(revive));
		for (const { id, tasks } of sleepers) {
			const crashed = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
			assert.equal(crashed.status, 'crashed');
			const { items } = await awake(stage, { id: await stage.client.retryExecution(id) });
			assert.equal(items[0]?.json.task_id, tasks[0]?.id);
			assert.ok(videoFacts(await stage.client.downloadBinary(items[0]?.binary?.data?.id ?? '')));
		}
		console.log(
			`two retries of crashed executions: ${requestsOf(stage) - requests} API requests, ${stage.emulator.bill().total} tasks billed in all`,
		);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('and started again before the call: they sleep on until it comes', async () => {
		const saved = await publishKling(stage, asleep(stage));
		const sleepers = await putAllToSleep(stage, saved, 2);
		await untilIdle(sleepers.map(({ id }) => id));
		for (const worker of stage.queue.workers.slice(0, 2)) {
			await kill(worker);
			await revive(worker);
		}
		for (const sleeper of sleepers) await assertAsleep(stage, sleeper);
		finishAll(stage, ...sleepers);
		for (const sleeper of sleepers) await awake(stage, sleeper);
		assert.equal(stage.emulator.bill().total, 2);
	});
});

describe('Two webhook processes', { timeout: 600_000 }, () => {
	it('get the last two calls at once, each of them both, and wake the execution up exactly once', async () => {
		const saved = await publishKling(stage, download(), scenes(2));
		for (let round = 1; round <= 3; round++) {
			const [sleeper] = await putAllToSleep(stage, saved, 1);
			assert.ok(sleeper);
			stage.emulator.faults.add({ kind: 'callback-lost' });
			finishAll(stage, sleeper);
			stage.emulator.faults.clear();
			const answers = await Promise.all(
				[0, 1, 2, 3].map(async (n) => {
					const task = stage.emulator.tasks.get(sleeper.tasks[n % 2]?.id ?? '');
					const target = stage.queue.webhooks[n < 2 ? 0 : 1];
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
				`Two calls at each of two processes, round ${round}: answered ${answers.join(', ')}, ${parts} parts on workers, ${stage.emulator.downloads().length} downloads so far`,
			);
			assert.equal(parts, 2);
		}
	});

	it('one is killed as it takes the call: whether the execution was woken up or not, the next call brings the video', async () => {
		const saved = await publishKling(stage, download());
		const [sleeper] = await putAllToSleep(stage, saved, 1);
		assert.ok(sleeper);
		const first = at(stage.queue.webhooks, 0);
		finishAll(stage, sleeper);
		await answered(stage, 200);
		await kill(first);
		await revive(first);
		const task = stage.emulator.tasks.get(sleeper.tasks[0]?.id ?? '');
		assert.ok(task);
		const body = stage.emulator.callbacks.bodyOf(task);
		const answer = await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
		assert.ok(answer === 200 || answer === 409, String(answer));
		const { items } = await awake(stage, sleeper);
		assert.ok(videoFacts(await stage.client.downloadBinary(items[0]?.binary?.data?.id ?? '')));
		assert.equal(stage.emulator.bill().total, 1);
	});
});

describe('A worker is killed at work', { timeout: 900_000 }, () => {
	it('polling: n8n forgets the execution and its retry runs nothing; nothing is paid twice, List Tasks has the video', async () => {
		const id = await crash(await publishKling(stage, polling()));
		await retriedInVain(id);
		const [task] = stage.emulator.tasks.list();
		stage.emulator.tasks.succeed(task?.id ?? '');
		const credential = await stage.preset('klingGlobal');
		const { run } = await runKling(
			stage,
			{ resource: 'task', operation: 'list' },
			{ credential },
			PATIENCE_MS,
		);
		assert.deepEqual(
			run.items.map(({ json }) => json.task_id),
			[task?.id],
		);
		assert.match(String(run.items[0]?.json.video_url), /\.mp4/);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('in a wake-up: n8n forgets the execution; the log names its task, and a new run over the workflow collects it', async () => {
		const parameters = asleep(stage, { downloadVideo: true, reuse: 'workflow' });
		const saved = await publishKling(stage, parameters);
		const [sleeper] = await putAllToSleep(stage, saved, 1);
		assert.ok(sleeper);
		const [task] = sleeper.tasks;
		stage.emulator.faults.add({ kind: 'hang', when: 'before', on: { method: 'GET' } });
		finishAll(stage, sleeper);
		await eventually(
			'it to be awake',
			PATIENCE_MS,
			async () => workersOf(stage, sleeper.id).length === 2,
		);
		await kill(at(stage.queue.workers, workersOf(stage, sleeper.id).at(-1) ?? 0));
		stage.emulator.faults.clear();
		const ended = await stage.client.waitForExecution(sleeper.id, undefined, PATIENCE_MS);
		console.log(`killed in a wake-up: "${ended.status}", ${ended.error?.message}`);
		const logs = stage.queue.workers.map((worker) => worker.logs()).join('');
		assert.ok(logs.includes(`Submitted task ${task?.id} `));
		const again = await awake(stage, { id: await stage.client.startByWebhook(saved) });
		assert.equal(again.items[0]?.json.task_id, task?.id);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('submitting: n8n forgets the execution; with "Reuse a Task" over the workflow a new run collects what was paid', async () => {
		const saved = await publishKling(stage, polling({ reuse: 'workflow', downloadVideo: true }));
		stage.emulator.faults.add({ kind: 'hang', when: 'after', on: { call: 'create' } });
		const id = await crash(saved);
		await retriedInVain(id);
		for (const { id: task } of stage.emulator.tasks.list()) stage.emulator.tasks.succeed(task);
		const again = await awake(stage, { id: await stage.client.startByWebhook(saved) });
		assert.equal(again.items[0]?.json.task_id, stage.emulator.tasks.list()[0]?.id);
		assert.ok(
			videoFacts(await stage.client.downloadBinary(again.items[0]?.binary?.data?.id ?? '')),
		);
		assert.equal(stage.emulator.bill().total, 1);
	});
});

/** Two executions whose tasks have ended while there was no worker: the webhook process has queued them. */
async function queuedWithoutWorkers(): Promise<Sleeper[]> {
	const saved = await publishKling(stage, download());
	const sleepers = await putAllToSleep(stage, saved, 2);
	await untilIdle(sleepers.map(({ id }) => id));
	await Promise.all(stage.queue.workers.slice(0, 2).map(kill));
	for (const sleeper of sleepers) await assertAsleep(stage, sleeper);
	finishAll(stage, ...sleepers);
	await eventually('the webhook process to queue them', PATIENCE_MS, async () =>
		sleepers.every(({ id }) => webhookLogs().some((log) => handedOver(log, id))),
	);
	return sleepers;
}

/** Runs a workflow until its task is billed, and kills the worker there; n8n gives the execution up. */
async function crash(saved: SavedWorkflow): Promise<string> {
	const id = await stage.client.startByWebhook(saved);
	await eventually(
		'the task to be billed',
		PATIENCE_MS,
		async () => stage.emulator.bill().total === 1,
	);
	const started = Date.now();
	await kill(at(stage.queue.workers, workersOf(stage, id)[0] ?? 0));
	stage.emulator.faults.clear();
	const ended = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
	const seconds = Math.round((Date.now() - started) / 1000);
	console.log(
		`n8n gave the killed worker's execution up after ${seconds} s: "${ended.status}", ${ended.error?.message}`,
	);
	assert.equal(ended.status, 'error');
	return id;
}

/** What n8n does with such an execution: its data is gone, so a retry has nothing to run. */
async function retriedInVain(id: string): Promise<void> {
	const retried: Execution = await stage.client.waitForExecution(
		await stage.client.retryExecution(id),
		undefined,
		PATIENCE_MS,
	);
	assert.equal(retried.status, 'error');
	assert.deepEqual(Object.keys(retried.nodes), []);
	assert.equal(stage.emulator.bill().total, 1);
}

/** Until the workers have told the queue as well that their parts are over. */
async function untilIdle(ids: string[]): Promise<void> {
	const logs = () => stage.queue.workers.map((worker) => worker.logs()).join('');
	await eventually('the workers to be idle', PATIENCE_MS, async () =>
		ids.every((id) => logs().includes(`Worker finished execution ${id} (`)),
	);
}

const webhookLogs = () => stage.queue.webhooks.map((webhook) => webhook.logs());

/** The worker of the second part, of which there are just two. */
function secondOf(parts: number[], first: number | undefined): number | undefined {
	assert.equal(parts.length, 2);
	return parts[0] === first ? parts[1] : parts[0];
}

function at(processes: N8n[], index: number): N8n {
	const found = processes[index];
	assert.ok(found);
	return found;
}
