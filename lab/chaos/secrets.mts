// Searches everything that n8n wrote for values that it must keep to itself: database rows, and every file as bytes.
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Secret {
	name: string;
	value: string;
}

export interface Searched {
	/** Where a secret was found: its name and the place, never its value. */
	found: string[];
	files: number;
	bytes: number;
	rows: number;
}

/** What the installation brought along, and what nobody has written. */
const SKIPPED = /(?:^|\/)node_modules\//;

/**
 * @param folder n8n's user folder; n8n must not be running
 * @param secrets values of at least 8 characters
 * @throws Error when there is no database in the folder: a search of nothing would find nothing
 */
export async function searchSecrets(folder: string, secrets: readonly Secret[]): Promise<Searched> {
	const needles = secrets.flatMap(formsOf);
	const searched: Searched = { found: [], files: 0, bytes: 0, rows: 0 };
	const found = new Set<string>();
	const look = (content: string, place: string): void => {
		for (const { name, value } of needles) {
			if (content.includes(value)) found.add(`${name} in ${place}`);
		}
	};
	const paths = (await readdir(folder, { recursive: true, withFileTypes: true }))
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.filter((path) => !SKIPPED.test(path));
	const databases = paths.filter((path) => path.endsWith('.sqlite'));
	if (databases.length === 0) throw new Error(`There is no database in ${folder}`);
	for (const path of paths) {
		const bytes = await readFile(path);
		searched.files += 1;
		searched.bytes += bytes.length;
		look(bytes.toString('latin1'), relative(folder, path));
	}
	// A value that spans two pages of the file is whole in its row only.
	for (const path of databases) searched.rows += searchRows(path, look);
	return { ...searched, found: [...found].sort() };
}

function searchRows(path: string, look: (content: string, place: string) => void): number {
	const database = new DatabaseSync(path, { readOnly: true });
	try {
		const tables = database
			.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
			.all()
			.map(({ name }) => String(name));
		let rows = 0;
		for (const table of tables) {
			for (const row of database.prepare(`SELECT * FROM "${table}"`).iterate()) {
				rows += 1;
				for (const [column, value] of Object.entries(row)) {
					if (typeof value === 'string') look(value, `table ${table}, column ${column}`);
					if (value instanceof Uint8Array) {
						look(Buffer.from(value).toString('latin1'), `table ${table}, column ${column}`);
					}
				}
			}
		}
		return rows;
	} finally {
		database.close();
	}
}

/** As it is, and as it stands in a URL, in JSON and in Base64. */
function formsOf({ name, value }: Secret): Secret[] {
	if (value.length < 8) throw new Error(`The ${name} is too short to be searched for`);
	const inJson = JSON.stringify(value).slice(1, -1);
	const forms = new Set([
		value,
		encodeURIComponent(value),
		inJson,
		JSON.stringify(inJson).slice(1, -1),
		Buffer.from(value).toString('base64').replace(/=+$/, ''),
	]);
	return [...forms].map((form) => ({ name, value: form }));
}
