// A sleeping execution while the service cannot be asked, or n8n restarts: it sleeps on, and a later call wakes it up.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
	answered,
	asleep,
	assertAsleep,
	awake,
	finishAll,
	finishSilently,
	openSleepers,
	putToSleep,
	scenes,
} from './sleepers.mts';
import { sharedStage } from './stage.mts';

const stage = sharedStage(openSleepers, ({ emulator }) => {
	emulator.settings.callbackRetriesMs = [];
});

describe('When the service cannot be asked', { timeout: 300_000 }, () => {
	for (const [what, fault] of [
		['answers 503', { kind: 'http', status: 503 }],
		['breaks the connection', { kind: 'reset' }],
		['is busy', { kind: 'code', code: 1303 }],
		['answers with a page', { kind: 'html' }],
	] as const) {
		it(`because it ${what}, the call is answered 503 and the next one wakes the execution up`, async () => {
			const sleeper = await putToSleep(stage, asleep(stage), { items: scenes(2) });
			const bodies = [finishSilently(stage, sleeper, 0), finishSilently(stage, sleeper, 1)];
			stage.emulator.faults.add({ ...fault, on: { method: 'GET' } });
			assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, bodies[0]), 503);
			await assertAsleep(stage, sleeper);
			stage.emulator.faults.clear();
			assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, bodies[0]), 200);
			const { items } = await awake(stage, sleeper);
			assert.equal(items.length, 2);
		});
	}

	it('because its key was taken back, the execution sleeps on, and a new key wakes it up', async () => {
		const credential = await stage.credential('official', { apiKey: stage.emulator.keys.apiKey });
		const sleeper = await putToSleep(stage, asleep(stage), { credential });
		const body = finishSilently(stage, sleeper);
		stage.emulator.faults.add({ kind: 'http', status: 401, on: { method: 'GET' } });
		assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, body), 503);
		await assertAsleep(stage, sleeper);
		stage.emulator.faults.clear();
		await stage.emulator.callbacks.send(sleeper.resumeUrl, body);
		await awake(stage, sleeper);
	});

	it('a sender that repeats its call brings the video home by itself', async () => {
		stage.emulator.settings.callbackRetriesMs = [500, 500, 500];
		const sleeper = await putToSleep(stage, asleep(stage));
		stage.emulator.faults.add({ kind: 'http', status: 502, times: 1, on: { method: 'GET' } });
		finishAll(stage, sleeper);
		await answered(stage, 503);
		await awake(stage, sleeper);
	});
});

describe('When n8n restarts while executions sleep', { timeout: 400_000 }, () => {
	for (const [how, restart] of [
		['stopped and started', async () => await stage.n8n.restart()],
		[
			'killed and started',
			async () => {
				await stage.n8n.kill();
				await stage.n8n.restart();
			},
		],
	] as const) {
		it(`${how}: the callback wakes them up as if nothing had been`, async () => {
			const one = await putToSleep(stage, asleep(stage, { downloadVideo: true }));
			const two = await putToSleep(stage, asleep(stage, { downloadVideo: true }), {
				items: scenes(2),
				onError: 'continueErrorOutput',
			});
			await restart();
			for (const sleeper of [one, two]) await assertAsleep(stage, sleeper);
			stage.emulator.tasks.fail(two.tasks[1]?.id ?? '', 'Bad pixels');
			finishAll(stage, one);
			stage.emulator.tasks.succeed(two.tasks[0]?.id ?? '');
			assert.ok((await awake(stage, one)).items[0]?.binary?.data?.id);
			const { run } = await awake(stage, two);
			assert.deepEqual(run.outputs.map((items) => items.length), [1, 1]);
			assert.equal(stage.emulator.bill().total, 3);
		});
	}

	it('and the only call came while it was down: the next one wakes it up', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const [task] = sleeper.tasks;
		assert.ok(task);
		await stage.n8n.stop();
		finishAll(stage, sleeper);
		await answered(stage, 'none');
		await stage.n8n.restart();
		// Not left to the sender's own tries: while n8n migrates at its start it answers each call with a 200.
		const body = stage.emulator.callbacks.bodyOf(task);
		assert.equal(await stage.emulator.callbacks.send(sleeper.resumeUrl, body), 200);
		await awake(stage, sleeper);
	});
});
