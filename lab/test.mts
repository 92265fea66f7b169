// `npm test`: says what it will do, runs what is fast first and the rest side by side, ends with "N passed, N failed".
// Suites can be named (`npm test -- unit e2e`); "everything" adds those that need more than Node.js.
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import PQueue from 'p-queue';
import { ensureN8n } from './instance/install.mts';
import { packNode } from './instance/pack.mts';

interface Suite {
	name: string;
	what: string;
	/** Seconds on two idle cores, all its files one after the other. */
	about: number;
	/** A check counts as one; Jest counts its tests; of a folder, each test file runs by itself. */
	kind: 'check' | 'jest' | 'folder';
	/** Of `folder`: where its files are, below test/. Default: the suite's name. */
	folder?: string;
	/** Of `check` and `jest`: the tool with its arguments, several where one follows the other. */
	commands?: string[][];
	/** Boots a real n8n: runs after the others, and side by side, because it mostly waits. */
	usesN8n?: true;
	/** Gets no second try: another round would hide what this one found. */
	onlyOnce?: true;
	/** Needs PostgreSQL and Redis, a browser, or an old n8n: run when named, or with "everything". */
	needsMore?: true;
	/** Ends in another way with every seed: run when named, never with "everything". */
	onlyNamed?: true;
}

const TYPES = [
	['tsc', '-p', 'tsconfig.test.json'],
	['tsc', '-p', 'tsconfig.lab.json'],
];
const UNIT = [['jest', '--selectProjects', 'unit', 'unit-zod4']];
const ENGINE = [['jest', '--selectProjects', 'engine', '--forceExit']];
const CHAOS = [[process.execPath, 'lab/chaos/main.mts']];
const SCANNER = [[process.execPath, 'lab/check/scan.mts']];

const suites: Suite[] = [
	{
		name: 'format',
		what: 'Prettier',
		about: 8,
		kind: 'check',
		commands: [['prettier', '--check', '.']],
	},
	{ name: 'lint', what: 'the linters', about: 8, kind: 'check', commands: [['eslint', '.']] },
	{ name: 'build', what: 'the tarball', about: 8, kind: 'check', commands: [['gulp', 'build']] },
	{ name: 'types', what: 'TypeScript', about: 14, kind: 'check', commands: TYPES },
	{ name: 'scanner', what: "n8n's scanner", about: 20, kind: 'check', commands: SCANNER },
	{ name: 'unit', what: 'logic alone', about: 70, kind: 'jest', commands: UNIT },
	{ name: 'emulator', what: 'the emulated service', about: 30, kind: 'folder' },
	{ name: 'port', what: 'the second HTTP adapter', about: 10, kind: 'folder' },
	{
		name: 'reconciliation',
		what: 'the books of the chaos',
		about: 10,
		kind: 'folder',
		folder: 'chaos',
	},
	{ name: 'probe', what: 'the probe of a service', about: 10, kind: 'folder' },
	{
		name: 'engine',
		what: "n8n's engine",
		about: 30,
		kind: 'jest',
		commands: ENGINE,
		usesN8n: true,
	},
	{ name: 'front', what: 'the public addresses', about: 60, kind: 'folder', usesN8n: true },
	{ name: 'instance', what: 'the driver of n8n', about: 150, kind: 'folder', usesN8n: true },
	{
		name: 'examples',
		what: 'every example and the demo',
		about: 200,
		kind: 'folder',
		usesN8n: true,
	},
	{ name: 'e2e', what: 'the promises, in n8n', about: 3_800, kind: 'folder', usesN8n: true },
	{ name: 'queue', what: 'queue mode', about: 900, kind: 'folder', usesN8n: true, needsMore: true },
	{
		name: 'browser',
		what: 'the editor',
		about: 600,
		kind: 'folder',
		usesN8n: true,
		needsMore: true,
	},
	{
		name: 'compat',
		what: 'an old n8n',
		about: 200,
		kind: 'folder',
		usesN8n: true,
		needsMore: true,
	},
	{
		name: 'chaos',
		what: 'random workflows and faults',
		about: 600,
		kind: 'check',
		commands: CHAOS,
		usesN8n: true,
		onlyOnce: true,
		onlyNamed: true,
	},
];

/** Files that take minutes begin first, so that none is left alone at the end. */
const LONGEST = [
	'chaos',
	'crashes',
	'refusals',
	'requestsEnd',
	'waitsFreeRetries',
	'asleep',
	'waitsFreeDeadline',
	'thousand',
	'waitsFreeCalls',
	'triggerLateRecord',
	'paysOnce',
	'triggerBurst',
	'waitsFreeSlots',
	'waitsFreeShapes',
	'waitsFreeSlices',
	'newcomer',
	'form',
	'paysOnceRestarts',
	'downloads',
];

/** One process: a whole suite, or one test file of a folder. */
interface Job {
	suite: Suite;
	label: string;
	run(): Promise<Result>;
}

interface Result {
	passed: number;
	failed: number;
	output: string;
}

const FILE_TIMEOUT_MS = 40 * 60_000;
/** What an n8n with its test and the emulated service takes, in bytes. */
const N8N_BYTES = 1.5 * 1024 ** 3;
const cores = availableParallelism();
/** These wait most of the time, for an n8n to boot or for its clock. */
const n8nAtOnce = Math.max(2, Math.min(cores * 2, Math.floor(totalmem() / N8N_BYTES)));

const wanted = process.argv.slice(2);
const names = [...suites.map((suite) => suite.name), 'everything'];
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
	console.log(`There is no suite ${unknown.join(', ')}; there are ${names.join(', ')}.`);
	process.exit(2);
}
const chosen = suites.filter((suite) =>
	wanted.length === 0
		? !suite.needsMore && !suite.onlyNamed
		: (wanted.includes('everything') && !suite.onlyNamed) || wanted.includes(suite.name),
);

const reports = await mkdtemp(path.join(tmpdir(), 'kling-test-'));
const total = { passed: 0, failed: 0 };
const started = Date.now();
let done = 0;
let jobCount = 0;
try {
	const quick = await jobsOf(chosen.filter(({ usesN8n }) => !usesN8n));
	const slow = await jobsOf(chosen.filter(({ usesN8n }) => usesN8n));
	jobCount = quick.length + slow.length;
	announce();
	// The build empties the folder that the scanner packs: these three come one after the other.
	await runAgain(await runAll(quick, cores));
	if (slow.length > 0) {
		const onProgress = (line: string): void => console.log(line);
		await ensureN8n({ onProgress });
		await packNode();
		await runAgain(await runAll(slow, n8nAtOnce));
	}
} finally {
	await rm(reports, { recursive: true, force: true });
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

function announce(): void {
	const minutes = (seconds: number): string =>
		seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
	const quickSeconds = sum(chosen.filter(({ usesN8n }) => !usesN8n)) / Math.min(cores, 2);
	const slowSeconds = sum(chosen.filter(({ usesN8n }) => usesN8n)) / n8nAtOnce;
	console.log(`${chosen.length} suites in ${jobCount} parts:`);
	for (const { name, what, about } of chosen) {
		console.log(`  ${name.padEnd(14)} ${what.padEnd(27)} about ${minutes(about)}`);
	}
	const all = minutes(Math.max(10, Math.round(quickSeconds + slowSeconds)));
	console.log(
		`Side by side about ${all} on two idle cores (${n8nAtOnce} n8n at once), longer where n8n is installed first.\n`,
	);
}

function sum(of: Suite[]): number {
	return of.reduce((seconds, { about }) => seconds + about, 0);
}

async function jobsOf(of: Suite[]): Promise<Job[]> {
	const jobs: Job[] = [];
	for (const suite of of) {
		if (suite.kind !== 'folder') {
			const run = suite.kind === 'check' ? runCheck : runJest;
			jobs.push({ suite, label: suite.name, run: async () => await run(suite) });
			continue;
		}
		for await (const file of glob(`test/${suite.folder ?? suite.name}/**/*.test.mts`)) {
			const label = `${suite.name}/${path.basename(file, '.test.mts')}`;
			jobs.push({ suite, label, run: async () => await runFile(label, file) });
		}
	}
	const place = ({ label }: Job): number => {
		const found = LONGEST.indexOf(path.basename(label));
		return found === -1 ? LONGEST.length : found;
	};
	return of.some(({ usesN8n }) => usesN8n) ? jobs.sort((a, b) => place(a) - place(b)) : jobs;
}

/**
 * Runs jobs side by side, in their order as far as places are free.
 *
 * @returns the jobs to try again
 */
async function runAll(jobs: Job[], concurrency: number): Promise<Job[]> {
	const queue = new PQueue({ concurrency });
	const again: Job[] = [];
	let built: Promise<unknown> = Promise.resolve();
	for (const job of jobs) {
		const before = built;
		const running = queue.add(async () => {
			if (job.label === 'scanner') await before;
			const mayTryAgain = job.suite.kind !== 'check' && !job.suite.onlyOnce;
			if (!(await runOne(job, mayTryAgain))) again.push(job);
		});
		if (job.label === 'build') built = running;
	}
	await queue.onIdle();
	return again;
}

/**
 * What did not pass gets one second try, alone and out loud: these suites boot real servers or measure
 * time, and their limits may be too short on a busy machine. A check, such as the linter, gets none. A test that fails twice has failed.
 */
async function runAgain(jobs: Job[]): Promise<void> {
	for (const job of jobs) {
		console.log(`A second try for ${job.label}, alone:`);
		await runOne(job, false);
	}
}

/** @returns false where the job did not pass and is to be tried again: then nothing is counted */
async function runOne(job: Job, mayTryAgain: boolean): Promise<boolean> {
	const begin = Date.now();
	const { passed, failed, output } = await job.run();
	const seconds = Math.round((Date.now() - begin) / 1000);
	const isGood = failed === 0;
	if (!isGood) console.log(`\n${output}\n`);
	const isCounted = isGood || !mayTryAgain;
	if (isCounted) {
		done += 1;
		total.passed += passed;
		total.failed += failed;
	}
	const elapsed = Math.round((Date.now() - started) / 1000);
	const clock = `${Math.floor(elapsed / 60)}:${String(elapsed % 60).padStart(2, '0')}`;
	console.log(
		`${clock.padStart(6)}  ${done}/${jobCount}  ${isGood ? '✔' : '✖'} ${job.label}: ` +
			`${passed} of ${passed + failed} passed, ${seconds} s`,
	);
	return isCounted;
}

async function runCheck({ commands = [] }: Suite): Promise<Result> {
	let output = '';
	for (const [command = '', ...args] of commands) {
		const ended = await start(command, args);
		output += ended.output;
		if (ended.exitCode !== 0) return { passed: 0, failed: 1, output };
	}
	return { passed: 1, failed: 0, output };
}

async function runJest({ name, commands = [] }: Suite): Promise<Result> {
	const file = path.join(reports, `${name}.json`);
	const [command = '', ...args] = commands[0] ?? [];
	const { exitCode, output } = await start(command, [...args, '--json', '--outputFile', file]);
	const report = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as {
		numPassedTests?: number;
		numFailedTests?: number;
		numRuntimeErrorTestSuites?: number;
	};
	const { numPassedTests = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0 } = report;
	return settle(exitCode, {
		passed: numPassedTests,
		failed: numFailedTests + numRuntimeErrorTestSuites,
		output,
	});
}

async function runFile(label: string, file: string): Promise<Result> {
	const tap = path.join(reports, `${label.replace('/', '-')}.tap`);
	const { exitCode, output } = await start(process.execPath, [
		'--test',
		'--test-reporter=spec',
		'--test-reporter-destination=stdout',
		'--test-reporter=tap',
		`--test-reporter-destination=${tap}`,
		file,
	]);
	const text = await readFile(tap, 'utf8').catch(() => '');
	return settle(exitCode, {
		passed: tally(text, 'pass'),
		failed: tally(text, 'fail') + tally(text, 'cancelled'),
		output,
	});
}

/** A suite that ran no test, or ended badly without saying which test did, counts as one failed. */
function settle(exitCode: number | undefined, result: Result): Result {
	const isSilent = result.passed + result.failed === 0 || (exitCode !== 0 && result.failed === 0);
	return isSilent ? { ...result, failed: result.failed + 1 } : result;
}

function tally(tap: string, word: string): number {
	const line = new RegExp(`^# ${word} (\\d+)$`, 'm').exec(tap);
	return Number(line?.[1] ?? 0);
}

async function start(
	command: string,
	args: string[],
): Promise<{ exitCode: number | undefined; output: string }> {
	const { exitCode, all } = await execa(command, args, {
		preferLocal: true,
		stdin: 'ignore',
		all: true,
		reject: false,
		timeout: FILE_TIMEOUT_MS,
	});
	return { exitCode, output: all };
}
