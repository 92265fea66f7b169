// The probe against each dialect of the emulator: it finds the row right, costs nothing unless asked, and shows no key.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { execa } from 'execa';
import { request } from 'undici';
import { dialects } from '../../lab/emulator/dialects/table.mts';
import { startEmulator, type Emulator } from '../../lab/emulator/emulator.mts';
import { NOTHING_RETIRED } from '../../lab/emulator/settings.mts';
import { loadBuilt } from '../../lab/probe/built.mts';

const MAIN = path.resolve(import.meta.dirname, '../../lab/probe/main.mts');
const PAY = 'pay for one video';

/** The rows of the node's table, and the dialect that stands for each service. */
const ROWS = [
	{ provider: 'klingGlobal', dialect: 'official' },
	{ provider: 'klingChina', dialect: 'official' },
	{ provider: 'hingnet', dialect: 'hingnet' },
	{ provider: 'ezmodel', dialect: 'ezmodel' },
	{ provider: 'cometapi', dialect: 'cometapi' },
];

describe('npm run probe', { timeout: 300_000 }, () => {
	let emulator: Emulator;
	let folder: string;

	before(async () => {
		await loadBuilt();
		emulator = await startEmulator({ lifetimeMs: 300, ...NOTHING_RETIRED });
		folder = await mkdtemp(path.join(tmpdir(), 'kling-probe-'));
	});
	after(async () => {
		await emulator.close();
		await rm(folder, { recursive: true, force: true });
	});
	beforeEach(() => emulator.reset());

	const keyOf = () => ({ KLING_API_KEY: emulator.keys.apiKey });

	async function probe(args: string[], env: Record<string, string> = keyOf(), input = '') {
		const { exitCode, all } = await execa(process.execPath, [MAIN, ...args], {
			env,
			input,
			all: true,
			reject: false,
		});
		const { name: _, ...keys } = emulator.keys;
		for (const secret of [...Object.values(env), ...Object.values(keys)]) {
			assert.ok(secret === '' || !all.includes(secret), 'a key was printed');
		}
		return { exitCode, text: all, row: rowsOf(all) };
	}

	/** Makes a task as somebody did before the probe came. */
	async function makeTask(name: string, externalId: string): Promise<string> {
		const dialect = dialects.find((each) => each.name === name);
		assert.ok(dialect);
		const { apiKey } = emulator.keys;
		const { statusCode, body } = await request(
			`${emulator.baseUrl(name)}/v1/videos/multi-image2video`,
			{
				method: 'POST',
				headers: {
					'content-type': 'application/json',
					authorization: dialect.authScheme === 'none' ? apiKey : `Bearer ${apiKey}`,
				},
				body: JSON.stringify({
					[dialect.modelField]: 'kling-v1-6',
					image_list: [{ image: emulator.imageUrl('dog.png') }],
					prompt: 'A private prompt',
					external_task_id: externalId,
				}),
			},
		);
		assert.equal(statusCode, 200, await body.text());
		const made = emulator.tasks.list().at(-1);
		assert.ok(made);
		emulator.tasks.succeed(made.id);
		return made.id;
	}

	/** The arguments for an unknown gateway with two tasks in it. */
	async function strange(name: string): Promise<string[]> {
		await makeTask(name, 'an-earlier-external-id');
		const task = await makeTask(name, 'a-known-external-id');
		return [
			...['--provider', 'custom', '--base-url', emulator.baseUrl(name)],
			...['--task', task, '--external-id', 'a-known-external-id', '--model', 'kling-v1-6'],
		];
	}

	for (const { name, authScheme, hasList, hasExternalLookup } of dialects) {
		it(`finds the row of ${name} at no cost`, async () => {
			const { exitCode, text } = await probe(await strange(name));
			assert.equal(exitCode, authScheme === 'Bearer' ? 0 : 1, text);
			const pasted = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
			const member = (of: string) => new RegExp(`\\t${of}: '?([\\w:/.-]+)'?,`).exec(pasted)?.[1];
			assert.deepEqual(
				{
					authScheme: pasted.includes('Takes the bare key') ? 'none' : 'Bearer',
					listRoute: member('listRoute'),
					externalIdLookUp: member('externalIdLookUp'),
					baseUrl: member('baseUrl'),
				},
				{
					authScheme,
					listRoute: hasList ? 'known' : 'none',
					externalIdLookUp: hasExternalLookup ? 'try' : 'none',
					baseUrl: emulator.baseUrl(name),
				},
			);
			assert.match(text, /✓ Wrong key: is refused as such/);
			assert.match(text, /✓ Unknown task ID: is said to be unknown/);
			assert.match(text, /✓ Existing task ID: finds the task, succeed/);
			assert.equal(emulator.counters().create, 2, 'only the tasks of this test');
			assert.doesNotMatch(text, /A private prompt|\.mp4/);
		});

		it(`makes one video at ${name}, and no second one, when it is paid for`, async () => {
			const port = await freePort();
			const { text } = await probe(
				[
					...['--provider', 'custom', '--base-url', emulator.baseUrl(name)],
					...['--model', 'kling-v1-6', '--pay', '--poll-seconds', '0.2', '--save-to', folder],
					...['--callback-url', `http://127.0.0.1:${port}/`, '--callback-port', String(port)],
				],
				keyOf(),
				`${PAY}\n`,
			);
			const tasks = emulator.tasks.list();
			assert.equal(tasks.length, 1, text);
			assert.match(text, new RegExp(`✓ Submit: accepted after \\d+ ms, task ${tasks[0]?.id}`));
			assert.match(text, /✓ End: .*succeed, after/);
			assert.match(text, /✓ Callback: .*succeed; with the task ID/);
			assert.match(text, /✓ Download without the key: HTTP 200, video\/mp4/);
			assert.ok(emulator.downloads().every(({ carriedKey }) => !carriedKey));
			const [file] = (await readdir(folder)).filter((each) => each.includes(tasks[0]?.id ?? '-'));
			assert.equal(
				(await readFile(path.join(folder, file ?? ''))).subarray(4, 8).toString(),
				'ftyp',
			);
			const wanted = hasExternalLookup
				? /✓ External task ID at once/
				: /· External task ID at once/;
			assert.match(text, wanted);
			// One-Hub keeps the key to itself, so that the service behind it cannot refuse it.
			const refused = name === 'hingnet' ? /\? Repeated external task ID/ : /✓ Repeated external/;
			assert.match(text, refused);
		});
	}

	for (const { provider, dialect } of ROWS) {
		it(`sees the table's row of ${provider} hold`, async () => {
			const args = await strange(dialect);
			const { exitCode, row, text } = await probe([
				...args.slice(4),
				...['--provider', provider, '--base-url', emulator.baseUrl(dialect)],
			]);
			assert.equal(exitCode, 0, text);
			for (const member of ['Authorization', 'listRoute', 'externalIdLookUp']) {
				assert.equal(row.get(member), 'holds', text);
			}
			assert.equal(row.get('modelField'), 'not checked');
		});
	}

	it('finds an existing task through the list, without being told of one', async () => {
		await makeTask('official', 'a-known-external-id');
		const args = ['--provider', 'klingGlobal', '--base-url', emulator.baseUrl('official')];
		const { text, row } = await probe(args);
		assert.match(text, /✓ Existing external task ID: finds the task, succeed/);
		assert.equal(row.get('externalIdLookUp'), 'holds');
	});

	it('says that a look-up was not checked where no task is known', async () => {
		const args = ['--provider', 'klingGlobal', '--base-url', emulator.baseUrl('official')];
		const { exitCode, row } = await probe(args);
		assert.equal(row.get('externalIdLookUp'), 'not checked');
		assert.equal(row.get('listRoute'), 'holds');
		assert.equal(exitCode, 0);
	});

	it('says which members of a wrong row do not hold', async () => {
		const args = await strange('hingnet');
		const { exitCode, row, text } = await probe([
			...args.slice(4),
			...['--provider', 'ezmodel', '--base-url', emulator.baseUrl('hingnet')],
		]);
		assert.equal(exitCode, 1);
		assert.equal(row.get('listRoute'), 'does not hold');
		assert.equal(row.get('externalIdLookUp'), 'does not hold');
		assert.match(text, /listRoute: 'known'/);
	});

	it('notices that a page size is not kept', async () => {
		for (const id of ['one', 'two', 'three']) await makeTask('hingnet', id);
		const args = ['--provider', 'hingnet', '--base-url', emulator.baseUrl('hingnet')];
		const { text } = await probe(args);
		assert.match(text, /✓ Page size: pages of 1 hold one task each/);
		assert.match(text, /· pageSize without pageNum: is ignored: 3 tasks/);
	});

	it('signs with an access key and a secret key', async () => {
		const { accessKey, secretKey } = emulator.keys;
		const { exitCode, text } = await probe(
			['--provider', 'klingGlobal', '--base-url', emulator.baseUrl('official')],
			{ KLING_ACCESS_KEY: accessKey, KLING_SECRET_KEY: secretKey },
		);
		assert.equal(exitCode, 0, text);
		assert.match(text, /✓ Authentication: the key is accepted as "Bearer"/);
	});

	it('stops at a key that is not accepted', async () => {
		const { exitCode, text } = await probe(
			['--provider', 'hingnet', '--base-url', emulator.baseUrl('hingnet'), '--pay'],
			{ KLING_API_KEY: 'a-key-of-somebody-else' },
			`${PAY}\n`,
		);
		assert.equal(exitCode, 2);
		assert.match(text, /✗ Authentication: the key is not accepted in any form/);
		assert.equal(emulator.bill().total, 0);
	});

	it('sends nothing that costs without the typed confirmation', async () => {
		for (const typed of ['', 'y\n', 'yes\n', `${PAY}!\n`]) {
			const args = ['--provider', 'hingnet', '--base-url', emulator.baseUrl('hingnet'), '--pay'];
			const { text } = await probe(args, keyOf(), typed);
			assert.match(text, /Nothing was sent/);
		}
		assert.equal(emulator.counters().create, 0);
	});

	it('does not send again a submit that was not answered, and says how to find its task', async () => {
		emulator.faults.add({ kind: 'reset', when: 'after', on: { call: 'create' } });
		const { text } = await probe(
			['--provider', 'hingnet', '--base-url', emulator.baseUrl('hingnet'), '--pay'],
			keyOf(),
			`${PAY}\n`,
		);
		assert.equal(emulator.bill().total, 1);
		assert.match(text, /\? Submit: a task may exist under the external task ID probe-/);
	});

	it('shows no key that a service repeats in its answers', async () => {
		const { apiKey } = emulator.keys;
		const body = { code: 1201, message: `Bearer ${apiKey} of ${apiKey}`, status: apiKey };
		emulator.faults.add({ kind: 'http', status: 400, body, on: { call: 'get' } });
		const args = ['--provider', 'hingnet', '--base-url', emulator.baseUrl('hingnet')];
		const { text } = await probe(args);
		assert.match(text, /\*\*\*/);
	});

	it('explains itself where it is not told what to try', async () => {
		const { exitCode, text } = await probe([]);
		assert.equal(exitCode, 2);
		assert.match(text, /^Usage: npm run probe/);
		assert.equal((await probe(['--provider', 'hingnet'], { KLING_API_KEY: '' })).exitCode, 2);
	});
});

/** The verdict on each member of the row. */
function rowsOf(text: string): Map<string, string> {
	const rows = text.matchAll(/^\| `(\w+)` \|[^|]*\| \*\*([\w ]+)\*\* \|/gm);
	return new Map([...rows].map(([, member = '', verdict = '']) => [member, verdict]));
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}
