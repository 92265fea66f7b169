// The user's cache folder and a lock that works between processes: plain JavaScript, so that Node 20 can run it.
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HEARTBEAT_MS = 5_000;
const SILENCE_MS = 60_000;

/** The folder that clones of this repository share: $XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder() {
	const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
	return join(base, 'n8n-nodes-kling-video');
}

/** True when the path exists. */
export async function exists(path) {
	return await stat(path).then(
		() => true,
		() => false,
	);
}

/**
 * Runs `work` while holding the lock file `path`; other processes wait.
 * A lock is taken over when its process is gone, or when it gave no sign for a minute.
 * `onWait` is called once if somebody else holds the lock.
 */
export async function withLock(path, work, onWait = () => {}) {
	await mkdir(dirname(path), { recursive: true });
	const token = `${hostname()} ${process.pid} ${Math.random()}`;
	for (let waited = false; !(await acquire(path, token)); waited = true) {
		if (!waited) onWait();
		await sleep(300);
	}
	const heartbeat = setInterval(() => {
		const now = new Date();
		utimes(path, now, now).catch(() => clearInterval(heartbeat));
	}, HEARTBEAT_MS);
	try {
		return await work();
	} finally {
		clearInterval(heartbeat);
		await rm(path, { force: true });
	}
}

async function acquire(path, token) {
	try {
		const file = await open(path, 'wx');
		await file.writeFile(token);
		await file.close();
	} catch (error) {
		if (error.code !== 'EEXIST') throw error;
		if (await isStale(path)) await rm(path, { force: true });
		return false;
	}
	// Two processes may clear away the same stale lock; the one whose token stays has it.
	await sleep(50);
	return (await readFile(path, 'utf8').catch(() => '')) === token;
}

async function isStale(path) {
	try {
		const { mtimeMs } = await stat(path);
		const [host, pid] = (await readFile(path, 'utf8')).split(' ');
		if (Date.now() - mtimeMs > SILENCE_MS) return true;
		return host === hostname() && Boolean(pid) && !isAlive(Number(pid));
	} catch (error) {
		if (error.code === 'ENOENT') return false;
		throw error;
	}
}

function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}
