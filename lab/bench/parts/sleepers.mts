// 500 executions asleep at once, at real speed: does n8n stay responsive, and is a slot held?
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { kling, sink, webhook, workflow } from '../../instance/workflows.mts';
import { watchWorkers } from '../database.mts';
import { openGround, published, submitParameters, type Ground } from '../ground.mts';
import { figure, type Part } from '../part.mts';
import { cpuMsOf, writtenBytesOf } from '../process.mts';

const SLEEPERS = 500;
const QUICK_SLEEPERS = 150;
/** Fewer than a tenth of the sleepers could hold one. */
const SLOTS = 20;
const PROBE_MS = 100;
const BAR_MS = 1_000;
const FALL_ASLEEP_MS = 240_000;
const DELIVERED_MS = 420_000;

export const sleepers: Part = {
	name: 'sleepers',
	title: `${SLEEPERS} asleep at once`,
	about: `${SLEEPERS} executions that wait for a video each, without calls, in an n8n that runs ${SLOTS} at most (\`N8N_CONCURRENCY_PRODUCTION_LIMIT\`), at real speed. Its health page is asked ten times a second: while they are submitted, while they sleep and wake, and while all ${SLEEPERS} videos become ready at once.`,
	limitMinutes: 14,
	async run({ isQuick, say }) {
		const count = isQuick ? QUICK_SLEEPERS : SLEEPERS;
		const ground = await openGround({
			emulator: { concurrency: 1_000_000, lifetimeMs: 24 * 3_600_000 },
			env: { N8N_CONCURRENCY_PRODUCTION_LIMIT: String(SLOTS) },
		});
		const health = probe(ground.n8n.url);
		try {
			const { emulator, executions, n8n } = ground;
			const { id, path } = await publishedSleeper(ground);
			const submitted = await timed(async () => {
				await startAll(ground, path, count);
				await until(
					() => executions.count(id, 'waiting') === count,
					FALL_ASLEEP_MS,
					`${count} executions to sleep`,
				);
			});
			const atStart = health.take();
			say(`asleep after ${figure(submitted)} s; health at most ${figure(atStart.most)} ms`);

			const workers = watchWorkers(executions, Date.now, true);
			const pid = n8n.pid();
			const [cpu, disk, requests] = [await cpuMsOf(pid), await writtenBytesOf(pid), asked(ground)];
			const seconds = await timed(async () => {
				await sleep(isQuick ? 65_000 : 180_000);
			});
			workers.stop();
			const cpuShare = ((await cpuMsOf(pid)) - cpu) / 1000 / seconds;
			const [wakes, held] = [workers.wakes(), workers.seconds() / seconds];
			const diskKb = ((await writtenBytesOf(pid)) - disk) / 1024 / Math.max(1, wakes);
			const perMinute = ((asked(ground) - requests) / seconds) * 60;
			const asleep = health.take();
			say(`${wakes} wakes in ${figure(seconds)} s; health at most ${figure(asleep.most)} ms`);

			for (const task of emulator.tasks.list()) emulator.tasks.succeed(task.id);
			const delivered = await timed(
				async () => await executions.succeeded(id, count, DELIVERED_MS),
			);
			const atEnd = health.take();
			say(`all delivered after ${figure(delivered)} s; health at most ${figure(atEnd.most)} ms`);
			const slowest = Math.max(atStart.most, asleep.most, atEnd.most);
			const cpuPerWakeMs = (cpuShare * seconds * 1000) / Math.max(1, wakes);
			return {
				tables: [
					{
						columns: ['Time', 'took', 'health, median', 'health, slowest'],
						rows: [
							['submitted and asleep', submitted, atStart] as const,
							['asleep, with wakes', seconds, asleep] as const,
							['all ready at once, to the last file', delivered, atEnd] as const,
						].map(([what, took, { middle, most }]) => [
							what,
							`${figure(took)} s`,
							`${figure(middle)} ms`,
							`${figure(most)} ms`,
						]),
					},
					{
						columns: ['While asleep', ''],
						rows: [
							['wakes a minute', figure((wakes / seconds) * 60)],
							['requests to the service a minute', figure(perMinute)],
							['slots held, mean', `${figure(held)} of ${SLOTS}`],
							['CPU', `${figure(cpuShare * 100)} % of a core, ${figure(cpuPerWakeMs)} ms a wake`],
							['disk', `${figure(diskKb)} kB a wake`],
						],
					},
				],
				targets: [
					{
						what: `slowest answer of n8n's health page with ${count} sleepers`,
						measured: `${figure(slowest)} ms`,
						target: `under ${BAR_MS} ms`,
						holds: slowest < BAR_MS,
					},
					{
						what: `executions asleep at once where ${SLOTS} may run`,
						measured: String(count),
						target: `${count}: none holds a slot`,
						holds: true,
					},
					{
						what: 'time for which a wake holds a slot',
						measured: `${figure((held * seconds) / Math.max(1, wakes))} s`,
						target: 'under 1 s',
						holds: held * seconds < wakes,
					},
				],
				figures: {
					cpuPerWakeMs,
					diskKb,
					held,
					slowest,
					perMinute,
					wakesPerMinute: (wakes / seconds) * 60,
				},
			};
		} finally {
			await health.stop();
			await ground.close();
		}
	},
};

async function publishedSleeper(ground: Ground): Promise<{ id: string; path: string }> {
	const start = webhook();
	const parameters = submitParameters(ground, {
		prompt: 'A dog runs over the beach',
		afterSubmit: 'wait',
		downloadVideo: true,
		options: { waitUsing: 'auto', maxWaitMinutes: 120, downloadVideo: true },
	});
	const json = workflow([start, kling(parameters, ground.credential), sink()]);
	return { id: (await published(ground, json)).id, path: String(start.parameters.path) };
}

async function startAll({ client }: Ground, path: string, count: number): Promise<void> {
	const left = Array.from({ length: count }).keys();
	const worker = async (): Promise<void> => {
		for (const _ of left) {
			const { status } = await client.callWebhook(path);
			if (status !== 200) throw new Error(`A start was answered ${status}`);
		}
	};
	await Promise.all(Array.from({ length: 10 }, worker));
}

const asked = ({ emulator }: Ground): number => {
	const { get, list } = emulator.counters();
	return get + list;
};

/** Asks the health page again and again; an answer that does not come within ten seconds counts as ten. */
function probe(url: string) {
	const pool = new Pool(url, { headersTimeout: 10_000 });
	let times: number[] = [];
	let isOn = true;
	const loop = async (): Promise<void> => {
		while (isOn) {
			const from = performance.now();
			const { statusCode, body } = await pool.request({ path: '/healthz', method: 'GET' });
			await body.dump();
			times.push(statusCode === 200 ? performance.now() - from : 10_000);
			await sleep(PROBE_MS);
		}
	};
	const running = loop();
	return {
		/** The median and the slowest answer since the last time, in milliseconds. */
		take() {
			const sorted = times.toSorted((a, b) => a - b);
			times = [];
			return { middle: sorted[sorted.length >> 1] ?? 0, most: sorted.at(-1) ?? 0 };
		},
		async stop() {
			isOn = false;
			await running;
			await pool.close();
		},
	};
}

async function timed(work: () => Promise<void>): Promise<number> {
	const from = performance.now();
	await work();
	return (performance.now() - from) / 1000;
}

async function until(isSo: () => boolean, timeoutMs: number, what: string): Promise<void> {
	const deadline = Date.now() + timeoutMs;
	while (!isSo()) {
		if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
		await sleep(50);
	}
}
