// What n8n loads of the package at its start: descriptions, and nothing that only a run needs.
import { execFileSync } from 'node:child_process';
import { join, relative, sep } from 'node:path';

const ROOT = join(__dirname, '../..');

/** Files that only describe: forms, and the resource with its webhook. */
const DESCRIPTION = /\.(fields|resource)\.ts$/;

/** Run in a process of its own, because Jest replaces `require`: prints the files that one file brings in. */
const LISTING = `
const { readFileSync } = require('node:fs');
const ts = require('typescript');
require.extensions['.ts'] = (module, file) => {
	const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
		compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
	});
	module._compile(outputText, file);
};
const before = new Set(Object.keys(require.cache));
require(process.argv[1]);
console.log(JSON.stringify(Object.keys(require.cache).filter((file) => !before.has(file))));
`;

/** @returns paths inside the repository; packages by name alone */
function filesLoadedBy(entry: string): string[] {
	const output = execFileSync(process.execPath, ['-e', LISTING, join(ROOT, entry)], {
		cwd: ROOT,
		encoding: 'utf8',
	});
	const files = (JSON.parse(output) as string[]).map((file) =>
		relative(ROOT, file).split(sep).join('/'),
	);
	const names = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file);
	return [...new Set(names)];
}

// Each starts a process of its own that loads the compiler.
jest.setTimeout(60_000);

describe('requiring a node', () => {
	it.each(['Kling', 'KlingTrigger'])('%s loads its description and nothing else', (name) => {
		const entry = `nodes/Kling/${name}.node.ts`;
		const own = filesLoadedBy(entry).filter((file) => file.startsWith('nodes/'));
		expect(own).toContain(entry);
		expect(own.filter((file) => file !== entry && !DESCRIPTION.test(file))).toEqual([]);
	});

	it.each(['Kling', 'KlingTrigger'])('%s needs none of the packages of a run', (name) => {
		const loaded = filesLoadedBy(`nodes/Kling/${name}.node.ts`);
		expect(loaded).toContain('n8n-workflow');
		// n8n-workflow, which n8n has loaded before any node, brings these in itself.
		const host = filesLoadedBy('node_modules/n8n-workflow/dist/cjs/index.js');
		expect(loaded.filter((file) => !file.startsWith('nodes/') && !host.includes(file))).toEqual([]);
	});
});
