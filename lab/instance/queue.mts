// Starts n8n in queue mode: a main, webhook processes and workers, each a process of its own with the packages.
import { randomBytes } from 'node:crypto';
import { createQueueDatabases } from './databases.mts';
import { N8N_VERSION, ensureN8n } from './install.mts';
import { type N8n, type StartOptions, startN8n } from './n8n.mts';
import { freePort } from './ports.mts';

export interface QueueOptions {
	/** as in StartOptions */
	packages?: string[];
	version?: string;
	workers?: number;
	/** processes that answer production and resume webhooks; the main process does not */
	webhooks?: number;
	/** executions that one worker runs at a time */
	concurrency?: number;
	/** as in StartOptions */
	waitTrackerMs?: number;
	/** added to the environment of every process */
	env?: Record<string, string>;
	onProgress?: (line: string) => void;
}

export interface QueueN8n {
	/** the main process: editor and API */
	main: N8n;
	workers: N8n[];
	webhooks: N8n[];
	/** the main process's URL */
	url: string;
	/** the first webhook process's URL; callbacks come in there */
	webhookUrl: string;
	/** ends a worker at once, as a crash would */
	killWorker(index: number): Promise<void>;
	/** starts one more worker with a folder of its own, as a new container would */
	addWorker(): Promise<N8n>;
	/** what all processes printed */
	logs(): string;
	/** stops all processes and removes database, keys and folders */
	close(): Promise<void>;
}

/**
 * Starts an n8n in queue mode on a fresh PostgreSQL database (30 to 40 s on two cores).
 * @throws Error that says how to start PostgreSQL and Redis when one cannot be reached
 */
export async function startQueueN8n(options: QueueOptions = {}): Promise<QueueN8n> {
	const { workers = 2, webhooks = 1, concurrency = 5, version = N8N_VERSION, onProgress } = options;
	const { dir } = await ensureN8n({ version, onProgress });
	const databases = await createQueueDatabases(dir);
	const started: N8n[] = [];
	const webhookPort = await freePort();
	const webhookUrl = `http://127.0.0.1:${webhookPort}`;
	const shared: StartOptions = {
		version,
		packages: options.packages,
		waitTrackerMs: options.waitTrackerMs,
		postgres: databases.postgres,
		queue: databases.queue,
		encryptionKey: randomBytes(24).toString('hex'),
		webhookUrl: `${webhookUrl}/`,
		env: { N8N_CONCURRENCY_PRODUCTION_LIMIT: String(concurrency), ...options.env },
		onProgress,
	};

	async function start(role: N8n['role'], port?: number): Promise<N8n> {
		const process = await startN8n({ ...shared, role, port });
		started.push(process);
		return process;
	}

	async function close(): Promise<void> {
		await Promise.all(started.map((process) => process.close()));
		await databases.remove();
	}

	try {
		// The main process comes first: it alone creates the tables.
		const main = await start('main');
		const others = await settleAll([
			...Array.from({ length: webhooks }, (_, i) =>
				start('webhook', i === 0 ? webhookPort : undefined),
			),
			...Array.from({ length: workers }, () => start('worker')),
		]);
		const webhookProcesses = others.slice(0, webhooks);
		const workerProcesses = others.slice(webhooks);
		return {
			main,
			workers: workerProcesses,
			webhooks: webhookProcesses,
			url: main.url,
			webhookUrl,
			async killWorker(index) {
				await workerProcesses[index]?.kill();
			},
			async addWorker() {
				const worker = await start('worker');
				workerProcesses.push(worker);
				return worker;
			},
			logs: () => started.map((process) => process.logs()).join('\n'),
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

/** Waits for all, so that none is still starting when one has failed and the rest is closed. */
async function settleAll<T>(promises: Array<Promise<T>>): Promise<T[]> {
	await Promise.allSettled(promises);
	return await Promise.all(promises);
}
