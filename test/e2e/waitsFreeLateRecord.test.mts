// Asleep at a gateway whose own record is late: the only call comes before the gateway knows, and wakes up all the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	assertAnsweredAtOnce,
	assertVideo,
	endsTold,
	LAG_MS,
	LATE_GATEWAYS,
	recordedAt,
	SETTLED_MS,
} from './lateRecord.mts';
import {
	asleep,
	assertAsleep,
	awake,
	executionsIn,
	finishAll,
	openSleepers,
	putToSleep,
	requestsOf,
	scenes,
	type Sleeper,
} from './sleepers.mts';
import { GOOD, KLING, runKling, sharedStage } from './stage.mts';

const NEVER_MS = 60 * 60_000;
/** n8n looks for sleepers once a minute and takes those of the next 70 s: a shorter sleep would overrun. */
const MAX_WAIT_MINUTES = 1.2;
const MAX_WAIT_MS = MAX_WAIT_MINUTES * 60_000;
/** How late the timer may be, with a look a minute. */
const LATE_MS = 75_000;

const stage = sharedStage(openSleepers, ({ emulator }) => {
	emulator.settings.callbackRetriesMs = [];
	emulator.settings.recordLagMs = LAG_MS;
});

describe('An execution that sleeps', { timeout: 300_000 }, () => {
	for (const dialect of LATE_GATEWAYS) {
		for (const count of [1, 2]) {
			it(`for ${count} on ${dialect} is woken up by one call each, once the record is there`, async () => {
				const credential = await stage.credential(dialect);
				const parameters = asleep(stage, { downloadVideo: true });
				const sleeper = await putToSleep(stage, parameters, { credential, items: scenes(count) });
				const before = requestsOf(stage);
				finishAll(stage, sleeper);
				await assertAnsweredAtOnce(stage, idsOf(sleeper));
				await assertAsleep(stage, sleeper);
				assert.equal(await executionsIn(stage, 'running'), 0);

				const { execution, items } = await awake(stage, sleeper);
				const recorded = Math.max(...idsOf(sleeper).map((id) => recordedAt(stage, id)));
				const wokenAfter = (execution.stoppedAt?.getTime() ?? 0) - recorded;
				const asked = requestsOf(stage) - before;
				console.log(
					`${count} on ${dialect}: woken ${wokenAfter} ms after the record, asked ${asked} times`,
				);
				assert.ok(wokenAfter > 0 && wokenAfter < 15_000, `${wokenAfter} ms`);
				assert.deepEqual(
					items.map(({ json }) => [json.task_id, json.task_status]),
					idsOf(sleeper).map((id) => [id, 'succeed']),
				);
				for (const { binary } of items) await assertVideo(stage, binary?.data?.id);
				assert.equal(endsTold(stage).length, count);
				assert.equal(stage.emulator.bill().total, count);
				assert.ok(asked <= 6 * count, `asked ${asked} times`);
			});
		}
	}

	it('is woken up once, however often the call is repeated meanwhile', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		stage.emulator.faults.add({ kind: 'callback-repeated', copies: 4, on: { status: 'succeed' } });
		finishAll(stage, sleeper);
		await stage.emulator.callbacks.idle();
		const answers = endsTold(stage).map(({ answered }) => answered);
		assert.deepEqual(answers, [200, 200, 200, 200, 200]);
		await assertAsleep(stage, sleeper);
		const { execution } = await awake(stage, sleeper);
		assert.equal(execution.nodes[KLING]?.length, 1);
		await sleep(SETTLED_MS);
		const later = await stage.client.getExecution(sleeper.id);
		assert.equal(later.nodes[GOOD]?.length, 1);
		assert.equal(later.stoppedAt?.getTime(), execution.stoppedAt?.getTime());
	});

	it('for a task that failed ends as On Error says', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const [id = ''] = idsOf(sleeper);
		stage.emulator.tasks.fail(id, 'Bad pixels');
		await assertAnsweredAtOnce(stage, [id]);
		await assertAsleep(stage, sleeper);
		const { execution, run } = await awake(stage, sleeper, 'error');
		assert.match(`${run.error?.message} ${run.error?.description}`, /Bad pixels/);
		assert.ok(`${run.error?.message} ${run.error?.description}`.includes(id));
		assert.equal(execution.nodes[GOOD], undefined);
	});

	it('stays stopped when it is stopped before the record is there', async () => {
		const sleeper = await putToSleep(stage, asleep(stage));
		const [id = ''] = idsOf(sleeper);
		finishAll(stage, sleeper);
		await assertAnsweredAtOnce(stage, [id]);
		await stage.client.stopExecution(sleeper.id);
		await eventually('the node to hear of the end', 60_000, async () =>
			questions(id).some(({ at }) => at >= recordedAt(stage, id)),
		);
		await sleep(SETTLED_MS);
		const execution = await stage.client.getExecution(sleeper.id);
		assert.equal(execution.status, 'canceled');
		assert.equal(execution.nodes[GOOD], undefined);
	});

	it('sleeps to its deadline when the record never catches up, and gives out the id', async () => {
		stage.emulator.settings.recordLagMs = NEVER_MS;
		const credential = await stage.credential('ezmodel');
		const parameters = asleep(stage, { maxWaitMinutes: MAX_WAIT_MINUTES });
		const sleeper = await putToSleep(stage, parameters, { credential });
		const [id = ''] = idsOf(sleeper);
		const { waitTill } = await stage.client.getExecution(sleeper.id);
		assert.ok(waitTill);
		finishAll(stage, sleeper);
		await assertAnsweredAtOnce(stage, [id]);
		await eventually('four more questions', 60_000, async () => questions(id).length >= 5);
		await assertAsleep(stage, sleeper);

		await stage.client.waitForExecution(sleeper.id, ['success', 'error'], MAX_WAIT_MS + LATE_MS);
		const { execution, run } = await awake(stage, sleeper, 'error');
		assert.ok((execution.stoppedAt?.getTime() ?? 0) >= waitTill.getTime());
		assert.match(run.error?.message ?? '', /was not finished within 1\.2 minutes/);
		assert.ok(`${run.error?.message} ${run.error?.description}`.includes(id));
		assert.equal(execution.nodes[GOOD], undefined);
		console.log(`A record that never catches up: asked ${questions(id).length} times`);
		assert.ok(questions(id).length <= 7, `asked ${questions(id).length} times`);
		assert.equal(stage.emulator.bill().total, 1);

		stage.emulator.settings.recordLagMs = 0;
		const taskId = { __rl: true, mode: 'id', value: id };
		const get = { resource: 'task', operation: 'get', taskId, options: { downloadVideo: true } };
		const collected = await runKling(stage, get, { credential });
		await assertVideo(stage, collected.run.items[0]?.binary?.data?.id);
	});
});

const idsOf = ({ tasks }: Sleeper): string[] => tasks.map(({ id }) => id);

/** Every time that the service was asked for this task alone. */
function questions(id: string) {
	return stage.emulator.calls().filter(({ kind, taskId }) => kind === 'get' && taskId === id);
}
