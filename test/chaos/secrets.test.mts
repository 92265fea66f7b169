// The search for secrets itself: what was planted is found, wherever it stands and however it is written.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { searchSecrets } from '../../lab/chaos/secrets.mts';

const SECRET = { name: 'API key', value: 'planted+key/of=the"test' };
const FILLING = 'x'.repeat(3_000);

describe('The search for secrets', () => {
	let folder: string;

	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'kling-secrets-'));
		plant('nothing of interest');
	});
	afterEach(async () => await rm(folder, { recursive: true, force: true }));

	function plant(text: string): void {
		const database = new DatabaseSync(join(folder, 'database.sqlite'));
		database.exec('CREATE TABLE IF NOT EXISTS execution_data (id INTEGER PRIMARY KEY, data TEXT)');
		database.prepare('INSERT INTO execution_data (data) VALUES (?)').run(text);
		database.close();
	}

	it('finds nothing where nothing is', async () => {
		const { found, rows, files } = await searchSecrets(folder, [SECRET]);
		assert.deepEqual(found, []);
		assert.equal(rows, 1);
		assert.equal(files, 1);
	});

	it('finds a value in a row, and says in which table', async () => {
		plant(`{"headers":{"authorization":"Bearer ${SECRET.value}"}}`);
		const { found } = await searchSecrets(folder, [SECRET]);
		assert.ok(found.includes('API key in table execution_data, column data'), found.join());
	});

	it('finds a value at any place of a row that spans several pages of the file', async () => {
		for (let shift = 0; shift < SECRET.value.length * 4; shift += 7) {
			plant(FILLING + 'y'.repeat(shift) + SECRET.value + FILLING);
			const { found } = await searchSecrets(folder, [SECRET]);
			assert.ok(found.includes('API key in table execution_data, column data'), `shift ${shift}`);
			const database = new DatabaseSync(join(folder, 'database.sqlite'));
			database.exec('DELETE FROM execution_data');
			database.close();
		}
	});

	it('finds a value in a log and in a stored file, between bytes that are no text', async () => {
		await mkdir(join(folder, 'storage', 'workflows'), { recursive: true });
		await writeFile(join(folder, 'main-5678.log'), `debug: sent ${SECRET.value}\n`);
		const bytes = Buffer.concat([
			Buffer.from([0xff, 0xfe, 0]),
			Buffer.from(SECRET.value),
			Buffer.from([0x80]),
		]);
		await writeFile(join(folder, 'storage', 'workflows', 'binary'), bytes);
		const { found } = await searchSecrets(folder, [SECRET]);
		assert.deepEqual(found, [
			'API key in main-5678.log',
			`API key in ${join('storage', 'workflows', 'binary')}`,
		]);
	});

	for (const [form, text] of [
		['in a URL', encodeURIComponent(SECRET.value)],
		['in JSON', JSON.stringify({ token: SECRET.value })],
		['in JSON inside JSON', JSON.stringify({ body: JSON.stringify({ token: SECRET.value }) })],
		['in Base64', Buffer.from(SECRET.value).toString('base64')],
	] as const) {
		it(`finds a value ${form}`, async () => {
			await writeFile(join(folder, 'event.log'), `a ${text} b`);
			assert.deepEqual((await searchSecrets(folder, [SECRET])).found, ['API key in event.log']);
		});
	}

	it('shows the name of what it found, never the value', async () => {
		plant(SECRET.value);
		const { found } = await searchSecrets(folder, [SECRET]);
		assert.ok(found.length > 0);
		assert.ok(found.every((line) => !line.includes(SECRET.value)));
	});

	it('does not take an empty folder for a clean one, nor a short value for a secret', async () => {
		await rm(join(folder, 'database.sqlite'));
		await assert.rejects(searchSecrets(folder, [SECRET]), /There is no database/);
		plant('');
		const short = [{ name: 'token', value: 'abc' }];
		await assert.rejects(searchSecrets(folder, short), /too short/);
	});
});
