// How long requiring both nodes takes in a fresh process, with what n8n has loaded already: the bar is 6 ms.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ensureN8n } from '../instance/install.mts';
import { packNode } from '../instance/pack.mts';

const RUNS = 15;
const run = promisify(execFile);

/** Prints the milliseconds that requiring both nodes takes. */
const MEASURE = `
	for (const name of ['n8n-workflow', 'zod', 'luxon']) require(name);
	const [folder] = process.argv.slice(1);
	const started = process.hrtime.bigint();
	require(folder + '/dist/nodes/Kling/Kling.node.js');
	require(folder + '/dist/nodes/Kling/KlingTrigger.node.js');
	console.log(Number(process.hrtime.bigint() - started) / 1e6);`;

const { dir, nodePath } = await ensureN8n({ onProgress: console.log });
const packed = await packNode();
// Away from the repository's own node_modules, as in an n8n.
const folder = await mkdtemp(path.join(tmpdir(), 'kling-load-'));
try {
	await cp(packed.dir, folder, { recursive: true });
	const times: number[] = [];
	for (let round = 0; round < RUNS; round++) {
		const env = { ...process.env, NODE_PATH: path.join(dir, 'node_modules') };
		const { stdout } = await run(nodePath, ['--eval', MEASURE, folder], { env, cwd: folder });
		times.push(Number(stdout));
	}
	times.sort((a, b) => a - b);
	const at = (share: number) => times[Math.floor((times.length - 1) * share)]?.toFixed(1);
	console.log(`requiring both nodes, ${RUNS} fresh processes: best ${at(0)} ms, median ${at(0.5)} ms, worst ${at(1)} ms`);
} finally {
	await rm(folder, { recursive: true, force: true });
}
