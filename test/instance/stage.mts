// What the tests of the instance stand on: a started n8n with the throwaway package in it, and a client that drives it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect } from '../../lab/instance/client.mts';
import { type N8n, startN8n } from '../../lab/instance/n8n.mts';
import { type QueueN8n, startQueueN8n } from '../../lab/instance/queue.mts';
import { node, type WorkflowNode } from '../../lab/instance/workflows.mts';
import { THROWAWAY_NODE, writeThrowawayPackage } from './throwaway.mts';

export interface Stage<Started> {
	/** For files of a test; goes with the stage. */
	folder: string;
	n8n: Started;
	client: Client;
	close(): Promise<void>;
}

/** One n8n process, of the release that `LAB_N8N_VERSION` names. */
export async function openStage(): Promise<Stage<N8n>> {
	const version = process.env.LAB_N8N_VERSION;
	return await opened(
		async (packages) =>
			await startN8n({ packages, version, waitTrackerMs: 1_000, onProgress: console.log }),
		async ({ url }) => await connect(url),
	);
}

/** An n8n in queue mode. */
export async function openQueueStage(): Promise<Stage<QueueN8n>> {
	return await opened(
		async (packages) => await startQueueN8n({ packages, onProgress: console.log }),
		async ({ url, webhookUrl }) => await connect(url, webhookUrl),
	);
}

async function opened<Started extends { close(): Promise<void> }>(
	start: (packages: string[]) => Promise<Started>,
	drive: (n8n: Started) => Promise<Client>,
): Promise<Stage<Started>> {
	const folder = await mkdtemp(join(tmpdir(), 'instance-test-'));
	let n8n: Started | undefined;
	const end = async (): Promise<void> => {
		await n8n?.close();
		await rm(folder, { recursive: true, force: true });
	};
	try {
		n8n = await start([await writeThrowawayPackage(folder)]);
		const client = await drive(n8n);
		return {
			folder,
			n8n,
			client,
			async close() {
				await client.close();
				await end();
			},
		};
	} catch (error) {
		await end();
		throw error;
	}
}

/** The throwaway node; `doing` says what it does. */
export const throwaway = (parameters: Record<string, unknown>): WorkflowNode =>
	node('Throwaway', THROWAWAY_NODE, parameters);
