// Installs a real n8n from npm into the user's cache folder, once for all clones of this repository.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder, exists, withLock } from './cache.mjs';
import { run } from './process.mts';

/** The release that everything is tested with. */
export const N8N_VERSION = '2.41.1';
/** The newest 1.x, for the compatibility test. */
export const N8N_1_VERSION = '1.123.81';

/** Raise it when the steps below change, so that caches are made anew. */
const RECIPE = 1;

export interface InstalledN8n {
	/** the folder whose node_modules holds n8n */
	dir: string;
	/** the Node that it runs with */
	nodePath: string;
}

interface InstallOptions {
	/** a release that has a folder in locks/ */
	version?: string;
	/** receives one line when something starts that takes a while */
	onProgress?: (line: string) => void;
	/** where installations are kept; the user's cache folder by default */
	cache?: string;
}

/**
 * Returns an installation of n8n, making it first where there is none (3 to 9 minutes, about 2 GB).
 * Processes that ask at the same time wait for the one that installs.
 * @throws Error when npm cannot install it, or when SQLite's driver can be neither fetched nor compiled
 */
export async function ensureN8n(options: InstallOptions = {}): Promise<InstalledN8n> {
	const { version = N8N_VERSION, onProgress = () => {}, cache = cacheFolder() } = options;
	const recipe = join(import.meta.dirname, 'locks', `n8n-${version}`);
	const dir = join(cache, `n8n-${version}-${await keyOf(recipe)}`);
	const installed = { dir, nodePath: process.execPath };
	if (await exists(dir)) return installed;
	await withLock(
		`${dir}.lock`,
		async () => {
			if (!(await exists(dir))) await install(version, recipe, dir, onProgress);
		},
		() => onProgress(`Waiting for another run that is installing n8n ${version}…`),
	);
	return installed;
}

async function install(
	version: string,
	recipe: string,
	dir: string,
	onProgress: (line: string) => void,
): Promise<void> {
	const draft = `${dir}.draft`;
	await rm(draft, { recursive: true, force: true });
	await mkdir(draft, { recursive: true });
	await cp(recipe, draft, { recursive: true });
	onProgress(`Installing n8n ${version} from npm (about 2 GB on disk, 1 to 5 minutes, once)…`);
	const flags = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'];
	await run('npm', ['install', ...flags, '--loglevel=error'], { cwd: draft, env: buildEnv() });
	onProgress(
		'Building the SQLite driver of n8n, or fetching it where that works (1 to 4 minutes, once)…',
	);
	await buildSqlite(draft);
	await rename(draft, dir);
}

/** Runs the install script of sqlite3 alone: it fetches a prebuilt driver, else compiles one. */
async function buildSqlite(dir: string): Promise<void> {
	const rebuild = ['rebuild', 'sqlite3', '--ignore-scripts=false', '--foreground-scripts'];
	try {
		await run('npm', rebuild, { cwd: dir, env: buildEnv() });
	} catch (error) {
		const missing = await missingTools();
		if (missing.length === 0) throw error;
		throw new Error(
			`n8n's SQLite driver has to be compiled here and ${missing.join(', ')} is not installed: ` +
				'on Debian or Ubuntu run "sudo apt-get install -y g++ make python3", then start again.',
		);
	}
	// Loading it here keeps an installation with a broken driver out of the cache.
	createRequire(join(dir, 'package.json'))('sqlite3');
}

async function missingTools(): Promise<string[]> {
	const tools = ['g++', 'make', 'python3'];
	const found = await Promise.all(
		tools.map((tool) =>
			run(tool, ['--version'], { cwd: '.' }).then(
				() => true,
				() => false,
			),
		),
	);
	return tools.filter((_, index) => !found[index]);
}

/** npm and node-gyp must use the Node that runs now, and its own headers where it brings them. */
function buildEnv(): NodeJS.ProcessEnv {
	const bin = dirname(process.execPath);
	const home = dirname(bin);
	const hasHeaders = existsSync(join(home, 'include', 'node', 'node.h'));
	return {
		...process.env,
		PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
		...(hasHeaders && { npm_config_nodedir: home }),
	};
}

/** Changes with the committed lock, the steps above, the platform and the ABI of Node. */
async function keyOf(recipe: string): Promise<string> {
	const hash = createHash('sha256').update(
		[RECIPE, process.platform, process.arch, process.versions.modules].join(' '),
	);
	for (const file of (await readdir(recipe)).sort())
		hash.update(await readFile(join(recipe, file)));
	return hash.digest('hex').slice(0, 12);
}
