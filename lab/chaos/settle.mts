// After the storm: lets everything end, retries what did not end well, and says what would not end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Storm } from './storm.mts';
import type { Chance } from './plan.mts';
import type { World } from './world.mts';

const LOOK_MS = 2_000;
const SAID_MS = 15_000;
/** How often an execution, its retry, the retry of that and so on are retried. */
const MOST_RETRIES = 2;
/** What the last retry may need, after which nothing is retried any more: its wait, and a sleep that is late. */
const LAST_RETRY_MS = 5 * 60_000;
/** A user retries one after the other, and n8n has only so many hands. */
const RETRIES_A_LOOK = 5;

export interface Settled {
	retries: number;
	/** Cancelled executions that nobody retried: what was paid for must be in the log. */
	leftAlone: ReadonlySet<string>;
	/** Executions that had not ended when the time was up. */
	endless: readonly string[];
}

/**
 * @param until Unix ms from which on nothing is retried any more
 * @param say is told what is being waited for
 */
export async function settle(
	world: World,
	storm: Storm,
	chance: Chance,
	until: number,
	say: (line: string) => void,
): Promise<Settled> {
	const leftAlone = new Set<string>();
	const depth = new Map<string, number>();
	let retries = 0;
	let said = 0;
	while (Date.now() < until + LAST_RETRY_MS) {
		const atWork = await storm.executions('new', 'running', 'waiting');
		await callSleepers(world, atWork);
		const ended = (await storm.notWell()).filter(({ id }) => !leftAlone.has(id));
		let started = 0;
		for (const execution of ended.reverse()) {
			const { id, status, retryOf } = execution;
			const tries = (depth.get(retryOf ?? '') ?? 0) + 1;
			depth.set(id, tries);
			const isLeft =
				Date.now() > until || tries > MOST_RETRIES || (status === 'canceled' && chance.is(0.25));
			if (isLeft) {
				leftAlone.add(id);
				continue;
			}
			if (started === RETRIES_A_LOOK) break;
			started += 1;
			await storm.retry(execution, chance.is(0.5)).catch((reason: unknown) => {
				say(`retry of ${id}: ${String(reason).slice(0, 140)}`);
			});
		}
		retries += started;
		if (atWork.length === 0 && started === 0) break;
		if (Date.now() - said > SAID_MS) {
			const sleeping = atWork.filter(({ status }) => status === 'waiting').length;
			say(`${atWork.length - sleeping} executions run, ${sleeping} sleep, ${retries} retried`);
			said = Date.now();
		}
		await sleep(LOOK_MS);
	}
	const endless = await storm.executions('new', 'running', 'waiting');
	return { retries, leftAlone, endless: endless.map(({ id }) => id) };
}

/** The service calls those whose task has ended once more, as it may. */
async function callSleepers(
	{ emulator }: World,
	atWork: ReadonlyArray<{ id: string; status: string }>,
): Promise<void> {
	const asleep = new Set(atWork.filter(({ status }) => status === 'waiting').map(({ id }) => id));
	for (const task of emulator.tasks.list()) {
		const execution = /\/webhook-waiting\/(\w+)/.exec(task.callbackUrl ?? '')?.[1];
		if (execution === undefined || !asleep.delete(execution)) continue;
		if (task.finishedAt === undefined || task.callbackUrl === undefined) asleep.add(execution);
		else await emulator.callbacks.send(task.callbackUrl, emulator.callbacks.bodyOf(task));
	}
}
