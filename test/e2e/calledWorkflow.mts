// A workflow that another one calls sleeps, and the caller gets its items: the same with queue mode and without.
import assert from 'node:assert/strict';
import { runOf } from '../../lab/instance/api/execution.mts';
import type { CredentialReference } from '../../lab/instance/client.mts';
import {
	callWorkflow,
	items,
	kling,
	manualTrigger,
	sink,
	subworkflowTrigger,
	webhook,
	workflow,
} from '../../lab/instance/workflows.mts';
import { asleep, executionsIn, finishAll, scenes, sleeperOf } from './sleepers.mts';
import { GOOD, KLING, type Stage } from './stage.mts';

const PATIENCE_MS = 150_000;

/** Runs such a pair of workflows to its end. */
export async function assertCallerGetsItems(
	stage: Stage,
	credential: CredentialReference,
	started: 'byHand' | 'byWebhook',
): Promise<void> {
	const { client } = stage;
	const download = asleep(stage, { downloadVideo: true });
	const called = await client.createWorkflow(
		workflow([subworkflowTrigger(), kling(download, credential, { name: KLING })]),
	);
	await client.publish(called);
	const id = await startCaller(stage, called.id, started);
	await client.waitForExecution(id, ['waiting'], PATIENCE_MS);
	const [child] = await client.listExecutions(called.id);
	const sleeper = await sleeperOf(stage, child?.id ?? '');
	assert.equal(await executionsIn(stage, 'running'), 0);
	finishAll(stage, sleeper);
	const execution = await client.waitForExecution(id, undefined, PATIENCE_MS);
	assert.equal(execution.status, 'success', execution.error?.message);
	const got = runOf(execution, GOOD).items;
	assert.deepEqual(
		got.map(({ json }) => json.task_id),
		sleeper.tasks.map((task) => task.id),
	);
	assert.ok(got.every((item) => item.binary?.data?.id !== undefined));
}

async function startCaller(
	{ client }: Stage,
	calledId: string,
	started: 'byHand' | 'byWebhook',
): Promise<string> {
	const trigger = started === 'byHand' ? manualTrigger() : webhook();
	const caller = await client.createWorkflow(
		workflow([trigger, items(scenes(2)), callWorkflow(calledId, 'Call'), sink(GOOD)]),
	);
	if (started === 'byHand') return await client.startManually(caller);
	await client.publish(caller);
	return await client.startByWebhook(caller);
}
