// The trigger at a gateway whose own record is late: a call is answered before the gateway knows, and starts once it does.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	assertAnsweredAtOnce,
	assertVideo,
	LAG_MS,
	LATE_GATEWAYS,
	recordedAt,
	SETTLED_MS,
} from './lateRecord.mts';
import { openSleepers } from './sleepers.mts';
import { runKling, sharedStage, submitParameters } from './stage.mts';
import { legacy, publish, questions } from './triggers.mts';

const stage = sharedStage(openSleepers, ({ emulator }) => {
	emulator.settings.callbackRetriesMs = [];
	emulator.settings.recordLagMs = LAG_MS;
});

describe('A call that tells of an end', { timeout: 300_000 }, () => {
	for (const dialect of LATE_GATEWAYS) {
		it(`is answered at once and starts one execution once the record of ${dialect} is there`, async () => {
			const { trigger, id } = await triggerAndTask(dialect);
			stage.emulator.tasks.succeed(id);
			await assertAnsweredAtOnce(stage, [id]);
			for (let time = 0; time < 3; time++) {
				assert.equal((await trigger.post(legacy(id))).status, 200);
			}
			await trigger.items(0);
			assert.ok(Date.now() < recordedAt(stage, id), 'the record was there too early');

			const [item] = await trigger.items(1);
			assert.ok(Date.now() >= recordedAt(stage, id));
			assert.deepEqual([item?.json.task_id, item?.json.task_status], [id, 'succeed']);
			await assertVideo(stage, item?.binary?.data?.id);
			const asked = questions(stage, id);
			console.log(`The trigger on ${dialect}: asked ${asked} times about 4 calls`);
			assert.ok(asked <= 8, `asked ${asked} times`);

			assert.equal((await trigger.post(legacy(id))).body, 'ignored');
			await sleep(SETTLED_MS);
			await trigger.items(1);
			assert.equal(questions(stage, id), asked);
		});
	}

	it('starts its execution although a page of some server is in the way of one question', async () => {
		const { trigger, id } = await triggerAndTask('hingnet');
		// The first question finds the record late; the page answers the second (chaos, seed 13).
		stage.emulator.faults.add({
			kind: 'http',
			status: 404,
			on: { call: 'get', path: id, nth: questions(stage, id) + 2 },
		});
		stage.emulator.tasks.succeed(id);
		await assertAnsweredAtOnce(stage, [id]);
		const [item] = await trigger.items(1);
		assert.deepEqual([item?.json.task_id, item?.json.task_status], [id, 'succeed']);
		assert.ok(stage.emulator.faults.list().every(({ struck }) => struck === 1));
	});

	it('is remembered after a late start, also when n8n is killed', async () => {
		const { trigger, id } = await triggerAndTask('hingnet');
		stage.emulator.tasks.succeed(id);
		await trigger.items(1);
		await stage.n8n.kill();
		await stage.n8n.restart();
		await eventually(
			'the trigger to be back',
			30_000,
			async () => (await trigger.post('x')).status === 400,
		);
		assert.equal((await trigger.post(legacy(id))).body, 'ignored');
		await sleep(SETTLED_MS);
		await trigger.items(1);
	});

	it('and is forged starts nothing and costs six questions; the true one still starts its execution', async () => {
		const { trigger, id } = await triggerAndTask('hingnet');
		assert.equal((await trigger.post(legacy(id))).status, 200);
		await eventually('the last question', 60_000, async () => questions(stage, id) >= 6);
		await sleep(SETTLED_MS);
		await trigger.items(0);
		assert.equal(questions(stage, id), 6);

		stage.emulator.tasks.succeed(id);
		await assertAnsweredAtOnce(stage, [id]);
		await trigger.items(0);
		const [item] = await trigger.items(1);
		assert.deepEqual([item?.json.task_id, item?.json.task_status], [id, 'succeed']);
		await assertVideo(stage, item?.binary?.data?.id);
	});

	it('is not lost while the trigger still asks about a forged one', async () => {
		const { trigger, id } = await triggerAndTask('hingnet');
		assert.equal((await trigger.post(legacy(id))).status, 200);
		// The last but one about the forged call; the last comes ten seconds later, before the record is there.
		await eventually('the fifth question', 60_000, async () => questions(stage, id) >= 5);
		await trigger.items(0);
		stage.emulator.settings.recordLagMs = 14_000;
		stage.emulator.tasks.succeed(id);
		await assertAnsweredAtOnce(stage, [id]);
		const [item] = await trigger.items(1);
		assert.deepEqual([item?.json.task_id, item?.json.task_status], [id, 'succeed']);
		assert.ok(questions(stage, id) <= 12, `asked ${questions(stage, id)} times`);
	});
});

/** A published trigger, and a task whose submit named it as the Callback URL. */
async function triggerAndTask(dialect: string) {
	const { emulator } = stage;
	const changes = { baseUrl: emulator.baseUrl(dialect) };
	// As the editor saves it.
	const options = { binaryData: true, downloadVideo: true };
	const trigger = await publish(stage, { options }, { changes });
	const parameters = submitParameters(emulator, { additionalFields: { callbackUrl: trigger.url } });
	const { run } = await runKling(stage, parameters, {
		credential: await stage.credential(dialect),
	});
	const id = String(run.items[0]?.json.task_id);
	assert.equal(emulator.tasks.get(id)?.callbackUrl, trigger.url);
	return { trigger, id };
}
