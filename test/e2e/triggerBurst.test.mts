// Many notifications at once in a real n8n: each starts its execution, and few of their calls wait inside n8n.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { runOf } from '../../lab/instance/api/execution.mts';
import { openStage, sharedStage } from './stage.mts';
import { createTask, legacy, NAME, publish, type Trigger } from './triggers.mts';

/** A small machine that is busy for seconds would find its database "not ready" and refuse calls itself. */
const env = { N8N_CONCURRENCY_PRODUCTION_LIMIT: '10', DB_PING_TIMEOUT_MS: '60000' };
const emulator = { lifetimeMs: 800, concurrency: 100_000 };
const stage = sharedStage(async () => await openStage({ emulator, env }));

/** Calls with late records: each would hold 10 MB for half a minute if it waited inside n8n. */
const LATE = Number(process.env.LAB_LATE_CALLS ?? 100);
/** Until the last of them is answered: 20 waiting calls and 20 connections, 10 MB each, and what n8n needs besides. */
const MOST_MB = 600;

describe('A burst of notifications', { timeout: 600_000 }, () => {
	for (const [dialect, count, atOnce] of [
		['official', 300, 150],
		['ezmodel', 40, 40],
	] as const) {
		it(`of ${count} calls starts ${count} executions while ${dialect} takes a second to answer`, async () => {
			const ids = await createTasks(dialect, count);
			const trigger = await publishWarm(dialect);
			for (const call of ['get', 'list'] as const) {
				stage.emulator.faults.add({ kind: 'slow', delayMs: 1_000, times: 100_000, on: { call } });
			}
			await run(dialect, trigger, ids, atOnce);
			const asked = stage.emulator.calls().filter(({ kind }) => kind === 'get').length;
			const listed = stage.emulator.calls().filter(({ kind }) => kind === 'list').length;
			console.log(`${dialect}: asked for ${asked} tasks and ${listed} lists`);
		});
	}

	it(`of ${LATE} calls with late records starts ${LATE} executions, and holds none of the calls`, async () => {
		const ids = await createTasks('hingnet', LATE, '10m');
		const trigger = await publishWarm('hingnet');
		stage.emulator.settings.recordLagMs = 20_000;
		for (const id of ids) stage.emulator.tasks.succeed(id);
		const grownMb = await run('late records', trigger, ids, 20);
		assert.ok(grownMb < MOST_MB, `memory grew by ${grownMb} MB`);
	});
});

/** A published trigger in a process that knows already that it can call itself. */
async function publishWarm(dialect: string): Promise<Trigger> {
	const changes = { baseUrl: stage.emulator.baseUrl(dialect) };
	const trigger = await publish(stage, {}, { changes });
	assert.equal((await trigger.post('x')).status, 400);
	await sleep(2_000);
	return trigger;
}

/**
 * Posts the end of each task, and checks that each call starts one execution, also where n8n is so busy that it
 * is answered 503: the service did not answer within ten seconds then.
 *
 * @returns by how many MB n8n's memory grew at most until the last call was answered
 */
async function run(name: string, trigger: Trigger, ids: string[], atOnce: number) {
	const memory = await watchMemory();
	const began = performance.now();
	const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
	const queue = ids.values();
	const statuses: number[] = [];
	const worker = async () => {
		for (const id of queue) statuses.push((await trigger.post(legacy(id))).status);
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
	const answeredIn = seconds();
	const answeredMb = memory.grownMb();
	await allStarted(trigger.workflowId, ids);
	memory.end();
	const sentBack = statuses.filter((status) => status === 503).length;
	console.log(
		`${name}: ${ids.length} calls, ${atOnce} at once, answered in ${answeredIn} s (${sentBack} by 503; memory +${answeredMb} MB at most until then), all started in ${seconds()} s; memory +${memory.grownMb()} MB in all`,
	);
	assert.ok(statuses.every((status) => status === 200 || status === 503));
	return answeredMb;
}

async function createTasks(dialect: string, count: number, lifetime = '2ms'): Promise<string[]> {
	const ids: string[] = [];
	for (let done = 0; done < count; done += 25) {
		const some = Array.from({ length: Math.min(25, count - done) }, async () => {
			return await createTask(stage, undefined, lifetime, 'multiImage', dialect);
		});
		ids.push(...(await Promise.all(some)));
	}
	await sleep(500);
	return ids;
}

/** Waits until every task has started an execution, and sees that none has started two. */
async function allStarted(workflowId: string, ids: string[]): Promise<void> {
	const until = performance.now() + 300_000;
	const ended = async () => (await executionsOf(workflowId, ['success'])).length;
	while ((await ended()) < ids.length && performance.now() < until) await sleep(1_000);
	const started: string[] = [];
	for (const id of await executionsOf(workflowId)) {
		const { items } = runOf(await stage.client.getExecution(id), NAME);
		started.push(...items.map(({ json }) => String(json.task_id)));
	}
	assert.deepEqual(started.sort(), [...ids].sort());
}

const page = z.object({
	results: z.array(z.object({ id: z.coerce.string() })),
	nextCursor: z.string().nullish(),
});

/** The ids of a workflow's executions: all, or those with a status. */
async function executionsOf(workflowId: string, status?: string[]): Promise<string[]> {
	const filter = encodeURIComponent(JSON.stringify({ workflowId, status }));
	const ids: string[] = [];
	for (let from = ''; ;) {
		const path = `/rest/executions?filter=${filter}&limit=100${from}`;
		const { results, nextCursor } = await stage.client.rest.call(page, { path });
		ids.push(...results.map(({ id }) => id));
		if (!nextCursor) return ids;
		from = `&cursor=${encodeURIComponent(nextCursor)}`;
	}
}

/** Watches n8n's resident memory; `grownMb` gives the most by which it has grown so far. */
async function watchMemory() {
	const residentMb = async () => {
		const status = await readFile(`/proc/${stage.n8n.pid()}/status`, 'utf8');
		return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
	};
	const before = await residentMb();
	let peak = before;
	const timer = setInterval(() => {
		void residentMb().then((now) => (peak = Math.max(peak, now)));
	}, 200);
	return { grownMb: () => Math.round(peak - before), end: () => clearInterval(timer) };
}
