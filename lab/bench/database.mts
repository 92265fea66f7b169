// Reads n8n's SQLite file beside n8n, so that looking at executions costs the measured process nothing.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const LOOK_MS = 20;
const rows = z.array(z.object({ id: z.number(), status: z.string() }));
const counted = z.object({ count: z.number() });
const ended = z.array(
	z.object({ id: z.number(), status: z.string(), startedAt: z.string(), stoppedAt: z.string() }),
);

export type Executions = ReturnType<typeof openExecutions>;

/** @param userFolder of a running n8n whose database is SQLite */
export function openExecutions(userFolder: string) {
	const database = new DatabaseSync(join(userFolder, '.n8n', 'database.sqlite'), {
		readOnly: true,
		timeout: 5_000,
	});
	const running = database.prepare(
		`SELECT id, status FROM execution_entity WHERE status IN ('running', 'new')`,
	);
	const withStatus = database.prepare(
		'SELECT count(*) AS count FROM execution_entity WHERE workflowId = ? AND status = ?',
	);
	const stored = database.prepare(
		`SELECT coalesce(avg(length(data) + length(workflowData)), 0) AS count FROM execution_data
		 JOIN execution_entity ON id = executionId WHERE workflowId = ? AND stoppedAt IS NOT NULL`,
	);
	const all = database.prepare(
		`SELECT id, status, startedAt, stoppedAt FROM execution_entity
		 WHERE workflowId = ? AND stoppedAt IS NOT NULL ORDER BY id`,
	);

	const count = (workflowId: string, status: string): number =>
		counted.parse(withStatus.get(workflowId, status)).count;

	return {
		close: () => database.close(),
		count,

		/** Ids of the executions that hold a worker at this moment. */
		running: (): number[] => rows.parse(running.all()).map(({ id }) => id),

		/** Kilobytes in the database for an execution of a workflow that has ended, on average. */
		storedKb: (workflowId: string): number => counted.parse(stored.get(workflowId)).count / 1024,

		/** All that have ended, with n8n's own times. */
		ended: (workflowId: string) =>
			ended.parse(all.all(workflowId)).map((one) => ({
				...one,
				startedAt: Date.parse(`${one.startedAt}Z`),
				stoppedAt: Date.parse(`${one.stoppedAt}Z`),
			})),

		/**
		 * Waits until so many executions of a workflow have succeeded.
		 * @throws Error when one ends otherwise, or when that takes longer
		 */
		async succeeded(workflowId: string, expected: number, timeoutMs: number): Promise<void> {
			const deadline = Date.now() + timeoutMs;
			while (count(workflowId, 'success') < expected) {
				const bad = count(workflowId, 'error') + count(workflowId, 'crashed');
				if (bad > 0) throw new Error(`${bad} executions of the bench did not succeed`);
				if (Date.now() > deadline) {
					throw new Error(
						`${count(workflowId, 'success')} of ${expected} executions succeeded in ${timeoutMs} ms`,
					);
				}
				await sleep(LOOK_MS);
			}
		},
	};
}

const SAMPLE_MS = 10;

/**
 * Watches from outside which executions hold a worker, every 10 ms.
 * @param now n8n's clock, Unix milliseconds
 * @param areAsleep every execution has begun and sleeps: each one that goes on has woken up
 */
export function watchWorkers(executions: Executions, now: () => number, areAsleep = false) {
	let held = new Set<number>();
	const seen = new Set<number>();
	let ms = 0;
	let wakes = 0;
	let most = 0;
	let last = now();
	const timer = setInterval(() => {
		const current = new Set(executions.running());
		const at = now();
		ms += held.size * (at - last);
		last = at;
		for (const id of current) {
			if (!held.has(id) && (areAsleep || seen.has(id))) wakes += 1;
			seen.add(id);
		}
		most = Math.max(most, current.size);
		held = current;
	}, SAMPLE_MS);
	return {
		stop: () => clearInterval(timer),
		/** seconds in which a worker was held, of all executions together */
		seconds: () => ms / 1000,
		/** how often an execution that was asleep went on */
		wakes: () => wakes,
		/** the most that were held at once */
		most: () => most,
	};
}
