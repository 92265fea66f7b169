// Fires calls over 20 connections and measures what the n8n process makes of them.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import type { Client } from '../../instance/client.mts';
import type { N8n } from '../../instance/n8n.mts';

export interface Fired {
	/** answers per second, until the last one */
	answered: number;
	/** ended executions per second, until the last one */
	done: number;
	/** CPU time of n8n, in milliseconds per call */
	cpuMs: number;
	/** resident memory of n8n afterwards, in MB */
	rssMb: number;
	/** how many calls were answered with each status */
	statuses: Record<string, number>;
}

const CONNECTIONS = 20;
const TICKS_PER_SECOND = 100;
const counted = z.object({ count: z.number() });

/**
 * Posts all bodies and waits until the workflow has `expected` more ended executions.
 *
 * @param calls path with query, and body, of each call
 */
export async function fire(
	{ n8n, client }: { n8n: N8n; client: Client },
	workflowId: string,
	calls: Array<{ path: string; body: string }>,
	expected: number,
): Promise<Fired> {
	const pool = new Pool(n8n.url, { connections: CONNECTIONS });
	const before = await countEnded(client, workflowId);
	const cpuBefore = await cpuSeconds(n8n.pid());
	const statuses: Record<string, number> = {};
	const queue = calls.values();
	const startedAt = performance.now();
	const worker = async (): Promise<void> => {
		for (const { path, body } of queue) {
			const headers = { 'content-type': 'application/json' };
			const { statusCode, body: answer } = await pool.request({
				method: 'POST',
				path,
				body,
				headers,
			});
			await answer.dump();
			statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
		}
	};
	await Promise.all(Array.from({ length: CONNECTIONS }, worker));
	const answeredMs = performance.now() - startedAt;
	while ((await countEnded(client, workflowId)) < before + expected) await sleep(100);
	const doneMs = performance.now() - startedAt;
	await pool.close();
	return {
		answered: (calls.length / answeredMs) * 1000,
		done: (expected / doneMs) * 1000,
		cpuMs: (((await cpuSeconds(n8n.pid())) - cpuBefore) / calls.length) * 1000,
		rssMb: await residentMb(n8n.pid()),
		statuses,
	};
}

/** How many executions of a workflow have succeeded. */
export async function countEnded(client: Client, workflowId: string): Promise<number> {
	const filter = encodeURIComponent(JSON.stringify({ workflowId, status: ['success'] }));
	return (await client.rest.call(counted, { path: `/rest/executions?filter=${filter}&limit=1` }))
		.count;
}

/** Resident memory of a process, in MB; Linux only. */
export async function residentMb(pid: number): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function cpuSeconds(pid: number): Promise<number> {
	const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
	return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
