// When no call comes: n8n's timer ends the sleep, and the ids of all tasks are in what the node gives out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOf } from '../../lab/instance/api/execution.mts';
import { asleep, awake, openSleepers, putToSleep, scenes, type Sleeper } from './sleepers.mts';
import { BAD, GOOD, KLING, runKling, type RunSettings, type Stage } from './stage.mts';

/** n8n looks for sleepers once a minute and takes those of the next 70 s: a shorter sleep would overrun. */
const MAX_WAIT_MINUTES = 1.2;
const MAX_WAIT_MS = MAX_WAIT_MINUTES * 60_000;
/** How late the timer may be, with a look a minute. */
const LATE_MS = 75_000;

let stage: Stage;

before(async () => {
	stage = await openSleepers();
	stage.emulator.settings.callbackRetriesMs = [];
});
after(async () => {
	await stage?.close();
});

/** Two items asleep, of which nobody ever tells anything. */
async function forgotten(
	options: Record<string, unknown>,
	settings: Partial<RunSettings> = {},
	items = scenes(2),
): Promise<Sleeper> {
	const parameters = asleep(stage, { maxWaitMinutes: MAX_WAIT_MINUTES, ...options });
	return await putToSleep(stage, parameters, { items, ...settings });
}

/** Waits for the timer. */
async function timedOut(sleeper: Sleeper, status: 'success' | 'error') {
	await stage.client.waitForExecution(sleeper.id, ['success', 'error'], MAX_WAIT_MS + LATE_MS);
	return await awake(stage, sleeper, status);
}

const idsOf = ({ tasks }: Sleeper) => tasks.map(({ id }) => id);

describe('At the deadline', { timeout: 600_000 }, () => {
	it('each setting of On Timeout and On Error gives out the ids of the tasks', async (test) => {
		const [stop, goOn, branch, give, each, lost, lateFailure, slowFile] = await Promise.all([
			forgotten({}),
			forgotten({}, { onError: 'continueRegularOutput' }),
			forgotten({}, { onError: 'continueErrorOutput' }),
			forgotten({ onTimeout: 'return' }),
			forgotten(
				{ onTimeout: '={{ $json.onTimeout }}' },
				{ onError: 'continueErrorOutput' },
				scenes(2).map(({ json }, n) => ({ json: { ...json, onTimeout: ['return', 'error'][n] } })),
			),
			forgotten({}, { onError: 'continueRegularOutput' }),
			forgotten({}, {}, scenes(1)),
			forgotten({ downloadVideo: true, onTimeout: 'return' }, {}, [
				{ json: { prompt: 'A dog [size 1MB]' } },
			]),
		]);
		const parked = await stage.client.getExecution(slowFile.id);
		const leftMs = (parked.waitTill?.getTime() ?? 0) - Date.now();

		// These end at the service just before the deadline, while n8n's timer has them in hand already.
		await sleep(Math.max(0, leftMs - 16_000));
		stage.emulator.faults.add({ kind: 'callback-lost', on: { taskId: lost.tasks[0]?.id } });
		stage.emulator.tasks.succeed(lost.tasks[0]?.id ?? '');
		stage.emulator.faults.add({
			kind: 'download-slow',
			bytesPerSecond: 40_000,
			on: { taskId: slowFile.tasks[0]?.id },
		});
		stage.emulator.tasks.fail(lateFailure.tasks[0]?.id ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(slowFile.tasks[0]?.id ?? '');

		await test.test('On Error "Stop": the node is red and names them', async () => {
			const { execution, run } = await timedOut(stop, 'error');
			assert.match(run.error?.message ?? '', /was not finished within 1\.2 minutes/);
			for (const id of idsOf(stop)) {
				assert.ok(`${run.error?.message} ${run.error?.description}`.includes(id));
			}
			assert.equal(execution.nodes[GOOD], undefined);
			assert.equal(runOf(execution, 'Items').items.length, 2);
		});

		await test.test('On Error "Continue": one item each, with the advice', async () => {
			const { execution } = await timedOut(goOn, 'success');
			const got = runOf(execution, GOOD).items.map(({ json }) => JSON.stringify(json));
			for (const [n, id] of idsOf(goOn).entries()) {
				assert.ok(got[n]?.includes(id), got[n]);
				assert.match(got[n] ?? '', /Get Task/);
			}
		});

		await test.test('On Error "Continue (using error output)": they go to the error branch', async () => {
			const { execution } = await timedOut(branch, 'success');
			const bad = runOf(execution, BAD).items;
			assert.equal(execution.nodes[GOOD]?.[0]?.items.length ?? 0, 0);
			assert.equal(bad.length, 2);
			for (const [n, id] of idsOf(branch).entries()) {
				assert.ok(JSON.stringify(bad[n]?.json).includes(id));
			}
		});

		await test.test('On Timeout "Return": the usual output, marked', async () => {
			const { execution, items } = await timedOut(give, 'success');
			assert.deepEqual(
				items.map(({ json, pairedItem }) => [json.task_id, json.timed_out, pairedItem]),
				idsOf(give).map((id, item) => [id, true, { item }]),
			);
			assert.ok(items.every(({ json }) => ['submitted', 'processing'].includes(String(json.task_status))));
			assert.equal(runOf(execution, GOOD).items.length, 2);
		});

		await test.test('each item follows its own On Timeout', async () => {
			const { execution } = await timedOut(each, 'success');
			const [good] = runOf(execution, GOOD).items;
			const [bad] = runOf(execution, BAD).items;
			assert.equal(good?.json.task_id, each.tasks[0]?.id);
			assert.equal(good?.json.timed_out, true);
			assert.ok(JSON.stringify(bad?.json).includes(each.tasks[1]?.id ?? 'no task'));
		});

		await test.test('a video whose call was lost is collected by the id that was given out', async () => {
			const { items } = await timedOut(lost, 'success');
			const details = items[0]?.json.details as { task_id?: string };
			assert.equal(details.task_id, lost.tasks[0]?.id);
			const { run } = await runKling(
				stage,
				{
					resource: 'task',
					operation: 'get',
					taskId: { __rl: true, mode: 'id', value: details.task_id },
					options: { downloadVideo: true },
				},
				{ credential: await stage.credential() },
			);
			assert.equal(run.items[0]?.json.task_status, 'succeed');
			assert.ok(run.items[0]?.binary?.data?.id);
		});

		await test.test('an execution that a call ended badly just before is not run again', async () => {
			const { execution } = await timedOut(lateFailure, 'error');
			assert.match(execution.error?.message ?? '', /Bad pixels/);
			await sleep(Math.max(0, (parked.waitTill?.getTime() ?? 0) + 5_000 - Date.now()));
			const later = await stage.client.getExecution(lateFailure.id);
			assert.equal(later.nodes[KLING]?.length, 1);
			assert.equal(later.nodes[GOOD], undefined);
			assert.equal(later.stoppedAt?.getTime(), execution.stoppedAt?.getTime());
		});

		await test.test('a download that would outlive it is cut off, and the link is given out', async () => {
			const { execution, items } = await timedOut(slowFile, 'success');
			assert.equal(items[0]?.json.task_id, slowFile.tasks[0]?.id);
			assert.equal(items[0]?.json.task_status, 'succeed');
			assert.match(String(items[0]?.json.video_url), /\.mp4/);
			assert.equal(items[0]?.json.timed_out, true);
			assert.equal(items[0]?.binary, undefined);
			await sleep(Math.max(0, (parked.waitTill?.getTime() ?? 0) + 5_000 - Date.now()));
			const later = await stage.client.getExecution(slowFile.id);
			assert.equal(later.nodes[KLING]?.length, 1);
			assert.equal(later.nodes[GOOD]?.length, 1);
			assert.equal(later.stoppedAt?.getTime(), execution.stoppedAt?.getTime());
		});
	});

	it('that passes while n8n is down, the ids are given out as soon as it is back', async () => {
		const sleeper = await forgotten({ onTimeout: 'return' });
		// The call for this one was answered, and n8n is killed while it fetches the file.
		const wakingUp = await forgotten({ downloadVideo: true, onTimeout: 'return' }, {}, [
			{ json: { prompt: 'A dog [size 1MB]' } },
		]);
		const [task] = wakingUp.tasks;
		const slow = { kind: 'download-slow', bytesPerSecond: 10_000 } as const;
		stage.emulator.faults.add({ ...slow, on: { taskId: task?.id } });
		stage.emulator.tasks.succeed(task?.id ?? '');
		await stage.emulator.callbacks.idle();
		await sleep(2_000);
		await stage.n8n.kill();
		const call = stage.emulator.callbacks.list().findLast(({ taskId }) => taskId === task?.id);
		assert.deepEqual([call?.taskStatus, call?.answered], ['succeed', 200]);
		await sleep(MAX_WAIT_MS + 1_000);
		await stage.n8n.restart();
		for (const each of [sleeper, wakingUp]) {
			const { items } = await timedOut(each, 'success');
			assert.deepEqual(items.map(({ json }) => json.task_id), idsOf(each));
		}
	});
});
