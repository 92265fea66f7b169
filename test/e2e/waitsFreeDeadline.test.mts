// At the deadline: what is ready is delivered, the rest ends as On Timeout and On Error say, with the ids of its tasks.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOf } from '../../lab/instance/api/execution.mts';
import { asleep, awake, openSleepers, putToSleep, scenes, type Sleeper } from './sleepers.mts';
import { BAD, GOOD, KLING, type RunSettings, type Stage } from './stage.mts';

/** Long enough to be slept for, and shorter than the first slice where a call is expected. */
const MAX_WAIT_MINUTES = 1.6;
const MAX_WAIT_MS = MAX_WAIT_MINUTES * 60_000;
/** How late n8n's timer may be on a busy machine. */
const LATE_MS = 60_000;

let stage: Stage;
before(async () => {
	stage = await openSleepers();
	stage.emulator.settings.callbackRetriesMs = [];
});
after(async () => {
	await stage?.close();
});

/** Items asleep, of which nobody ever tells anything. */
async function forgotten(
	options: Record<string, unknown>,
	settings: Partial<RunSettings> = {},
	items = scenes(2),
): Promise<Sleeper> {
	const parameters = asleep(stage, { maxWaitMinutes: MAX_WAIT_MINUTES, ...options });
	return await putToSleep(stage, parameters, { items, ...settings });
}

async function timedOut(sleeper: Sleeper, status: 'success' | 'error') {
	// Not "crashed", which n8n calls what it has woken up itself in the middle of its start, until that ends.
	await stage.client.waitForExecution(sleeper.id, ['success', 'error'], MAX_WAIT_MS + LATE_MS);
	return await awake(stage, sleeper, status);
}

const idsOf = ({ tasks }: Sleeper) => tasks.map(({ id }) => id);

describe('At the deadline', { timeout: 600_000 }, () => {
	it('each setting of On Timeout and On Error gives out the ids of the tasks', async (test) => {
		const [stop, retried, goOn, branch, give, each, ready] = await Promise.all([
			forgotten({}),
			forgotten({}),
			forgotten({}, { onError: 'continueRegularOutput' }),
			forgotten({}, { onError: 'continueErrorOutput' }),
			forgotten({ onTimeout: 'return' }),
			forgotten(
				{ onTimeout: '={{ $json.onTimeout }}' },
				{ onError: 'continueErrorOutput' },
				scenes(2).map(({ json }, n) => ({ json: { ...json, onTimeout: ['return', 'error'][n] } })),
			),
			forgotten({ downloadVideo: true }, { onError: 'continueRegularOutput' }),
		]);
		const billed = stage.emulator.bill().total;
		stage.emulator.faults.add({ kind: 'callback-lost', on: { taskId: ready.tasks[0]?.id } });
		stage.emulator.tasks.succeed(ready.tasks[0]?.id ?? '');

		await test.test('On Error "Stop": the node is red and names them', async () => {
			const { execution, run } = await timedOut(stop, 'error');
			assert.match(run.error?.message ?? '', /was not finished within 1\.6 minutes/);
			for (const id of idsOf(stop)) {
				assert.ok(`${run.error?.message} ${run.error?.description}`.includes(id));
			}
			assert.equal(execution.nodes[GOOD], undefined);
			assert.equal(runOf(execution, 'Items').items.length, 2);
		});

		await test.test('a retry of that, of both kinds, waits on and delivers the video', async () => {
			for (const [sleeper, loadWorkflow] of [
				[stop, false],
				[retried, true],
			] as const) {
				await timedOut(sleeper, 'error');
				for (const id of idsOf(sleeper)) stage.emulator.tasks.succeed(id);
				const id = await stage.client.retryExecution(sleeper.id, loadWorkflow);
				const { execution, items } = await awake(stage, { id });
				assert.deepEqual(
					items.map(({ json, pairedItem }) => [json.task_id, json.task_status, pairedItem]),
					idsOf(sleeper).map((taskId, item) => [taskId, 'succeed', { item }]),
				);
				assert.equal(runOf(execution, GOOD).items.length, 2);
			}
			assert.equal(stage.emulator.bill().total, billed);
		});

		await test.test('On Error "Continue": one item each, with the advice', async () => {
			const { execution } = await timedOut(goOn, 'success');
			const got = runOf(execution, GOOD).items.map(({ json }) => JSON.stringify(json));
			for (const [n, id] of idsOf(goOn).entries()) {
				assert.ok(got[n]?.includes(id), got[n]);
				assert.match(got[n] ?? '', /Get Task/);
			}
		});

		await test.test('On Error "Continue (using error output)": to the error branch', async () => {
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
			assert.ok(
				items.every(({ json }) => ['submitted', 'processing'].includes(String(json.task_status))),
			);
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

		await test.test('a video that is ready is delivered, though its call was lost', async () => {
			const { items } = await timedOut(ready, 'success');
			assert.equal(items[0]?.json.task_status, 'succeed');
			assert.ok(items[0]?.binary?.data?.id);
			assert.match(String(items[1]?.json.error), /was not finished/);
		});
		assert.equal(stage.emulator.bill().total, billed);
	});

	it('that passes while n8n is down, n8n goes on as soon as it is back', async () => {
		const late = await forgotten({ onTimeout: 'return' });
		const ready = await forgotten({ downloadVideo: true, onTimeout: 'return' });
		await stage.n8n.kill();
		for (const id of idsOf(ready)) stage.emulator.tasks.succeed(id);
		await sleep(MAX_WAIT_MS + 1_000);
		await stage.n8n.restart();
		const given = await timedOut(late, 'success');
		assert.deepEqual(
			given.items.map(({ json }) => [json.task_id, json.timed_out]),
			idsOf(late).map((id) => [id, true]),
		);
		const delivered = await timedOut(ready, 'success');
		assert.ok(delivered.items.every(({ binary }) => binary?.data?.id !== undefined));
		assert.equal(delivered.execution.nodes[KLING]?.length, 1);
	});
});
