// What the suites of queue mode stand on: the emulated service, an n8n of several processes, and who ran what.
import { startEmulator, type EmulatorOptions } from '../../lab/emulator/emulator.mts';
import { NOTHING_RETIRED } from '../../lab/emulator/settings.mts';
import { startFront } from '../../lab/front/front.mts';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import { connect } from '../../lab/instance/client.mts';
import { packNode } from '../../lab/instance/pack.mts';
import { startQueueN8n, type QueueN8n, type QueueOptions } from '../../lab/instance/queue.mts';
import {
	items,
	kling,
	sink,
	webhook,
	workflow,
	type GivenItem,
} from '../../lab/instance/workflows.mts';
import { GOOD, KLING, credentialsFor, type Stage } from '../e2e/stage.mts';
import { sleeperOf, type Sleeper } from '../e2e/sleepers.mts';

/** Tasks end when a test says so, not by themselves. */
const ENDLESS_MS = 60 * 60_000;

interface QueueStage extends Stage {
	queue: QueueN8n;
}

/** One slot a worker: whoever holds one keeps others waiting, and two workers run two executions. */
export async function openQueueStage(
	options: QueueOptions = {},
	emulated: EmulatorOptions = {},
): Promise<QueueStage> {
	const emulator = await startEmulator({ lifetimeMs: ENDLESS_MS, ...NOTHING_RETIRED, ...emulated });
	const front = await startFront({ emulatorUrl: emulator.url });
	try {
		const { dir } = await packNode();
		const queue = await startQueueN8n({
			concurrency: 1,
			...options,
			packages: [dir],
			env: { ...front.env, ...options.env },
			onProgress: console.log,
		});
		const client = await connect(queue.url, queue.webhookUrl);
		return {
			queue,
			emulator,
			n8n: queue.main,
			client,
			...credentialsFor(emulator, client),
			async close() {
				await client.close();
				await queue.close();
				await front.close();
				await emulator.close();
			},
		};
	} catch (error) {
		await front.close();
		await emulator.close();
		throw error;
	}
}

/** Webhook → Items → Kling AI → Good, published: what a production instance runs. */
export async function publishKling(
	stage: QueueStage,
	parameters: Record<string, unknown>,
	given: GivenItem[] = [{ json: {} }],
): Promise<SavedWorkflow> {
	const credential = await stage.preset('klingGlobal');
	const saved = await stage.client.createWorkflow(
		workflow([webhook(), items(given), kling(parameters, credential, { name: KLING }), sink(GOOD)]),
	);
	await stage.client.publish(saved);
	return saved;
}

/** Starts a published workflow so many times, one after the other, and returns when all are asleep. */
export async function putAllToSleep(
	stage: QueueStage,
	saved: SavedWorkflow,
	count: number,
): Promise<Sleeper[]> {
	const sleepers: Sleeper[] = [];
	for (let n = 0; n < count; n++) {
		sleepers.push(await sleeperOf(stage, await stage.client.startByWebhook(saved)));
	}
	return sleepers;
}

/** The numbers of the workers that ran parts of an execution, by their own logs; a number for each part. */
export function workersOf({ queue }: QueueStage, executionId: string): number[] {
	return queue.workers.flatMap((worker, index) =>
		occurrences(worker.logs(), `Worker started execution ${executionId} (`).map(() => index),
	);
}

/** Whether a process handed an execution to the workers, by its own log. */
export function handedOver(log: string, executionId: string): boolean {
	return log.includes(`Enqueued execution ${executionId} (`);
}

/** How many executions the workers have at work, by their own logs; only while none of them was killed. */
export function busySlots({ queue }: QueueStage): number {
	const log = queue.workers.map((worker) => worker.logs()).join('\n');
	return (
		occurrences(log, 'Worker started execution ').length -
		occurrences(log, 'Worker finished execution ').length
	);
}

function occurrences(text: string, piece: string): string[] {
	return text.split(piece).slice(1);
}
