// What the suites about waiting share: putting executions to sleep, ending their tasks by hand, watching them wake up.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Execution, Item, NodeRun } from '../../lab/instance/api/execution.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	KLING,
	klingWorkflow,
	openStage,
	submitParameters,
	type RunSettings,
	type Stage,
	type StageOptions,
} from './stage.mts';

type Task = ReturnType<Stage['emulator']['tasks']['list']>[number];

/** Tasks end when a test says so, not by themselves. */
const ENDLESS_MS = 60 * 60_000;
/** Boots of several suites share two cores. */
const PATIENCE_MS = 90_000;

export const openSleepers = async (options: StageOptions = {}): Promise<Stage> =>
	await openStage({ ...options, emulator: { lifetimeMs: ENDLESS_MS, ...options.emulator } });

/** The parameters of a submit that waits asleep. */
export const asleep = (
	{ emulator }: Stage,
	{ downloadVideo = false, ...options }: Record<string, unknown> = {},
	changes: Record<string, unknown> = {},
) =>
	submitParameters(emulator, {
		afterSubmit: 'wait',
		downloadVideo,
		options: { waitUsing: 'callback', ...options },
		...changes,
	});

/** As many items with a prompt each. */
export const scenes = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));

export interface Sleeper {
	id: string;
	/** Where the service was told to call; empty where it was told nothing. */
	resumeUrl: string;
	/** Its tasks, in the order of its items. */
	tasks: Task[];
	/** When n8n is to wake it up, by n8n's own word. */
	wakeAt: Date;
}

/** Starts a workflow by hand and returns when it sleeps. */
export async function putToSleep(
	stage: Stage,
	parameters: Record<string, unknown>,
	settings: Partial<RunSettings> = {},
): Promise<Sleeper> {
	const credential = settings.credential ?? (await stage.credential());
	const workflow = klingWorkflow(parameters, { credential, ...settings });
	const id = await stage.client.startManually(await stage.client.createWorkflow(workflow));
	return await sleeperOf(stage, id);
}

/** Waits until an execution sleeps. */
export async function sleeperOf(stage: Stage, id: string): Promise<Sleeper> {
	const states = ['waiting', 'error', 'success'] as const;
	const execution = await stage.client.waitForExecution(id, [...states], PATIENCE_MS);
	assert.equal(execution.status, 'waiting', execution.error?.message);
	const ids = runOf(execution, KLING).items.map(({ json }) => String(json.task_id));
	const tasks = ids.flatMap((taskId) => stage.emulator.tasks.get(taskId) ?? []);
	assert.ok(execution.waitTill);
	return { id, resumeUrl: tasks[0]?.callbackUrl ?? '', tasks, wakeAt: execution.waitTill };
}

/** Ends every task of these executions well, which makes the service call. */
export function finishAll({ emulator }: Stage, ...sleepers: Sleeper[]): void {
	for (const task of sleepers.flatMap(({ tasks }) => tasks)) emulator.tasks.succeed(task.id);
}

/** Ends a task without its own call, so that a test can call instead, with the body that is returned. */
export function finishSilently(
	{ emulator }: Stage,
	{ tasks }: Sleeper,
	place = 0,
): Record<string, unknown> {
	const task = tasks[place];
	assert.ok(task);
	emulator.faults.add({ kind: 'callback-lost', on: { taskId: task.id } });
	emulator.tasks.succeed(task.id);
	return emulator.callbacks.bodyOf(task);
}

/** Waits for the end of an execution that has been woken up. */
export async function awake(
	stage: Stage,
	{ id }: { id: string },
	status: 'success' | 'error' = 'success',
): Promise<{ execution: Execution; run: NodeRun; items: Item[] }> {
	const execution = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
	assert.equal(execution.status, status, `${execution.error?.message}`);
	const run = runOf(execution, KLING);
	return { execution, run, items: run.items };
}

/** Checks that an execution still sleeps. */
export async function assertAsleep(stage: Stage, { id }: Sleeper): Promise<void> {
	assert.equal((await stage.client.getExecution(id)).status, 'waiting');
}

/** Waits until an execution that was woken up in vain sleeps again. */
export async function asleepAgain(stage: Stage, sleeper: Sleeper): Promise<Sleeper> {
	await eventually(`execution ${sleeper.id} to sleep again`, PATIENCE_MS, async () => {
		const { status, waitTill } = await stage.client.getExecution(sleeper.id);
		return status === 'waiting' && waitTill?.getTime() !== sleeper.wakeAt.getTime();
	});
	return await sleeperOf(stage, sleeper.id);
}

/** How many executions n8n has at work, by its own word. */
export async function executionsIn(stage: Stage, status: 'running' | 'waiting'): Promise<number> {
	const filter = encodeURIComponent(JSON.stringify({ status: [status] }));
	const schema = z.object({ results: z.array(z.object({ status: z.string() })) });
	const { results } = await stage.client.rest.call(schema, {
		path: `/rest/executions?filter=${filter}&limit=100`,
	});
	return results.filter((each) => each.status === status).length;
}

/** Waits until the service has sent so many calls that were answered with a status, or not at all. */
export async function answered(stage: Stage, status: number | 'none', count = 1): Promise<void> {
	await eventually(`${count} callbacks to be answered ${status}`, PATIENCE_MS, async () => {
		const { callbackAnswers } = stage.emulator.counters();
		return (callbackAnswers[String(status)] ?? 0) >= count;
	});
}

/** What the service was asked, in one line. */
export function costLine({ emulator }: Stage, videos: number): string {
	const { create, get, list } = emulator.counters();
	const each = ((create + get + list) / videos).toFixed(2);
	return `${each} API requests per finished video (${create} submits, ${get} single, ${list} list requests, ${videos} videos)`;
}

/** All API requests so far. */
export function requestsOf({ emulator }: Stage): number {
	const { create, get, list } = emulator.counters();
	return create + get + list;
}
