// Whatever reaches the resume URL, and whenever: it shortens a sleep at most, and the service's own word decides.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { request } from 'undici';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { kling, manualTrigger, node, sink, workflow } from '../../lab/instance/workflows.mts';
import {
	asleep,
	asleepAgain,
	assertAsleep,
	awake,
	finishAll,
	finishSilently,
	openSleepers,
	putToSleep,
	requestsOf,
	scenes,
	sleeperOf,
	type Sleeper,
} from './sleepers.mts';
import { BAD, GOOD, KLING, klingWorkflow, sharedStage } from './stage.mts';

const stage = sharedStage(openSleepers, ({ emulator }) => {
	emulator.settings.callbackRetriesMs = [];
});

describe('A call to the resume URL', { timeout: 600_000 }, () => {
	it('is refused with 409 while the execution still runs, and nothing is lost by it', async () => {
		stage.emulator.settings.callbackRetriesMs = [500, 1000, 2000, 4000, 8000];
		stage.emulator.faults.add({ kind: 'callback-early', on: { status: 'succeed' } });
		const credential = await stage.credential();
		const saved = await stage.client.createWorkflow(
			klingWorkflow(asleep(stage, { downloadVideo: true }), { credential }),
		);
		const execution = await stage.client.runManually(saved);
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.equal(runOf(execution, KLING).items[0]?.json.task_status, 'succeed');
		await stage.emulator.callbacks.idle();
		const { callbackAnswers } = stage.emulator.counters();
		assert.ok((callbackAnswers['409'] ?? 0) > 0, JSON.stringify(callbackAnswers));
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('wakes the execution up once when it is repeated', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		stage.emulator.faults.add({ kind: 'callback-repeated', copies: 3, on: { status: 'succeed' } });
		finishAll(stage, sleeper);
		const { execution } = await awake(stage, sleeper);
		await stage.emulator.callbacks.idle();
		assert.equal(execution.nodes[KLING]?.length, 1);
		assert.equal(execution.nodes[GOOD]?.length, 1);
		assert.equal((await stage.client.getExecution(sleeper.id)).nodes[GOOD]?.length, 1);
	});

	it('wakes the execution up exactly once when the last two come at once, five times each', async () => {
		for (let round = 1; round <= 3; round++) {
			const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(2) });
			const bodies = [finishSilently(stage, sleeper, 0), finishSilently(stage, sleeper, 1)];
			const answers = await Promise.all(
				Array.from({ length: 10 }, (_, n) =>
					stage.emulator.callbacks.send(sleeper.resumeUrl, bodies[n % 2]),
				),
			);
			const { execution, run, items } = await awake(stage, sleeper);
			assert.match(run.hints.join('\n'), /woke up once/);
			assert.equal(items.length, 2);
			assert.equal(execution.nodes[GOOD]?.length, 1);
			assert.equal(runOf(execution, GOOD).items.length, 2);
			console.log(
				`Two last callbacks at once, round ${round}: answered ${answers.join(', ')}, woken once`,
			);
		}
	});

	it('that claims an end that has not come makes it ask, and sleep on', async () => {
		let sleeper = await putToSleep(stage, asleep(stage));
		const [task] = sleeper.tasks;
		assert.ok(task);
		const truth = stage.emulator.callbacks.bodyOf(task);
		const { send } = stage.emulator.callbacks;
		const lies = [
			{
				...truth,
				task_status: 'succeed',
				task_result: { videos: [{ id: '1', url: 'https://example.com/a.mp4' }] },
			},
			{ ...truth, task_status: 'failed', task_status_msg: 'Forged' },
			{ ...truth, task_id: '987654321', task_status: 'succeed', task_info: {} },
		];
		for (const lie of lies) {
			assert.equal(await send(sleeper.resumeUrl, lie), 200);
			sleeper = await asleepAgain(stage, sleeper);
		}
		finishAll(stage, sleeper);
		const { items } = await awake(stage, sleeper);
		assert.equal(items[0]?.json.task_id, task.id);
		assert.doesNotMatch(String(items[0]?.json.video_url), /example\.com/);
	});

	it('costs nothing when it only tells of progress', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const [task] = sleeper.tasks;
		assert.ok(task);
		const before = requestsOf(stage);
		for (const status of ['submitted', 'processing']) {
			const notice: Record<string, unknown> = {
				...stage.emulator.callbacks.bodyOf(task),
				task_status: status,
			};
			assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, notice), 200);
		}
		assert.equal(await stage.emulator.callbacks.sendTestEvent(sleeper.resumeUrl), 200);
		assert.equal(requestsOf(stage), before);
		await assertAsleep(stage, sleeper);
		finishAll(stage, sleeper);
		await awake(stage, sleeper);
	});

	it('wakes the execution up when it is about another task but all have ended', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const body = { ...finishSilently(stage, sleeper), task_id: 'another-id', task_info: {} };
		await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
		await awake(stage, sleeper);
	});

	for (const [what, body] of [
		['text', 'status=succeed'],
		['broken JSON', '{"task_id": "1", '],
		['a bare number', '7'],
		['nothing', ''],
		['a list', '[{"task_status":"succeed"}]'],
		['null', 'null'],
	] as const) {
		it(`may hold ${what}: the API is asked, and its word counts`, async () => {
			const sleeper = await putToSleep(stage, asleep(stage));
			const early = await post(sleeper.resumeUrl, body);
			assert.ok(early < 500, String(early));
			if (early === 200) await asleepAgain(stage, sleeper);
			else await assertAsleep(stage, sleeper);
			finishSilently(stage, sleeper);
			const late = await post(sleeper.resumeUrl, body);
			console.log(`A call with ${what}: answered ${early}, then ${late}`);
			if (late >= 400) {
				// n8n itself refuses what is no JSON under the content type JSON; as text it passes.
				await assertAsleep(stage, sleeper);
				assert.equal(await post(sleeper.resumeUrl, body, 'text/plain'), 200);
			}
			const { items } = await awake(stage, sleeper);
			assert.equal(items[0]?.json.task_status, 'succeed');
		});
	}

	it('is not answered with anything of the execution', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const answer = await request(sleeper.resumeUrl, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(finishSilently(stage, sleeper)),
		});
		assert.equal(answer.statusCode, 200);
		assert.equal(await answer.body.text(), 'resuming');
		await awake(stage, sleeper);
	});

	it('does nothing as a GET, or without the right token', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const body = JSON.stringify(finishSilently(stage, sleeper));
		const before = requestsOf(stage);
		const get = await request(sleeper.resumeUrl);
		await get.body.dump();
		const bare = sleeper.resumeUrl.split('?')[0] ?? '';
		const statuses = [
			get.statusCode,
			await post(bare, body),
			await post(`${bare}?signature=wrong`, body),
			await post(`${bare}?signature=${'0'.repeat(64)}`, body),
		];
		console.log(`GET, no token, a wrong token, a forged token: answered ${statuses.join(', ')}`);
		assert.ok(
			statuses.every((status) => status >= 400 && status < 500),
			statuses.join(),
		);
		assert.equal(requestsOf(stage), before);
		await assertAsleep(stage, sleeper);
		assert.equal(await post(sleeper.resumeUrl, body), 200);
		await awake(stage, sleeper);
	});

	it('may come while the service cannot be asked: the execution sleeps on, and the next call brings the video', async () => {
		for (const fault of [
			{ kind: 'http', status: 503 },
			{ kind: 'reset' },
			{ kind: 'code', code: 1303 },
			{ kind: 'html' },
		] as const) {
			const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(2) });
			const bodies = [finishSilently(stage, sleeper, 0), finishSilently(stage, sleeper, 1)];
			stage.emulator.faults.add({ ...fault, on: { method: 'GET' } });
			for (const body of bodies) await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
			await asleepAgain(stage, sleeper);
			stage.emulator.faults.clear();
			for (const body of bodies) await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
			const { items } = await awake(stage, sleeper);
			assert.equal(items.length, 2, fault.kind);
		}
	});

	it('may come before the record of a gateway knows of the end: it looks again a minute later', async () => {
		stage.emulator.settings.recordLagMs = 8_000;
		const credential = await stage.credential('ezmodel');
		const sleeper = await putToSleep(stage, asleep(stage), { credential });
		finishAll(stage, sleeper);
		const again = await asleepAgain(stage, sleeper);
		assert.ok(again.wakeAt.getTime() - Date.now() < 61_000);
		stage.emulator.settings.recordLagMs = 0;
		const { items } = await awake(stage, sleeper);
		assert.equal(items[0]?.json.task_status, 'succeed');
	});

	it('comes too late for an execution that was stopped, or has ended', async () => {
		const stopped = await putToSleep(stage, asleep(stage));
		await stage.client.stopExecution(stopped.id);
		const body = JSON.stringify(finishSilently(stage, stopped));
		const answer = await post(stopped.resumeUrl, body);
		console.log(`After Stop: answered ${answer}`);
		assert.equal((await stage.client.getExecution(stopped.id)).status, 'canceled');
		assert.ok(answer >= 400 && answer < 500, String(answer));
	});
});

describe('A late call', { timeout: 300_000 }, () => {
	it("does not resume another node's wait: n8n's own Wait node, which waits for a person", async () => {
		const credential = await stage.credential();
		const approval = node(
			'Approval',
			'n8n-nodes-base.wait',
			{ resume: 'webhook', httpMethod: 'POST' },
			{ typeVersion: 1.1, webhookId: randomUUID() },
		);
		const line = [
			manualTrigger(),
			kling(asleep(stage), credential, { name: KLING }),
			approval,
			sink(GOOD),
		];
		const saved = await stage.client.createWorkflow(workflow(line));
		const sleeper = await sleeperOf(stage, await stage.client.startManually(saved));
		const body = JSON.stringify(finishSilently(stage, sleeper));
		assert.equal(await post(sleeper.resumeUrl, body), 200);
		await eventually('the Wait node to wait', 60_000, async () => {
			const { lastNode, status } = await stage.client.getExecution(sleeper.id);
			return lastNode === 'Approval' && status === 'waiting';
		});
		assert.equal(await post(sleeper.resumeUrl, body), 404);
		assert.equal((await stage.client.getExecution(sleeper.id)).status, 'waiting');
		const approve = sleeper.resumeUrl.replace('/kling?', '?');
		assert.notEqual(approve, sleeper.resumeUrl);
		assert.equal(await post(approve, '{}'), 200);
		const { execution } = await awake(stage, sleeper);
		assert.equal(execution.nodes[GOOD]?.length, 1);
	});
});

describe('A task that ends', { timeout: 300_000 }, () => {
	it('before the execution could sleep is not slept for', async () => {
		const items = [{ json: { prompt: 'A dog [lifetime 300ms]' } }];
		const credential = await stage.credential();
		const saved = await stage.client.createWorkflow(
			klingWorkflow(asleep(stage, { downloadVideo: true }), { credential, items }),
		);
		const execution = await stage.client.runManually(saved);
		assert.equal(execution.status, 'success', execution.error?.message);
		const [item] = runOf(execution, KLING).items;
		assert.equal(item?.json.task_status, 'succeed');
		assert.ok(item?.binary?.data?.id);
		const { callbackAnswers } = stage.emulator.counters();
		assert.equal(callbackAnswers['200'], undefined, 'no call found it asleep');
		assert.ok(requestsOf(stage) <= 3);
	});

	/** Two tasks end well and one badly while the execution sleeps. */
	async function oneFails(
		onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput',
		settings: { alwaysOutputData?: boolean } = {},
	): Promise<Sleeper> {
		const sleeper = await putToSleep(stage, asleep(stage), {
			items: scenes(3),
			onError,
			...settings,
		});
		const [first, second, third] = sleeper.tasks.map(({ id }) => id);
		stage.emulator.tasks.fail(second ?? '', 'Bad pixels');
		stage.emulator.tasks.succeed(first ?? '');
		stage.emulator.tasks.succeed(third ?? '');
		return sleeper;
	}

	for (const alwaysOutputData of [false, true]) {
		const also = alwaysOutputData ? ', with "Always Output Data"' : '';
		it(`badly stops the workflow: the node is red, names every task, and nothing after it runs${also}`, async () => {
			const sleeper = await oneFails('stopWorkflow', { alwaysOutputData });
			const { execution, run } = await awake(stage, sleeper, 'error');
			assert.match(execution.error?.message ?? '', /Bad pixels/);
			assert.equal(run.status, 'error');
			const said = `${run.error?.message} ${run.error?.description}`;
			for (const { id } of sleeper.tasks) assert.ok(said.includes(id), said);
			assert.equal(execution.nodes[GOOD], undefined);
			assert.equal(runOf(execution, 'Items').items.length, 3);
			assert.equal(runOf(execution, 'Start').items.length, 1);
		});

		it(`badly goes on as an item of its own with On Error "Continue"${also}`, async () => {
			const sleeper = await oneFails('continueRegularOutput', { alwaysOutputData });
			const { execution } = await awake(stage, sleeper);
			const got = runOf(execution, GOOD).items;
			assert.equal(got.length, 3);
			assert.equal(got[0]?.json.task_status, 'succeed');
			assert.match(String(got[1]?.json.error), /Bad pixels/);
			assert.equal(got[2]?.json.task_id, sleeper.tasks[2]?.id);
			assert.equal(runOf(execution, KLING).status, 'success');
		});

		it(`badly goes to the error branch with On Error "Continue (using error output)"${also}`, async () => {
			const sleeper = await oneFails('continueErrorOutput', { alwaysOutputData });
			const { execution } = await awake(stage, sleeper);
			const good = runOf(execution, GOOD).items;
			const bad = runOf(execution, BAD).items;
			assert.deepEqual(
				good.map(({ json }) => json.task_id),
				[sleeper.tasks[0]?.id, sleeper.tasks[2]?.id],
			);
			assert.equal(bad.length, 1);
			assert.match(String(bad[0]?.json.error), /Bad pixels/);
			assert.ok(JSON.stringify(bad[0]?.json).includes(sleeper.tasks[1]?.id ?? 'no task'));
		});
	}
});

/** Posts these very bytes. */
async function post(url: string, body: string, type = 'application/json'): Promise<number> {
	const response = await request(url, { method: 'POST', headers: { 'content-type': type }, body });
	await response.body.dump();
	return response.statusCode;
}
