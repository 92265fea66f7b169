// What n8n pays for the package at its start: modules, milliseconds of require, size.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ensureN8n } from '../../instance/install.mts';
import { packNode } from '../../instance/pack.mts';
import { figure, median, oneTo, type Part } from '../part.mts';

const BAR_MS = 6;
const BAR_KB = 130;
/** Fresh processes for each round: one costs 0.3 s. */
const PROCESSES = 5;
const run = promisify(execFile);
const measured = z.object({ ms: z.number(), modules: z.array(z.string()) });

/** What n8n has loaded already is loaded before the clock starts. */
const MEASURE = `
	for (const name of ['n8n-workflow', 'zod', 'luxon']) require(name);
	const known = new Set(Object.keys(require.cache));
	const [folder] = process.argv.slice(1);
	const started = process.hrtime.bigint();
	require(folder + '/dist/nodes/Kling/Kling.node.js');
	require(folder + '/dist/nodes/Kling/KlingTrigger.node.js');
	const ms = Number(process.hrtime.bigint() - started) / 1e6;
	const modules = Object.keys(require.cache).filter((name) => !known.has(name));
	console.log(JSON.stringify({ ms, modules }));`;

export const loading: Part = {
	name: 'loading',
	title: 'Loading',
	about:
		'Both nodes are required in a fresh process that has loaded what n8n always loads. A module of another package would count as well.',
	limitMinutes: 3,
	async run({ rounds, say }) {
		const { dir, nodePath } = await ensureN8n({ onProgress: say });
		const packed = await packNode();
		// Away from the repository's own node_modules, as in an n8n.
		const folder = await mkdtemp(path.join(tmpdir(), 'kling-load-'));
		try {
			await cp(packed.dir, folder, { recursive: true });
			const env = { ...process.env, NODE_PATH: path.join(dir, 'node_modules') };
			const times: number[] = [];
			let modules: string[] = [];
			for (const _ of oneTo(rounds * PROCESSES)) {
				const { stdout } = await run(nodePath, ['--eval', MEASURE, folder], { env, cwd: folder });
				const seen = measured.parse(JSON.parse(stdout));
				times.push(seen.ms);
				modules = seen.modules;
			}
			const ms = median(times);
			const own = modules.filter((name) => name.startsWith(folder)).length;
			const kb = (await stat(packed.tarball)).size / 1000;
			return {
				tables: [
					{
						columns: ['Modules', 'of other packages', 'require both nodes', 'best', 'tarball'],
						rows: [
							[
								String(own),
								String(modules.length - own),
								`${figure(ms)} ms`,
								`${figure(Math.min(...times))} ms`,
								`${figure(kb)} kB`,
							],
						],
					},
				],
				targets: [
					{
						what: 'time to require both nodes',
						measured: `${figure(ms)} ms`,
						target: `at most ${BAR_MS} ms`,
						holds: ms <= BAR_MS,
					},
					{
						what: 'size of the package',
						measured: `${figure(kb)} kB`,
						target: `at most ${BAR_KB} kB`,
						holds: kb <= BAR_KB,
					},
				],
				figures: { ms, modules: own, foreignModules: modules.length - own, kb },
			};
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	},
};
