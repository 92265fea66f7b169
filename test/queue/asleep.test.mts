// Queue mode: an execution sleeps on no worker, is called through the webhook process and goes on on a worker.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import { assertCallerGetsItems } from '../e2e/calledWorkflow.mts';
import {
	asleep,
	assertAsleep,
	awake,
	costLine,
	executionsIn,
	finishAll,
	putToSleep,
	requestsOf,
	scenes,
} from '../e2e/sleepers.mts';
import { BAD, GOOD, sharedStage, submitParameters } from '../e2e/stage.mts';
import {
	busySlots,
	handedOver,
	openQueueStage,
	publishKling,
	putAllToSleep,
	workersOf,
} from './queueStage.mts';

const PATIENCE_MS = 120_000;

const stage = sharedStage(openQueueStage);

const download = () => asleep(stage, { downloadVideo: true });

describe('In queue mode a sleeping execution', { timeout: 900_000 }, () => {
	it('is woken up through the webhook process and goes on on a worker, the file in the shared store', async () => {
		const saved = await publishKling(stage, download(), scenes(2));
		const [sleeper] = await putAllToSleep(stage, saved, 1);
		assert.ok(sleeper);
		const { queue, emulator, client } = stage;
		assert.ok(
			sleeper.resumeUrl.startsWith(`${queue.webhookUrl}/webhook-waiting/`),
			sleeper.resumeUrl,
		);
		assert.ok(!sleeper.resumeUrl.startsWith(queue.url));
		assert.equal(workersOf(stage, sleeper.id).length, 1);

		finishAll(stage, sleeper);
		const { items: got } = await awake(stage, sleeper);
		assert.deepEqual(
			got.map(({ json, pairedItem }) => [json.task_id, json.task_status, pairedItem]),
			sleeper.tasks.map(({ id }, item) => [id, 'succeed', { item }]),
		);
		const parts = workersOf(stage, sleeper.id);
		assert.equal(parts.length, 2, 'one part before the sleep and one after it');
		assert.ok(handedOver(queue.main.logs() + queue.webhooks[0]?.logs(), sleeper.id));
		assert.ok(handedOver(queue.webhooks[0]?.logs() ?? '', sleeper.id), 'by the webhook process');
		for (const item of got) {
			const id = item.binary?.data?.id ?? '';
			assert.match(id, /^database:/);
			const facts = videoFacts(await client.downloadBinary(id));
			assert.ok(Math.abs(facts.durationSeconds - 5) < 0.2, String(facts.durationSeconds));
			assert.equal(facts.width / facts.height > 1.7, true);
		}
		console.log(
			`Workers that ran execution ${sleeper.id}: ${parts.join(' and ')}; ${costLine(stage, 2)}`,
		);
		assert.ok(requestsOf(stage) <= 6);
		assert.equal(emulator.bill().total, 2);
	});

	it('holds no worker: four sleep, and both slots are free for others', async () => {
		const sleeping = await publishKling(stage, asleep(stage));
		const polling = await publishKling(
			stage,
			submitParameters(stage.emulator, {
				afterSubmit: 'wait',
				options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
			}),
		);
		const sleepers = await putAllToSleep(stage, sleeping, 4);
		await eventually('the workers to be idle', PATIENCE_MS, async () => busySlots(stage) === 0);
		assert.equal(await executionsIn(stage, 'waiting'), 4);
		assert.equal(await executionsIn(stage, 'running'), 0);
		console.log(
			`parked executions hold ${busySlots(stage)} worker slots (${sleepers.length} parked, 2 workers with 1 slot each)`,
		);

		// Whoever polls holds a slot: two run at once, a third has to queue.
		const ids = [
			await stage.client.startByWebhook(polling),
			await stage.client.startByWebhook(polling),
		];
		await eventually('both slots to be taken', PATIENCE_MS, async () => busySlots(stage) === 2);
		const third = await stage.client.startByWebhook(polling);
		ids.push(third);
		for (const sleeper of sleepers) await assertAsleep(stage, sleeper);
		assert.equal((await stage.client.getExecution(third)).status, 'new');
		console.log('while they sleep, executions that poll hold 2 slots, and one more queues');

		for (const task of stage.emulator.tasks.list()) stage.emulator.tasks.succeed(task.id);
		await eventually('the third to be submitted', PATIENCE_MS, async () => {
			for (const task of stage.emulator.tasks.list()) stage.emulator.tasks.succeed(task.id);
			return stage.emulator.bill().total === 7;
		});
		for (const task of stage.emulator.tasks.list()) stage.emulator.tasks.succeed(task.id);
		for (const id of [...ids, ...sleepers.map((sleeper) => sleeper.id)]) await awake(stage, { id });
		assert.equal(stage.emulator.bill().total, 7);
	});

	it('is woken up exactly once when the last two calls come at once', async () => {
		for (let round = 1; round <= 3; round++) {
			const sleeper = await putToSleep(stage, download(), { items: scenes(2) });
			// The test makes the calls itself, to have them arrive together.
			stage.emulator.faults.add({ kind: 'callback-lost' });
			finishAll(stage, sleeper);
			stage.emulator.faults.clear();
			const answers = await Promise.all(
				sleeper.tasks.map(async ({ id }) => {
					const task = stage.emulator.tasks.get(id);
					assert.ok(task);
					const body = stage.emulator.callbacks.bodyOf(task);
					return await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
				}),
			);
			const { execution, items: got } = await awake(stage, sleeper);
			assert.equal(got.length, 2);
			assert.equal(execution.nodes[GOOD]?.length, 1);
			assert.equal(workersOf(stage, sleeper.id).length, 2);
			console.log(
				`Two last callbacks at once, round ${round}: answered ${answers.join(' and ')}, woken once`,
			);
		}
	});

	it('stops with the reason of a failed task and names what was paid for', async () => {
		const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(2) });
		stage.emulator.tasks.fail(sleeper.tasks[0]?.id ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(sleeper.tasks[1]?.id ?? '');
		const { execution, run } = await awake(stage, sleeper, 'error');
		assert.match(run.error?.message ?? '', /Bad pixels/);
		const told = `${run.error?.message} ${run.error?.description}`;
		for (const { id } of sleeper.tasks) assert.ok(told.includes(id), told);
		assert.equal(runOf(execution, 'Items').items.length, 2, 'what ran before is kept');
		assert.equal(execution.nodes[GOOD], undefined);
	});

	it('takes the error branch for a failed task, and the other item goes on', async () => {
		const sleeper = await putToSleep(stage, download(), {
			items: scenes(2),
			onError: 'continueErrorOutput',
		});
		stage.emulator.tasks.fail(sleeper.tasks[0]?.id ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(sleeper.tasks[1]?.id ?? '');
		const { execution, run } = await awake(stage, sleeper);
		assert.deepEqual(
			run.outputs.map((given) => given.map(({ pairedItem }) => pairedItem)),
			[[{ item: 1 }], [{ item: 0 }]],
		);
		const [good] = runOf(execution, GOOD).items;
		const [bad] = runOf(execution, BAD).items;
		assert.equal(good?.json.task_id, sleeper.tasks[1]?.id);
		assert.match(JSON.stringify(bad?.json), /Bad pixels/);
		assert.ok(videoFacts(await stage.client.downloadBinary(good?.binary?.data?.id ?? '')));
	});

	it('works in a workflow that another one calls, and the caller gets the items', async () => {
		await assertCallerGetsItems(stage, await stage.preset('klingGlobal'), 'byWebhook');
	});

	it('finds its video by the timer of the main process when its call is lost', async () => {
		const saved = await publishKling(
			stage,
			submitParameters(stage.emulator, { afterSubmit: 'wait', downloadVideo: true }),
			scenes(2),
		);
		const [sleeper] = await putAllToSleep(stage, saved, 1);
		assert.ok(sleeper);
		assert.equal(sleeper.resumeUrl, '', 'nobody was told where to call');
		finishAll(stage, sleeper);
		const { items: got, execution } = await timedOut(sleeper.id, 'success');
		assert.ok(got.every(({ binary }) => binary?.data?.id !== undefined));
		assert.equal(execution.nodes[GOOD]?.length, 1);
		assert.equal(workersOf(stage, sleeper.id).length, 2);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('ends at the deadline by the timer of the main process, with the ids of its tasks', async () => {
		const options = { maxWaitMinutes: 1.6 };
		const [stop, give] = await Promise.all([
			putToSleep(stage, asleep(stage, options), { items: scenes(2) }),
			putToSleep(stage, asleep(stage, { ...options, onTimeout: 'return' }), { items: scenes(2) }),
		]);
		const red = (await timedOut(stop.id, 'error')).run.error;
		for (const { id } of stop.tasks) assert.ok(`${red?.message} ${red?.description}`.includes(id));
		const given = (await timedOut(give.id, 'success')).items;
		assert.deepEqual(
			given.map(({ json }) => [json.task_id, json.timed_out]),
			give.tasks.map(({ id }) => [id, true]),
		);
	});
});

/** n8n looks for sleepers once a minute. */
async function timedOut(id: string, status: 'success' | 'error') {
	await stage.client.waitForExecution(id, ['success', 'error'], 96_000 + 90_000);
	return await awake(stage, { id }, status);
}
