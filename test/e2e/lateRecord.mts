// What the suites about gateways with a late record share: when the record knows, and how calls were answered before that.
import assert from 'node:assert/strict';
import { videoFacts } from '../../lab/media/facts.mts';
import type { Stage } from './stage.mts';

/** Gateways that let Kling call and answer from a record of their own: with a list, and without. */
export const LATE_GATEWAYS = ['hingnet', 'ezmodel'] as const;

/** How late the record is; the node asks 2 and 7 seconds after a call whether it is there. */
export const LAG_MS = 6_000;

/** Time for n8n to do what it should not do. */
export const SETTLED_MS = 1_500;

/** A call is answered after one look at the record, long before that catches up. */
const AT_ONCE_MS = 3_000;

/** When the record begins to tell that a task has ended, in Unix milliseconds. */
export function recordedAt({ emulator }: Stage, id: string): number {
	const finishedAt = emulator.tasks.get(id)?.finishedAt;
	assert.ok(finishedAt !== undefined, 'the task has not ended');
	return finishedAt + emulator.settings.recordLagMs;
}

/** The calls in which the service itself told of an end. */
export function endsTold({ emulator }: Stage) {
	const isEnd = (status = '') => status === 'succeed' || status === 'failed';
	return emulator.callbacks.list().filter(({ taskStatus }) => isEnd(taskStatus));
}

/** Checks that the service told once of the end of each task, and was answered 200 without waiting. */
export async function assertAnsweredAtOnce(stage: Stage, ids: string[]): Promise<void> {
	await stage.emulator.callbacks.idle();
	const told = endsTold(stage);
	assert.deepEqual(told.map(({ taskId }) => taskId).sort(), [...ids].sort());
	for (const { taskId, answered, at } of told) {
		const took = at - (stage.emulator.tasks.get(taskId ?? '')?.finishedAt ?? 0);
		assert.equal(answered, 200);
		assert.ok(took < AT_ONCE_MS, `answered after ${took} ms`);
	}
}

/** Checks that a stored file is a video of the length that was asked for. */
export async function assertVideo({ client }: Stage, fileId: string | undefined): Promise<void> {
	assert.ok(fileId);
	const { durationSeconds } = videoFacts(await client.downloadBinary(fileId));
	assert.ok(Math.abs(durationSeconds - 5) < 0.5, `${durationSeconds} s`);
}
