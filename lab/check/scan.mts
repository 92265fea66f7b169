// n8n's own scanner, offline, on the source and on the packed tarball: no errors and no warnings.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ESLint, type Linter } from 'eslint';
import { execa } from 'execa';

interface Scanner {
	analyzePackage(
		dir: string,
		patterns: string[],
	): Promise<{ passed: boolean; message?: string; details?: string }>;
	buildScanConfig(): Promise<Linter.Config[]>;
	SOURCE_FILE_PATTERNS: string[];
}

const scannerPath = '@n8n/scan-community-package/scanner/scanner.mjs';
const scanner = (await import(scannerPath)) as Scanner;
const root = path.resolve(import.meta.dirname, '../..');

/** The scanner's verdict speaks of errors only, so its warnings are asked for with its own settings. */
async function warningsOf(dir: string, patterns: string[]): Promise<string[]> {
	const eslint = new ESLint({
		cwd: dir,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: await scanner.buildScanConfig(),
		errorOnUnmatchedPattern: false,
	});
	const results = await eslint.lintFiles(patterns);
	return results.flatMap((result) =>
		result.messages
			.filter((message) => message.severity === 1)
			.map((message) => `${path.relative(dir, result.filePath)}:${message.line} ${message.ruleId}`),
	);
}

async function scan(label: string, dir: string, patterns: string[]): Promise<boolean> {
	const { passed, message, details } = await scanner.analyzePackage(dir, patterns);
	const warnings = await warningsOf(dir, patterns);
	const clean = passed && warnings.length === 0;
	console.log(`scanner, ${label}: ${clean ? '0 errors, 0 warnings' : 'not clean'}`);
	if (!passed) console.log(message ?? '', details ?? '');
	for (const warning of warnings) console.log(`  warning ${warning}`);
	return clean;
}

const unpacked = await mkdtemp(path.join(tmpdir(), 'kling-scan-'));
try {
	const source = await scan('source', root, scanner.SOURCE_FILE_PATTERNS);
	const { stdout } = await execa(
		'npm',
		['pack', '--json', '--ignore-scripts', '--pack-destination', unpacked],
		{ cwd: root },
	);
	const [report] = JSON.parse(stdout) as Array<{ filename: string }>;
	const tarball = path.join(unpacked, report?.filename ?? 'no tarball');
	await execa('tar', ['-xzf', tarball, '-C', unpacked]);
	const packed = await scan('tarball', path.join(unpacked, 'package'), ['**/*.js', 'package.json']);
	console.log(`tarball: ${(await stat(tarball)).size} bytes`);
	process.exitCode = source && packed ? 0 : 1;
} finally {
	await rm(unpacked, { recursive: true, force: true });
}
