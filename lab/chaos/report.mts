// A chaos run in words: what struck, what was billed, what n8n says of it, and every difference.
import { ACTIONS } from './plan.mts';
import type { ChaosReport } from './run.mts';

/** From this length on a run must have met every kind of fault, as far as there was an occasion. */
const LONG_ENOUGH_MINUTES = 8;

/** A fault that chance should have let strike so often has been missed for another reason. */
const SURE = 7;

/** Why a run does not count as passed; empty where everything is in order. */
export function shortcomings(report: ChaosReport, minutes: number): string[] {
	const { reconciliation, searched, struck, done } = report;
	const found = searched.found.map((place) => `A secret was written: ${place}`);
	const differences = reconciliation.differences.map(({ kind, text }) => `${kind}: ${text}`);
	if (minutes < LONG_ENOUGH_MINUTES) return [...differences, ...found];
	const kinds = Map.groupBy(struck, ({ kind }) => kind);
	const missed = [...kinds].filter(
		([, rules]) =>
			rules.every(({ times }) => times === 0) &&
			rules.reduce((sum, { expected }) => sum + expected, 0) > SURE,
	);
	const undone = Object.entries(done).filter(([, times]) => times === 0);
	return [
		...differences,
		...found,
		...missed.map(([kind]) => `The fault ${kind} never struck`),
		...undone.map(([action]) => `The action ${action} was never done`),
	];
}

/** The facts of a run, as rows of a table. */
export function factsOf(report: ChaosReport): Array<[string, string]> {
	const { reconciliation: sum, done, searched } = report;
	const struck = report.struck.reduce((all, { times }) => all + times, 0);
	const kinds = new Set(report.struck.filter(({ times }) => times > 0).map(({ kind }) => kind));
	const retries = done.retrySaved + done.retryOriginal + report.retriesAfterwards;
	return [
		['Orders (one video wanted for each)', number(sum.orders)],
		[
			'Tasks billed',
			`${number(sum.billed)}, of which ${number(sum.failedTasks)} failed at the service`,
		],
		['Delivered', number(sum.delivered)],
		['Ended with a message', number(sum.marked)],
		['Not run (n8n was down, or stopped at once)', number(sum.notRun)],
		['Paid beyond the order, named to the user', number(sum.extraNamed)],
		['Named in the log only, stopped and left alone', number(sum.inLogOnly)],
		['Executions started by callbacks', number(sum.starts)],
		["Callbacks answered, and cut off by n8n's end before they started one", number(sum.cutOff)],
		[
			'Executions of submits',
			`${number(report.executions)}, at most ${report.overlapping} of one workflow at once`,
		],
		['Faults that struck', `${number(struck)} of ${kinds.size} kinds`],
		['SIGKILL, restarts, Stops', `${done.kill}, ${done.restart}, ${done.stop}`],
		['Executions crashed, cancelled', `${report.crashed}, ${report.canceled}`],
		['Retries by hand', `${retries}, of both kinds`],
		['Forged calls by hand', number(done.forge)],
		[
			'Searched for secrets',
			`${number(searched.files)} files, ${number(searched.rows)} rows, ${number(report.signatures)} signatures: ${searched.found.length} found`,
		],
		['**Differences that nobody was told of**', `**${sum.differences.length}**`],
	];
}

/** What is printed at the end. */
export function reportText(report: ChaosReport, minutes: number): string {
	const wrong = shortcomings(report, minutes);
	const actions = Object.keys(ACTIONS)
		.map(
			(action) => `${action} ${Object.entries(report.done).find(([name]) => name === action)?.[1]}`,
		)
		.join(', ');
	return [
		'',
		`Seed ${report.seed}, ${report.seconds} s, ${report.slots ?? 'unlimited'} executions at once`,
		'',
		'Faults that struck:',
		...report.struck.map(({ name, times }) => `  ${String(times).padStart(6)}  ${name}`),
		'',
		`Actions: ${actions}`,
		'',
		...factsOf(report).map(
			([what, value]) => `${what.replaceAll('*', '').padEnd(48)} ${value.replaceAll('*', '')}`,
		),
		'',
		...wrong.map((line) => `✗ ${line}`),
		wrong.length === 0
			? '✓ Everything that was billed is wanted or named'
			: `${wrong.length} shortcomings`,
	].join('\n');
}

const BEGIN = '<!-- chaos -->';
const END = '<!-- /chaos -->';

/** The paper with the run's section in it, in the place of an earlier one. */
export function withSection(
	paper: string,
	report: ChaosReport,
	command: string,
	date: string,
): string {
	const section = [
		BEGIN,
		'',
		'## Chaos',
		'',
		'```sh',
		command,
		'```',
		'',
		"Random workflows that submit, wait, get and list, and triggers, in a real n8n, on Kling, Hingnet and EzModel; every fault of the emulator at once, SIGKILL, Stops, restarts, retries by hand of both kinds. Afterwards the service's bill is held against what n8n's executions say, and everything that n8n wrote is searched for keys, tokens, signing secrets and signatures.",
		'',
		`Seed ${report.seed}, ${date}, ${Math.round(report.seconds / 60)} minutes:`,
		'',
		'| | |',
		'|---|---|',
		...factsOf(report).map(([what, value]) => `| ${what} | ${value} |`),
		'',
		END,
	].join('\n');
	const earlier = new RegExp(`${BEGIN}[\\s\\S]*?${END}`);
	if (earlier.test(paper)) return paper.replace(earlier, () => section);
	return `${paper.trimEnd()}\n\n${section}\n`;
}

function number(value: number): string {
	return value.toLocaleString('en-US');
}
