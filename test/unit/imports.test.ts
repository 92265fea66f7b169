// The rooms of the package and who may import whom, read from the source.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';

import ts from 'typescript';

const ROOT = resolve(__dirname, '../..');
const KLING = 'nodes/Kling';

interface Room {
	/** Where its files are, without those of rooms inside it. */
	folder: string;
	/** Prefixes of files in nodes/Kling. */
	rooms: string[];
	/** The same, for `import type` only. */
	types?: string[];
	packages: string[];
}

// Not p-limit, which n8n's scanner would let through: n8n 1 does not provide it.
const LOGIC = ['zod', 'luxon', 'node:crypto'];
const SHARED = ['api/', 'n8n/', 'images/', 'video/', 'waiting/', 'callbacks/', 'tasks/'];

/** `api/` knows no n8n, `n8n/` knows no Kling, everything between knows both only as types. */
const table: Room[] = [
	{ folder: `${KLING}/api`, rooms: [], packages: ['zod', 'node:crypto'] },
	{
		folder: `${KLING}/n8n`,
		rooms: [],
		types: ['api/', 'submission/', 'waiting/', 'video/', 'images/', 'callbacks/'],
		packages: ['n8n-workflow'],
	},
	{ folder: `${KLING}/images`, rooms: ['api/'], packages: LOGIC },
	{ folder: `${KLING}/video`, rooms: ['api/'], packages: LOGIC },
	{ folder: `${KLING}/waiting`, rooms: ['api/'], packages: LOGIC },
	{ folder: `${KLING}/callbacks`, rooms: ['api/'], packages: LOGIC },
	{ folder: `${KLING}/submission`, rooms: ['api/', 'waiting/backoff'], packages: LOGIC },
	{ folder: `${KLING}/tasks`, rooms: SHARED, packages: [...LOGIC, 'n8n-workflow'] },
	{
		folder: `${KLING}/actions`,
		rooms: [...SHARED, 'submission/'],
		packages: [...LOGIC, 'n8n-workflow'],
	},
	{ folder: `${KLING}/trigger`, rooms: SHARED, packages: [...LOGIC, 'n8n-workflow'] },
	{
		folder: KLING,
		rooms: ['actions/', 'trigger/'],
		packages: ['n8n-workflow'],
	},
	{
		folder: 'credentials',
		rooms: ['api/gateways', 'api/service', 'api/auth', 'api/errors'],
		packages: ['n8n-workflow'],
	},
];

function filesIn(folder: string, extension: RegExp): string[] {
	return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
		.map((path) => posix.join(folder, path.split(sep).join('/')))
		.filter((path) => extension.test(path));
}

/** Type imports count: n8n's scanner counts them, too. */
function importsOf(file: string): string[] {
	const source = readFileSync(join(ROOT, file), 'utf8');
	return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** What the file imports by `import type` alone. */
function typeImportsOf(file: string): Set<string> {
	const parsed = ts.createSourceFile(
		file,
		readFileSync(join(ROOT, file), 'utf8'),
		ts.ScriptTarget.Latest,
	);
	const names = parsed.statements.flatMap((statement) =>
		ts.isImportDeclaration(statement) &&
		statement.importClause?.isTypeOnly === true &&
		ts.isStringLiteral(statement.moduleSpecifier)
			? [statement.moduleSpecifier.text]
			: [],
	);
	return new Set(names);
}

function targetOf(file: string, specifier: string): string {
	return relative(ROOT, resolve(ROOT, dirname(file), specifier))
		.split(sep)
		.join('/');
}

function roomOf(file: string): Room {
	const room = [...table]
		.sort((a, b) => b.folder.length - a.folder.length)
		.find(({ folder }) => file.startsWith(`${folder}/`));
	if (room === undefined) throw new Error(`${file} is in no room`);
	return room;
}

function isAllowed(file: string, specifier: string, typeImports: Set<string>): boolean {
	const { folder, packages, ...room } = roomOf(file);
	const rooms = typeImports.has(specifier) ? [...room.rooms, ...(room.types ?? [])] : room.rooms;
	if (!specifier.startsWith('.')) return packages.includes(specifier);
	const target = targetOf(file, specifier);
	if (folder !== KLING && target.startsWith(`${folder}/`)) return true;
	const inKling = target.startsWith(`${KLING}/`) ? target.slice(KLING.length + 1) : undefined;
	return (
		inKling !== undefined && rooms.some((room) => inKling === room || inKling.startsWith(room))
	);
}

const sources = [...filesIn('nodes', /\.ts$/), ...filesIn('credentials', /\.ts$/)];

test.each(table.map(({ folder }) => folder))('%s imports only from the rooms it may', (folder) => {
	const files = sources.filter((file) => roomOf(file).folder === folder);
	const strangers = files.flatMap((file) => {
		const typeImports = typeImportsOf(file);
		return importsOf(file)
			.filter((specifier) => !isAllowed(file, specifier, typeImports))
			.map((specifier) => `${file} imports ${specifier}`);
	});
	expect(strangers).toEqual([]);
});

test('the rooms of the table are there, and no others', () => {
	const rooms = readdirSync(join(ROOT, KLING), { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && entry.name !== '__schema__')
		.map((entry) => `${KLING}/${entry.name}`);
	const known = table
		.map(({ folder }) => folder)
		.filter((folder) => folder.startsWith(`${KLING}/`));
	expect(rooms.sort()).toEqual(known.sort());
});

test('the reply reader never looks at the table of gateways', () => {
	const reader = sources.filter((file) => /api\/reply(\/|\.ts)/.test(file));
	const looks = reader.filter((file) =>
		importsOf(file).some((name) => /gateways|client|outcomes/.test(name)),
	);
	expect(reader.length).toBeGreaterThan(3);
	expect(looks).toEqual([]);
});

test('lab/ uses nothing of nodes/ but the port and the client, and the emulator not even these', () => {
	const uses = filesIn('lab', /\.mts$/).flatMap((file) =>
		importsOf(file)
			.filter(
				(specifier) => specifier.startsWith('.') && targetOf(file, specifier).includes('nodes/'),
			)
			.map((specifier) => ({ file, target: targetOf(file, specifier) })),
	);
	const strangers = uses.filter(
		({ file, target }) =>
			file.startsWith('lab/emulator/') ||
			!/nodes\/Kling\/api\/(?:client|auth|gateways|service|models|request)\.[jt]s$/.test(target),
	);
	expect(strangers).toEqual([]);
});
