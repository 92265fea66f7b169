// `npm run bench`: measures everything, or the parts that are named, and writes the papers' sections about them.
import { parseArgs } from 'node:util';
import type { Findings, Part } from './part.mts';
import { readResults, writePapers } from './paper.mts';
import { cpu } from './parts/cpu.mts';
import { download } from './parts/download.mts';
import { images } from './parts/images.mts';
import { list } from './parts/list.mts';
import { loading } from './parts/loading.mts';
import { sleepers } from './parts/sleepers.mts';
import { submits } from './parts/submits.mts';
import { trigger } from './parts/trigger.mts';
import { waiting } from './parts/waiting.mts';
import { writeScale } from './scale.mts';

const ROUNDS = 5;
const QUICK_ROUNDS = 1;

/** In the order of the paper. */
const PARTS: Part[] = [submits, cpu, images, download, waiting, sleepers, trigger, list, loading];
/** Computed from what the parts found. */
const SCALE = 'scale';

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		rounds: { type: 'string' },
		/** fewer and smaller rounds in five minutes: shows the figures and leaves the papers as they are */
		quick: { type: 'boolean', default: false },
	},
});
const names = [...PARTS.map(({ name }) => name), SCALE];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
	console.error(`There is no part ${unknown.join(', ')}; the parts: ${names.join(', ')}`);
	process.exit(2);
}
const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS));
if (!Number.isInteger(rounds) || rounds < 1) {
	console.error('--rounds takes a whole number from 1');
	process.exit(2);
}

const began = Date.now();
const chosen = PARTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const results = await readResults();
for (const part of chosen) {
	say(`${part.title} (${part.name}), ${rounds} rounds`);
	const from = Date.now();
	const findings = await within(
		part,
		part.run({ rounds, isQuick: values.quick, say: (line) => say(`  ${line}`) }),
	);
	for (const table of findings.tables) {
		if (table.caption !== undefined) console.log(table.caption);
		console.table(
			table.rows.map((row) => Object.fromEntries(row.map((cell, n) => [table.columns[n], cell]))),
		);
	}
	for (const { what, measured, target, holds } of findings.targets) {
		console.log(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${what}: ${measured} (${target})`);
	}
	results.parts[part.name] = {
		date: new Date().toISOString().slice(0, 10),
		rounds,
		seconds: Math.round((Date.now() - from) / 1000),
		...findings,
	};
	// After each part, so that a run that is cut off has not been in vain.
	if (!values.quick) await writePapers(PARTS, results, [part.name]);
}
if (!values.quick && (positionals.length === 0 || positionals.includes(SCALE))) {
	say('A hundred thousand videos a day (scale)');
	await writeScale(results);
}
say('Done');

/** A part that hangs ends the run; the servers it started end with this process. */
async function within({ name, limitMinutes }: Part, work: Promise<Findings>): Promise<Findings> {
	const limit = setTimeout(() => {
		console.error(`${name} took longer than ${limitMinutes} minutes and was given up.`);
		process.exit(1);
	}, limitMinutes * 60_000);
	try {
		return await work;
	} finally {
		clearTimeout(limit);
	}
}

function say(line: string): void {
	const seconds = Math.round((Date.now() - began) / 1000);
	console.log(
		`${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')} ${line}`,
	);
}
