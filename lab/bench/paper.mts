// Writes what was measured: results.json for programs, and the marked sections of docs/measurements.md for people.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { N8N_VERSION } from '../instance/install.mts';
import type { Part, Table, Target } from './part.mts';

const REPOSITORY = resolve(import.meta.dirname, '..', '..');
const RESULTS = join(import.meta.dirname, 'results.json');
const PAPER = join(REPOSITORY, 'docs', 'measurements.md');

const measured = z.object({
	date: z.string(),
	rounds: z.number(),
	seconds: z.number(),
	tables: z.array(
		z.object({
			caption: z.string().optional(),
			columns: z.array(z.string()),
			rows: z.array(z.array(z.string())),
		}),
	),
	targets: z.array(
		z.object({ what: z.string(), measured: z.string(), target: z.string(), holds: z.boolean() }),
	),
	figures: z.record(z.string(), z.number()),
});
const resultsSchema = z.object({ parts: z.record(z.string(), measured) });

export type Results = z.infer<typeof resultsSchema>;

/** What the last runs found; empty where nothing was measured yet. */
export async function readResults(): Promise<Results> {
	const text = await readFile(RESULTS, 'utf8').catch((thrown: unknown) => {
		if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')
			return '{"parts":{}}';
		throw thrown;
	});
	return resultsSchema.parse(JSON.parse(text));
}

/**
 * Writes the results, the sections of the parts that ran now, and the summary of all.
 * @throws Error where the paper lacks the markers of a section
 */
export async function writePapers(parts: Part[], results: Results, ran: string[]): Promise<void> {
	const config = await resolveConfig(RESULTS);
	const json = await format(JSON.stringify(results), { ...config, parser: 'json' });
	await writeFile(RESULTS, json);
	let paper = await readFile(PAPER, 'utf8');
	for (const part of parts) {
		if (ran.includes(part.name)) paper = withSection(paper, part.name, sectionOf(part, results));
	}
	await writeFile(PAPER, withSection(paper, 'summary', summaryOf(parts, results)));
}

/** Puts a text between the two markers of a name. */
export function withSection(paper: string, name: string, text: string): string {
	const [begin, end] = [`<!-- bench: ${name} -->`, `<!-- /bench: ${name} -->`];
	const [from, to] = [paper.indexOf(begin), paper.indexOf(end)];
	if (from === -1 || to < from) throw new Error(`The paper lacks "${begin}" and "${end}"`);
	return `${paper.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${paper.slice(to)}`;
}

function sectionOf({ name, title, about }: Part, { parts }: Results): string {
	const found = parts[name];
	if (found === undefined) return '';
	const facts = `\`npm run bench -- ${name}\` · ${found.date} · n8n ${N8N_VERSION}, Node ${process.versions.node}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB · medians of ${found.rounds} rounds`;
	const tables = found.tables.map((table) => tableOf(table));
	return [`## ${title}`, about, ...tables, ...targetsOf(found.targets), facts].join('\n\n');
}

function targetsOf(targets: Target[]): string[] {
	if (targets.length === 0) return [];
	return [
		targets
			.map(
				({ what, measured: is, target, holds }) =>
					`- ${what}: **${is}** (target: ${target}) ${marked(holds)}`,
			)
			.join('\n'),
	];
}

/** All targets in one table. */
function summaryOf(parts: Part[], { parts: found }: Results): string {
	const rows = parts.flatMap(({ name }) =>
		(found[name]?.targets ?? []).map(({ what, measured: is, target, holds }) => [
			what,
			is,
			target,
			marked(holds),
		]),
	);
	return tableOf({ columns: ['Measure', 'measured', 'target', 'holds'], rows });
}

const marked = (holds: boolean): string => (holds ? 'yes' : '**no**');

export function tableOf({ caption, columns, rows }: Table): string {
	const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
	const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
	return caption === undefined ? table : `${caption}\n\n${table}`;
}
