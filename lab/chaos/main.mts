// `npm run test:chaos`: random workflows under every fault at once; ends with 1 where something was lost or hidden.
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { reportText, shortcomings, withSection } from './report.mts';
import { runChaos } from './run.mts';

const { values } = parseArgs({
	options: {
		seed: { type: 'string' },
		minutes: { type: 'string', default: '10' },
		orders: { type: 'string' },
		items: { type: 'string', default: '4' },
		workflows: { type: 'string', default: '12' },
		/** A folder for n8n's data, which stays after the run. */
		keep: { type: 'string' },
		/** Writes the result into docs/measurements.md. */
		write: { type: 'boolean', default: false },
	},
});

const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const minutes = Number(values.minutes);
const started = Date.now();
const say = (line: string) =>
	console.log(`[${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s] ${line}`);

const command = [
	`npm run test:chaos -- --seed ${seed} --minutes ${minutes}`,
	...(values.orders === undefined ? [] : [`--orders ${values.orders}`]),
	...(values.items === '4' ? [] : [`--items ${values.items}`]),
	...(values.workflows === '12' ? [] : [`--workflows ${values.workflows}`]),
].join(' ');
console.log(`Seed ${seed}: the same plan again with "${command}"`);

const report = await runChaos({
	seed,
	minutes,
	orders: Number(values.orders ?? Infinity),
	itemsPerCall: Number(values.items),
	workflows: Number(values.workflows),
	keep: values.keep,
	say,
});
console.log(reportText(report, minutes));
if (values.write) {
	const paper = join(resolve(import.meta.dirname, '..', '..'), 'docs', 'measurements.md');
	const date = new Date().toISOString().slice(0, 10);
	await writeFile(paper, withSection(await readFile(paper, 'utf8'), report, command, date));
}
process.exitCode = shortcomings(report, minutes).length === 0 ? 0 : 1;
