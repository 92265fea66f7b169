// `npm run demo` as a user runs it: with the emulator, with a key of the "real" service, and with a wrong one.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import { readMp4 } from '../../lab/demo/mp4Facts.mts';
import { type Emulator, startEmulator } from '../../lab/emulator/emulator.mts';
import { type Front, startFront } from '../../lab/front/front.mts';
import { eventually } from '../../lab/instance/eventually.mts';

const DEMO = join(import.meta.dirname, '..', '..', 'lab', 'demo', 'main.mts');
const RUN_MS = 240_000;

interface Demo {
	child: ChildProcess;
	/** all that it printed until now */
	printed(): string;
	/** the exit code, once it has ended */
	end(): Promise<number | null>;
}

describe('the demo', { timeout: 600_000 }, () => {
	let folder: string;
	let emulator: Emulator;
	let front: Front;
	const running = new Set<ChildProcess>();

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'kling-demo-'));
		// The "real" service: the emulator behind the public addresses.
		emulator = await startEmulator({ lifetimeMs: 3000 });
		front = await startFront({ emulatorUrl: emulator.url });
	});

	after(async () => {
		for (const child of running) child.kill('SIGKILL');
		await front?.close();
		await emulator?.close();
		await rm(folder, { recursive: true, force: true });
	});

	function startDemo(
		args: string[],
		env: Record<string, string> = {},
		[command = '', ...before]: string[] = [process.execPath, DEMO],
	): Demo {
		const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('KLING_'));
		const child = spawn(command, [...before, ...args], {
			cwd: folder,
			env: { ...Object.fromEntries(inherited), ...env },
			stdio: ['pipe', 'pipe', 'pipe'],
		});
		running.add(child);
		let printed = '';
		for (const stream of [child.stdout, child.stderr]) {
			stream?.on('data', (chunk: Buffer) => {
				printed += chunk.toString();
			});
		}
		const ended = once(child, 'exit').then(([code]: Array<number | null>) => {
			running.delete(child);
			return code ?? null;
		});
		return { child, printed: () => printed, end: () => ended };
	}

	/** In a terminal of its own, which `script` makes; `exec`, because a shell in between would answer Ctrl+C with 130. */
	const startInTerminal = (env: Record<string, string>): Demo =>
		process.platform === 'darwin'
			? startDemo([process.execPath, DEMO], env, ['script', '-q', '/dev/null'])
			: startDemo(['/dev/null'], env, ['script', '-qec', `exec "${process.execPath}" "${DEMO}"`]);

	it('makes a video with the emulator, says where it is, and ends where nobody is watching', async () => {
		const demo = startDemo([]);
		assert.equal(await demo.end(), 0, demo.printed());
		for (const step of ['Booting n8n', 'Testing the credential', 'Making the video']) {
			assert.ok(demo.printed().includes(step), demo.printed());
		}
		assert.match(demo.printed(), /task \d+ is processing/);
		assert.match(demo.printed(), /320 × 180 \(16:9\), 5\.0 s, .*H\.264/);
		const [, path = ''] = /The video is in (\.\/out\/kling-\d+\.mp4)/.exec(demo.printed()) ?? [];
		assert.equal(readMp4(await readFile(join(folder, path))).seconds, 5);
	});

	it('in a terminal, with keys: warns of the price, uses the preset, stays open, and stops with Ctrl+C', async () => {
		const { accessKey, secretKey } = emulator.keys;
		const started = Date.now();
		const demo = startInTerminal({
			...front.env,
			KLING_ACCESS_KEY: accessKey,
			KLING_SECRET_KEY: secretKey,
		});
		await eventually('the editor to be open', RUN_MS, async () => {
			assert.equal(demo.child.exitCode, null, demo.printed());
			return /Ctrl\+C stops n8n/.test(demo.printed());
		});
		assert.match(demo.printed(), /THIS COSTS MONEY/);
		const billedAt = emulator.calls().find(({ outcome }) => outcome === 'accepted')?.at ?? 0;
		assert.ok(billedAt - started > 5000, 'it must leave 5 seconds to think again');
		assert.equal(emulator.bill().total, 1);
		assert.deepEqual(front.refusedHosts(), []);
		assert.doesNotMatch(demo.printed(), new RegExp(`${accessKey}|${secretKey}`));

		const [editor = ''] = /http:\/\/127\.0\.0\.1:\d+\/workflow\/\S+/.exec(demo.printed()) ?? [];
		assert.equal((await request(editor)).statusCode, 200);
		assert.match(demo.printed(), /E-mail .*@/);

		demo.child.stdin?.write('\x03');
		assert.equal(await demo.end(), 0, demo.printed());
		await assert.rejects(request(editor), /ECONNREFUSED/);
	});

	it('says what to do about a key that is not accepted, without showing it', async () => {
		const videos = await videosIn(folder);
		const demo = startDemo(['--once'], { ...front.env, KLING_API_KEY: 'a-key-that-opens-nothing' });
		assert.equal(await demo.end(), 1, demo.printed());
		assert.match(demo.printed(), /That did not work: .*\n\nWhat to do: check the key/s);
		assert.doesNotMatch(demo.printed(), /a-key-that-opens-nothing/);
		assert.deepEqual(await videosIn(folder), videos);
	});

	for (const [what, env, words] of [
		['half a pair of keys', { KLING_ACCESS_KEY: 'half' }, /KLING_SECRET_KEY is not/],
		['an unknown provider', { KLING_API_KEY: 'k', KLING_PROVIDER: 'klong' }, /klingChina, hingnet/],
	] as const) {
		it(`says what to set for ${what}, before anything is started`, async () => {
			const demo = startDemo(['--once'], env);
			assert.equal(await demo.end(), 1);
			assert.match(demo.printed(), words);
			assert.doesNotMatch(demo.printed(), /Booting|half\b.*half/);
		});
	}

	it('explains itself', async () => {
		const demo = startDemo(['--help']);
		assert.equal(await demo.end(), 0);
		assert.match(demo.printed(), /KLING_API_KEY/);
		const unknown = startDemo(['--twice']);
		assert.equal(await unknown.end(), 2);
		assert.match(unknown.printed(), /--once/);
	});
});

async function videosIn(folder: string): Promise<string[]> {
	return await readdir(join(folder, 'out')).catch(() => []);
}
