// Builds the node and packs it as npm would ship it, once for each state of the sources.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { exists, withLock } from './cache.mjs';
import { run } from './process.mts';

interface PackedNode {
	/** the unpacked package: what a user's n8n has on disk */
	dir: string;
	tarball: string;
}

const REPOSITORY = resolve(import.meta.dirname, '..', '..');

/** What the package is made of. */
const SOURCES = [
	'nodes',
	'credentials',
	'icons',
	'package.json',
	'tsconfig.json',
	'gulpfile.js',
	'README.md',
	'CHANGELOG.md',
	'LICENSE',
];

/**
 * Builds and packs the node, or returns what an earlier call made of the same sources.
 * @throws Error with the messages of the build when it does not succeed
 */
export async function packNode(): Promise<PackedNode> {
	const shelf = join(REPOSITORY, '.tmp', 'pack');
	return await withLock(`${shelf}.lock`, async () => {
		const home = join(shelf, await hashOf(SOURCES));
		if (!(await exists(home))) await buildInto(home);
		const tarball = (await readdir(home)).find((file) => file.endsWith('.tgz'));
		if (!tarball)
			throw new Error(`There is no tarball in ${home}; remove that folder and try again.`);
		return { dir: join(home, 'package'), tarball: join(home, tarball) };
	});
}

async function buildInto(home: string): Promise<void> {
	const draft = `${home}.draft`;
	await rm(draft, { recursive: true, force: true });
	await mkdir(draft, { recursive: true });
	const gulp = join(REPOSITORY, 'node_modules', 'gulp', 'bin', 'gulp.js');
	await run(process.execPath, [gulp, 'build'], { cwd: REPOSITORY });
	await run('npm', ['pack', '--ignore-scripts', '--pack-destination', draft], { cwd: REPOSITORY });
	const tarball = (await readdir(draft)).find((file) => file.endsWith('.tgz'));
	if (!tarball) throw new Error('npm pack made no tarball.');
	await unpack(join(draft, tarball), draft);
	await rename(draft, home);
}

/** Unpacks a tarball of npm into `folder` and returns the package's own folder. */
export async function unpack(tarball: string, folder: string): Promise<string> {
	await mkdir(folder, { recursive: true });
	await run('tar', ['-xzf', resolve(tarball), '-C', folder], { cwd: folder });
	return join(folder, 'package');
}

async function hashOf(paths: string[]): Promise<string> {
	const hash = createHash('sha256');
	for (const path of paths) {
		for (const file of await filesOf(join(REPOSITORY, path))) {
			hash
				.update(file)
				.update('\0')
				.update(await readFile(file))
				.update('\0');
		}
	}
	return hash.digest('hex').slice(0, 16);
}

async function filesOf(path: string): Promise<string[]> {
	if (!(await exists(path))) return [];
	const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => null);
	if (!entries) return [path];
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
}
