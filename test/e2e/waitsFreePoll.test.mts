// Where nobody can call, the node asks: for the whole batch at once, within bounds, and Stop ends it at once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { costLine, executionsIn, scenes } from './sleepers.mts';
import {
	BAD,
	GOOD,
	KLING,
	klingWorkflow,
	openStage,
	runKling,
	sharedStage,
	submitParameters,
	type RunSettings,
} from './stage.mts';

const LIFETIME_MS = 6_000;

// Each round leaves a line in n8n's log.
const env = { N8N_LOG_LEVEL: 'debug' };
const stage = sharedStage(
	async () => await openStage({ emulator: { lifetimeMs: LIFETIME_MS }, env }),
);

/** The parameters of a submit that waits by asking. */
const asking = ({ downloadVideo = false, ...options }: Record<string, unknown> = {}) =>
	submitParameters(stage.emulator, {
		afterSubmit: 'wait',
		downloadVideo,
		options: { waitUsing: 'poll', pollIntervalSeconds: 1, ...options },
	});

/** The parameters of a Get Task that waits for the task of each item. */
const getAndWait = (options: Record<string, unknown> = {}) => ({
	resource: 'task',
	operation: 'get',
	taskId: { __rl: true, mode: 'id', value: '={{ $json.task_id }}' },
	options: { waitUntilFinished: true, pollIntervalSeconds: 1, ...options },
});

/** Submits so many tasks that go on for as long as is said, and gives items with their ids. */
async function submitted(count: number, lifetime = `${LIFETIME_MS}ms`) {
	const credential = await stage.credential();
	const items = scenes(count).map(({ json }) => ({
		json: { prompt: `${json.prompt} [lifetime ${lifetime}]` },
	}));
	const { run } = await runKling(stage, submitParameters(stage.emulator), { credential, items });
	return run.items.map(({ json }) => ({ json: { task_id: json.task_id } }));
}

/** The rounds of asking that n8n's log tells of since a place in it: open tasks and requests of each. */
function roundsSince(place: number): Array<{ open: number; requests: number }> {
	const lines = stage.n8n.logs().slice(place);
	return [...lines.matchAll(/Kling: (\d+) open, \d+ finished, (\d+) requests/g)].map(
		([, open, requests]) => ({ open: Number(open), requests: Number(requests) }),
	);
}

async function start(parameters: Record<string, unknown>, settings: Partial<RunSettings> = {}) {
	const credential = await stage.credential();
	const saved = await stage.client.createWorkflow(
		klingWorkflow(parameters, { credential, ...settings }),
	);
	return await stage.client.startManually(saved);
}

describe('Asking for the videos of a batch', { timeout: 600_000 }, () => {
	it('costs one request a round, where the service lists', async () => {
		const place = stage.n8n.logs().length;
		const credential = await stage.credential();
		const { execution, run } = await runKling(stage, asking({ downloadVideo: true }), {
			credential,
			items: scenes(5),
		});
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.ok(
			run.items.every(({ json, binary }) => json.task_status === 'succeed' && binary?.data?.id),
		);
		assert.deepEqual(
			run.items.map(({ pairedItem }) => pairedItem),
			scenes(5).map((_, item) => ({ item })),
		);
		const rounds = roundsSince(place);
		const { list, get } = stage.emulator.counters();
		console.log(
			`Polling, 5 videos: ${rounds.length} rounds, ${list} list and ${get} single requests; ${costLine(stage, 5)}`,
		);
		assert.ok(rounds.length >= 2);
		// A task that is alone in the last round is asked for by itself.
		assert.equal(list + get, rounds.length);
		assert.ok(list >= 2);
	});

	it('costs one request a task and round, where it does not', async () => {
		const place = stage.n8n.logs().length;
		const credential = await stage.credential('ezmodel');
		const { execution } = await runKling(stage, asking(), { credential, items: scenes(3) });
		assert.equal(execution.status, 'success', execution.error?.message);
		const rounds = roundsSince(place);
		const { list, get } = stage.emulator.counters();
		console.log(
			`Polling without a list, 3 videos: ${rounds.length} rounds, ${list} list and ${get} single requests`,
		);
		const open = rounds.reduce((sum, round) => sum + round.open, 0);
		// It is tried once whether a service that nobody knows lists.
		assert.ok(list <= 1);
		assert.equal(get, open);
	});

	it('is the same in Get Task with Wait Until Finished', async () => {
		const items = await submitted(5);
		const before = stage.emulator.counters();
		const place = stage.n8n.logs().length;
		const credential = await stage.credential();
		const { execution, run } = await runKling(stage, getAndWait({ downloadVideo: true }), {
			credential,
			items,
		});
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.ok(
			run.items.every(({ json, binary }) => json.task_status === 'succeed' && binary?.data?.id),
		);
		const { list, get } = stage.emulator.counters();
		const rounds = roundsSince(place);
		console.log(
			`Get Task, 5 videos: ${get - before.get} single requests (5 at first), ${list - before.list} list requests, ${rounds.length} rounds`,
		);
		assert.equal(list - before.list + (get - before.get - 5), rounds.length);
	});

	it('goes on when the service is briefly away', async () => {
		const { faults } = stage.emulator;
		faults.add({ kind: 'http', status: 503, times: 1, on: { call: 'list' } });
		faults.add({ kind: 'reset', times: 1, on: { call: 'list' } });
		faults.add({ kind: 'code', code: 1303, times: 1, on: { call: 'list' } });
		faults.add({ kind: 'html', times: 1, on: { call: 'list' } });
		faults.add({ kind: 'http', status: 502, times: 2, on: { call: 'get' } });
		const credential = await stage.credential();
		const { execution, run } = await runKling(stage, asking(), { credential, items: scenes(3) });
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.equal(run.items.length, 3);
		assert.ok(stage.emulator.calls().filter(({ fault }) => fault !== undefined).length >= 3);
	});

	for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const) {
		it(`ends a failed task as On Error "${onError}" says`, async () => {
			const credential = await stage.credential();
			const items = [
				{ json: { prompt: 'A dog [lifetime 1s]' } },
				{ json: { prompt: 'A dog [lifetime 1s] [fail: Bad pixels]' } },
			];
			const { execution, run } = await runKling(stage, asking(), { credential, items, onError });
			if (onError === 'stopWorkflow') {
				assert.equal(execution.status, 'error');
				assert.match(run.error?.message ?? '', /Bad pixels/);
				const said = `${run.error?.message} ${run.error?.description}`;
				for (const { id } of stage.emulator.tasks.list()) assert.ok(said.includes(id), said);
				return;
			}
			assert.equal(execution.status, 'success', execution.error?.message);
			const [where, place] = onError === 'continueErrorOutput' ? [BAD, 0] : [GOOD, 1];
			assert.match(String(runOf(execution, where).items[place]?.json.error), /Bad pixels/);
		});
	}

	for (const onTimeout of ['error', 'return'] as const) {
		it(`gives out the ids when the time is over, with On Timeout "${onTimeout}"`, async () => {
			const credential = await stage.credential();
			const items = scenes(2).map(({ json }) => ({
				json: { prompt: `${json.prompt} [lifetime 10m]` },
			}));
			const parameters = asking({ maxWaitMinutes: 0.1, onTimeout });
			const { execution, run } = await runKling(stage, parameters, { credential, items });
			const ids = stage.emulator.tasks.list().map(({ id }) => id);
			if (onTimeout === 'error') {
				assert.equal(execution.status, 'error');
				assert.ok(
					ids.every((id) => `${run.error?.message} ${run.error?.description}`.includes(id)),
				);
			} else {
				assert.equal(execution.status, 'success', execution.error?.message);
				assert.deepEqual(
					run.items.map(({ json }) => json.timed_out),
					[true, true],
				);
				assert.deepEqual(run.items.map(({ json }) => json.task_id).sort(), ids.sort());
			}
			assert.ok(run.durationMs >= 6_000 && run.durationMs < 12_000, String(run.durationMs));
		});
	}
});

describe('Stop', { timeout: 300_000 }, () => {
	for (const [what, parameters, fault] of [
		['a pause between two rounds', () => asking({ pollIntervalSeconds: 60 }), undefined],
		['a request that is not answered', () => asking(), { kind: 'hang', on: { method: 'GET' } }],
		['the wait of Get Task', () => getAndWait({ pollIntervalSeconds: 60 }), undefined],
	] as const) {
		it(`ends ${what} within 1.5 seconds`, async () => {
			const isGet = what.includes('Get Task');
			const given = isGet
				? await submitted(2, '10m')
				: scenes(2).map(({ json }) => ({ json: { prompt: `${json.prompt} [lifetime 10m]` } }));
			const id = await start(parameters(), { items: given });
			await eventually(
				'the tasks to be submitted',
				30_000,
				async () => stage.emulator.counters().create >= 2,
			);
			if (fault !== undefined) stage.emulator.faults.add(fault);
			await sleep(3_000);
			const pressed = Date.now();
			await stage.client.stopExecution(id);
			await eventually(
				'no execution to run',
				30_000,
				async () => (await executionsIn(stage, 'running')) === 0,
			);
			const took = Date.now() - pressed;
			console.log(`Stop during ${what}: ${took} ms`);
			assert.ok(took < 1_500, `${took} ms`);
			const asked = stage.emulator.counters();
			await sleep(2_500);
			assert.deepEqual(stage.emulator.counters(), asked, 'nothing is asked any more');
			const execution = await stage.client.getExecution(id);
			assert.equal(execution.status, 'canceled');
			assert.equal(execution.nodes[GOOD], undefined);
		});
	}

	it('ends a download within 1.5 seconds', async () => {
		stage.emulator.faults.add({ kind: 'download-slow', bytesPerSecond: 500 });
		const id = await start(asking({ downloadVideo: true }), {
			items: [{ json: { prompt: 'A dog [lifetime 1s]' } }],
		});
		await eventually('the task to succeed', 30_000, async () =>
			stage.emulator.tasks.list().some(({ status }) => status === 'succeed'),
		);
		await sleep(4_000);
		const pressed = Date.now();
		await stage.client.stopExecution(id);
		await eventually(
			'the download to end',
			30_000,
			async () => stage.emulator.downloads().length > 0,
		);
		const took = Date.now() - pressed;
		console.log(`Stop during a download: ${took} ms`);
		assert.ok(took < 1_500, `${took} ms`);
		assert.equal((await stage.client.getExecution(id)).nodes[KLING]?.[0]?.items.length ?? 0, 0);
	});
});
