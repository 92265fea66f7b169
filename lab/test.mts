// `npm test`: every suite in order, each with its name, time and count; closes with "N passed, N failed".
// Suites can be named (`npm test -- unit e2e`); "everything" adds those that need more than Node.js.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';

/** How a suite is run and how its result is counted: a check counts as one, the others tell themselves. */
interface Suite {
	name: string;
	kind: 'check' | 'jest' | 'node';
	command: string;
	args: string[];
	/** Test files at once; each starts servers of its own and mostly waits. One unless told. */
	atOnce?: number;
	/** Needs PostgreSQL and Redis, a browser, or an old n8n: run when named, or with "everything". */
	needsMore?: true;
}

interface Count {
	passed: number;
	failed: number;
}

const suites: Suite[] = [
	{ name: 'types', kind: 'check', command: process.execPath, args: ['lab/check/typecheck.mts'] },
	{ name: 'lint', kind: 'check', command: 'eslint', args: ['.'] },
	{ name: 'build', kind: 'check', command: 'gulp', args: ['build'] },
	{ name: 'scanner', kind: 'check', command: process.execPath, args: ['lab/check/scan.mts'] },
	{ name: 'unit', kind: 'jest', command: 'jest', args: ['--selectProjects', 'unit', 'unit-zod4'] },
	{ name: 'emulator', kind: 'node', command: 'test/emulator/**/*.test.mts', args: [] },
	{ name: 'instance', kind: 'node', command: 'test/instance/**/*.test.mts', args: [] },
	{ name: 'engine', kind: 'jest', command: 'jest', args: ['--selectProjects', 'engine', '--forceExit'] },
	{ name: 'port', kind: 'node', command: 'test/port/**/*.test.mts', args: [] },
	{ name: 'front', kind: 'node', command: 'test/front/**/*.test.mts', args: [] },
	{ name: 'e2e', kind: 'node', command: 'test/e2e/**/*.test.mts', args: [], atOnce: 2 },
	{ name: 'examples', kind: 'node', command: 'test/examples/**/*.test.mts', args: [] },
	{ name: 'queue', kind: 'node', command: 'test/queue/**/*.test.mts', args: [], needsMore: true },
	{ name: 'browser', kind: 'node', command: 'test/browser/**/*.test.mts', args: [], needsMore: true },
	{ name: 'compat', kind: 'node', command: 'test/compat/**/*.test.mts', args: [], needsMore: true },
];

const wanted = process.argv.slice(2);
const names = [...suites.map((suite) => suite.name), 'everything'];
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
	console.log(`There is no suite ${unknown.join(', ')}; there are ${names.join(', ')}.`);
	process.exit(2);
}
const chosen = suites.filter((suite) =>
	wanted.length === 0 ? !suite.needsMore : wanted.includes('everything') || wanted.includes(suite.name),
);

const reports = await mkdtemp(path.join(tmpdir(), 'kling-test-'));
const total: Count = { passed: 0, failed: 0 };
try {
	for (const suite of chosen) {
		const started = Date.now();
		console.log(`\n── ${suite.name} ──`);
		const count = await run(suite);
		total.passed += count.passed;
		total.failed += count.failed;
		const seconds = Math.round((Date.now() - started) / 1000);
		console.log(`── ${suite.name}: ${count.passed} of ${count.passed + count.failed} passed, ${seconds} s`);
	}
} finally {
	await rm(reports, { recursive: true, force: true });
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function run(suite: Suite): Promise<Count> {
	if (suite.kind === 'jest') return await runJest(suite);
	if (suite.kind === 'node') return await runNode(suite);
	const { exitCode } = await start(suite.command, suite.args);
	return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runJest(suite: Suite): Promise<Count> {
	const file = path.join(reports, `${suite.name}.json`);
	const { exitCode } = await start(suite.command, [...suite.args, '--json', '--outputFile', file, '--silent=false']);
	const report = JSON.parse(await readFile(file, 'utf8')) as {
		numPassedTests: number;
		numFailedTests: number;
		numRuntimeErrorTestSuites: number;
	};
	return settle(exitCode, {
		passed: report.numPassedTests,
		failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
	});
}

/**
 * What did not pass gets one second try, out loud: these suites boot real servers, and their time
 * limits may be too short on a busy machine. A test that fails twice has failed.
 */
async function runNode(suite: Suite): Promise<Count> {
	const memory = path.join(reports, `${suite.name}.failures.json`);
	const first = await runNodeOnce(suite, memory);
	if (first.failed === 0) return first;
	console.log(`── ${suite.name}: ${first.failed} did not pass; a second try for these`);
	const second = await runNodeOnce(suite, memory);
	if (second.failed === 0) console.log(`── ${suite.name}: ${first.failed} passed on the second try only`);
	return second;
}

async function runNodeOnce(suite: Suite, memory: string): Promise<Count> {
	const file = path.join(reports, `${suite.name}.tap`);
	const { exitCode } = await start(process.execPath, [
		'--test',
		`--test-concurrency=${suite.atOnce ?? 1}`,
		`--test-rerun-failures=${memory}`,
		'--test-reporter=spec',
		'--test-reporter-destination=stdout',
		'--test-reporter=tap',
		`--test-reporter-destination=${file}`,
		suite.command,
	]);
	const tap = await readFile(file, 'utf8');
	return settle(exitCode, { passed: tally(tap, 'pass'), failed: tally(tap, 'fail') + tally(tap, 'cancelled') });
}

/** A suite that ran no test, or ended badly without saying which test did, counts as one failed. */
function settle(exitCode: number | undefined, count: Count): Count {
	const silent = count.passed + count.failed === 0 || (exitCode !== 0 && count.failed === 0);
	return silent ? { ...count, failed: count.failed + 1 } : count;
}

function tally(tap: string, word: string): number {
	const line = new RegExp(`^# ${word} (\\d+)$`, 'm').exec(tap);
	return Number(line?.[1] ?? 0);
}

async function start(command: string, args: string[]) {
	return await execa(command, args, { preferLocal: true, stdio: 'inherit', reject: false });
}
