// Calls for the trigger's load: a notification as Kling posts it, a shuffled mix of all kinds, and 20 connections that fire them.
import { Pool } from 'undici';
import { seededRandom } from '../../emulator/random.mts';
import type { Ground } from '../ground.mts';
import { cpuMsOf } from '../process.mts';

const CONNECTIONS = 20;
const TIMEOUT_MS = 240_000;

export interface Call {
	/** with its query */
	path: string;
	body: string;
}

export interface Fired {
	/** answers per second, until the last one */
	answered: number;
	/** ended executions per second, until the last one */
	ended: number;
	/** CPU time of n8n for each call */
	cpuMs: number;
}

/** Posts all calls and waits until the workflow has `expected` more executions that succeeded. */
export async function fire(
	{ n8n, executions }: Ground,
	workflowId: string,
	calls: readonly Call[],
	expected: number,
): Promise<Fired> {
	const pool = new Pool(n8n.url, { connections: CONNECTIONS });
	const before = executions.count(workflowId, 'success');
	const cpuBefore = await cpuMsOf(n8n.pid());
	const left = calls.values();
	const startedAt = performance.now();
	const worker = async (): Promise<void> => {
		for (const { path, body } of left) {
			const headers = { 'content-type': 'application/json' };
			const answer = await pool.request({ method: 'POST', path, body, headers });
			await answer.body.dump();
		}
	};
	await Promise.all(Array.from({ length: CONNECTIONS }, worker));
	const answeredMs = performance.now() - startedAt;
	await executions.succeeded(workflowId, before + expected, TIMEOUT_MS);
	const endedMs = performance.now() - startedAt;
	await pool.close();
	return {
		answered: (calls.length / answeredMs) * 1000,
		ended: (expected / endedMs) * 1000,
		cpuMs: ((await cpuMsOf(n8n.pid())) - cpuBefore) / calls.length,
	};
}

/** The body of a notification as Kling posts it. */
export function notice(taskId: string, status = 'succeed'): string {
	const videos = [{ id: '1', url: `https://cdn.example.com/${taskId}.mp4`, duration: '5.0' }];
	return JSON.stringify({
		task_id: taskId,
		task_status: status,
		task_status_msg: '',
		created_at: 1722769557708,
		updated_at: 1722769657708,
		task_info: {},
		task_result: status === 'succeed' ? { videos } : {},
	});
}

/**
 * Twice as many calls as tasks: each task once, and repeated ones, ones of a status that nobody asked
 * for, forged ones without the token and broken ones, shuffled by the seed.
 */
export function mixed(
	taskIds: readonly string[],
	path: string,
	token: string,
	seed: number,
): Call[] {
	const random = seededRandom(seed);
	const trusted = `${path}?token=${token}`;
	const some = (): string => taskIds[Math.floor(random() * taskIds.length)] ?? '';
	const share = (part: number): unknown[] => Array.from({ length: taskIds.length * part });
	const calls = [
		...taskIds.map((id) => ({ path: trusted, body: notice(id) })),
		...share(0.4).map(() => ({ path: trusted, body: notice(some()) })),
		...share(0.24).map(() => ({ path: trusted, body: notice(some(), 'processing') })),
		...share(0.28).map((_, n) => ({ path, body: notice(`9${String(n).padStart(17, '0')}`) })),
		...share(0.08).map(() => ({ path: trusted, body: '{"task_id":"1","task_status":' })),
	];
	return calls
		.map((call) => ({ call, at: random() }))
		.sort((a, b) => a.at - b.at)
		.map(({ call }) => call);
}
