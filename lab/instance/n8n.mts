// Starts, stops, kills and restarts a real n8n process that has a community package in place, as shipped.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import {
	type PostgresDatabase,
	type QueueSettings,
	type Role,
	environmentOf,
} from './environment.mts';
import { type InstalledN8n, N8N_VERSION, ensureN8n } from './install.mts';
import { keepLogs } from './logs.mts';
import { unpack } from './pack.mts';
import { freePort } from './ports.mts';

export interface StartOptions {
	/** community packages to install: folders as unpacked from npm's tarball, or the tarballs themselves */
	packages?: string[];
	/** the release of n8n; see install.mts */
	version?: string;
	role?: Role;
	/** free by default */
	port?: number;
	/** where n8n keeps its data; by default a temporary folder that close() removes */
	userFolder?: string;
	/** SQLite in the user folder by default */
	postgres?: PostgresDatabase;
	/** queue mode, where given */
	queue?: QueueSettings;
	/** processes of one instance must share it */
	encryptionKey?: string;
	/** where callers from outside reach the webhooks; this process by default */
	webhookUrl?: string;
	/** added to n8n's environment, and stronger than what is set here */
	env?: Record<string, string>;
	/** milliseconds between two looks of n8n's wait tracker; n8n's own 60 s where left out */
	waitTrackerMs?: number;
	/** milliseconds until it must be ready */
	startTimeoutMs?: number;
	onProgress?: (line: string) => void;
}

export interface N8n {
	readonly url: string;
	readonly port: number;
	readonly role: Role;
	readonly userFolder: string;
	readonly logFile: string;
	readonly encryptionKey: string;
	/** the id of the running process */
	pid(): number;
	/** everything that it printed, over restarts */
	logs(): string;
	/** ends it as an operator would (SIGTERM), after 30 s by force */
	stop(): Promise<void>;
	/** ends it at once (SIGKILL), as a crash would */
	kill(): Promise<void>;
	/** stops it if it runs, and starts it again on the same data and port */
	restart(env?: Record<string, string>): Promise<void>;
	/** stops it and removes its temporary folder */
	close(): Promise<void>;
}

const STOP_TIMEOUT_MS = 30_000;
/** Read by waitTracker.mjs. */
const TRACKER_SETTING = 'LAB_WAIT_TRACKER_MS';

/**
 * Starts one n8n process and waits until it serves requests (8 to 15 s).
 * It ends with the process that started it, however that one ends.
 * @throws Error with the end of its log when it exits early or is not ready in time
 */
export async function startN8n(options: StartOptions = {}): Promise<N8n> {
	const { role = 'main', version = N8N_VERSION, startTimeoutMs = 180_000 } = options;
	const installed = await ensureN8n({ version, onProgress: options.onProgress });
	const isTemporary = options.userFolder === undefined;
	const userFolder = options.userFolder ?? (await mkdtemp(join(tmpdir(), 'n8n-instance-')));
	await installPackages(userFolder, options.packages ?? []);

	const port = options.port ?? (await freePort());
	const url = `http://127.0.0.1:${port}`;
	const encryptionKey = options.encryptionKey ?? randomBytes(24).toString('hex');
	const environment = environmentOf({
		version,
		role,
		userFolder,
		nodePath: installed.nodePath,
		port,
		brokerPort: await freePort(),
		webhookUrl: options.webhookUrl ?? `${url}/`,
		encryptionKey,
		postgres: options.postgres,
		queue: options.queue,
	});
	const logFile = join(userFolder, `${role}-${port}.log`);
	const logs = keepLogs(logFile);
	const tracker = options.waitTrackerMs && { [TRACKER_SETTING]: String(options.waitTrackerMs) };
	let env = { ...environment, ...tracker, ...options.env };
	let child: ChildProcess;

	async function boot(): Promise<void> {
		child = spawnN8n(installed, role, env);
		if (child.stdout) logs.take(child.stdout);
		if (child.stderr) logs.take(child.stderr);
		try {
			await waitUntilReady(url, role, child, startTimeoutMs);
		} catch (error) {
			await end(child, 'SIGKILL');
			throw new Error(`${String(error)} Its last lines:\n${logs.tail()}`);
		}
	}

	await boot();
	const stop = async (): Promise<void> => await end(child, 'SIGTERM');
	return {
		url,
		port,
		role,
		userFolder,
		logFile,
		encryptionKey,
		pid: () => child.pid ?? 0,
		logs: () => logs.text(),
		stop,
		kill: async () => await end(child, 'SIGKILL'),
		async restart(changes = {}) {
			await stop();
			env = { ...env, ...changes };
			await boot();
		},
		async close() {
			await stop();
			await logs.close();
			if (isTemporary) await rm(userFolder, { recursive: true, force: true, maxRetries: 5 });
		},
	};
}

/** Puts each package where n8n looks for community packages at its start. */
async function installPackages(userFolder: string, packages: string[]): Promise<void> {
	for (const source of packages) {
		const folder = source.endsWith('.tgz')
			? await unpack(source, join(userFolder, 'unpacked'))
			: source;
		const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
		const target = join(userFolder, '.n8n', 'nodes', 'node_modules', String(name));
		await rm(target, { recursive: true, force: true });
		await mkdir(join(target, '..'), { recursive: true });
		await cp(folder, target, { recursive: true });
	}
}

function spawnN8n(installed: InstalledN8n, role: Role, env: Record<string, string>): ChildProcess {
	const preloads = env[TRACKER_SETTING] ? ['guard.mjs', 'waitTracker.mjs'] : ['guard.mjs'];
	const imports = preloads.flatMap((name) => [
		'--import',
		pathToFileURL(join(import.meta.dirname, name)).href,
	]);
	const binary = join(installed.dir, 'node_modules', 'n8n', 'bin', 'n8n');
	const command = role === 'main' ? 'start' : role;
	return spawn(installed.nodePath, [...imports, binary, command], {
		env,
		stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
	});
}

/** A worker answers health checks only; the others must also answer what their callers ask. */
async function waitUntilReady(
	url: string,
	role: Role,
	child: ChildProcess,
	timeoutMs: number,
): Promise<void> {
	const paths = role === 'main' ? ['/healthz/readiness', '/rest/settings'] : ['/healthz/readiness'];
	const deadline = Date.now() + timeoutMs;
	for (const path of paths) {
		while (!(await answersWell(`${url}${path}`))) {
			if (hasEnded(child))
				throw new Error(`n8n (${role}) ended with ${endOf(child)} while starting.`);
			if (Date.now() > deadline) throw new Error(`n8n (${role}) was not ready in ${timeoutMs} ms.`);
			await sleep(200);
		}
	}
}

async function answersWell(url: string): Promise<boolean> {
	try {
		const { statusCode, body } = await request(url);
		const text = await body.text();
		// While it loads, n8n answers any path with a page that says so.
		return statusCode === 200 && text.startsWith('{');
	} catch {
		return false;
	}
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (hasEnded(child)) return;
	const ended = new Promise<void>((done) => child.once('exit', () => done()));
	child.kill(signal);
	const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
	await ended;
	clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
	return child.exitCode !== null || child.signalCode !== null;
}

function endOf(child: ChildProcess): string {
	return child.signalCode ?? `code ${child.exitCode}`;
}
