// Whatever reaches the resume URL, and whenever: a sleeping execution wakes up once, by the API's word alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { request } from 'undici';
import { runOf } from '../../lab/instance/api/execution.mts';
import {
	asleep,
	assertAsleep,
	awake,
	finishAll,
	finishSilently,
	openSleepers,
	putToSleep,
	requestsOf,
	scenes,
} from './sleepers.mts';
import { GOOD, KLING, klingWorkflow, sharedStage } from './stage.mts';

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

	it('wakes the execution up exactly once when the last two come at once', async () => {
		for (let round = 1; round <= 3; round++) {
			const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(2) });
			const bodies = [finishSilently(stage, sleeper, 0), finishSilently(stage, sleeper, 1)];
			const answers = await Promise.all(
				bodies.map((body) => stage.emulator.callbacks.send(sleeper.resumeUrl, body)),
			);
			const { execution, items } = await awake(stage, sleeper);
			assert.equal(items.length, 2);
			assert.equal(execution.nodes[GOOD]?.length, 1);
			assert.equal(runOf(execution, GOOD).items.length, 2);
			console.log(`Two last callbacks at once, round ${round}: answered ${answers.join(' and ')}, woken once`);
		}
	});

	it('does not wake the execution up when it claims an end that has not come', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const [task] = sleeper.tasks;
		assert.ok(task);
		const truth = stage.emulator.callbacks.bodyOf(task);
		const { send } = stage.emulator.callbacks;
		const lies = [
			{ ...truth, task_status: 'succeed', task_result: { videos: [{ id: '1', url: 'https://example.com/a.mp4' }] } },
			{ ...truth, task_status: 'failed', task_status_msg: 'Forged' },
			{ ...truth, task_id: '987654321', task_status: 'succeed', task_info: {} },
		];
		for (const lie of lies) {
			assert.equal(await send(sleeper.resumeUrl, lie), 200);
			await assertAsleep(stage, sleeper);
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
			const notice: Record<string, unknown> = { ...stage.emulator.callbacks.bodyOf(task), task_status: status };
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
			await assertAsleep(stage, sleeper);
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
		assert.equal(await answer.body.text(), 'resumed');
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
		assert.ok(statuses.every((status) => status >= 400 && status < 500), statuses.join());
		assert.equal(requestsOf(stage), before);
		await assertAsleep(stage, sleeper);
		assert.equal(await post(sleeper.resumeUrl, body), 200);
		await awake(stage, sleeper);
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

/** Posts these very bytes. */
async function post(url: string, body: string, type = 'application/json'): Promise<number> {
	const response = await request(url, { method: 'POST', headers: { 'content-type': type }, body });
	await response.body.dump();
	return response.statusCode;
}
