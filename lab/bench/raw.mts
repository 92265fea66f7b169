// The baselines without n8n, in a process of their own: raw undici that submits, or that downloads to a file.
import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type * as Client from '../../nodes/Kling/api/client.ts';
import type * as Service from '../../nodes/Kling/api/service.ts';
import type * as Models from '../../nodes/Kling/api/models.ts';
import { createUndiciSend } from '../port/undici.mts';
import { forgetPeak, memoryOf } from './process.mts';

const job = z.discriminatedUnion('kind', [
	z.object({
		kind: z.literal('submits'),
		credentials: z.record(z.string(), z.unknown()),
		bodies: z.array(z.string()),
		atOnce: z.number(),
	}),
	z.object({ kind: z.literal('download'), url: z.string() }),
]);
const result = z.object({ ms: z.number(), growthMb: z.number() });

type Job = z.infer<typeof job>;
type Result = z.infer<typeof result>;

const TIMEOUT_MS = 120_000;

export interface RawClient {
	/** @throws Error when the job does not succeed or takes longer than two minutes */
	run(job: Job): Promise<Result>;
	close(): void;
}

/** Starts the process; the caller closes it. */
export function startRawClient(): RawClient {
	const child = fork(import.meta.filename, ['child'], { stdio: 'inherit' });
	return {
		run: async (asked) => await answerOf(child, asked),
		close: () => void child.kill(),
	};
}

function answerOf(child: ChildProcess, asked: Job): Promise<Result> {
	return new Promise((done, failed) => {
		const timer = setTimeout(() => failed(new Error('The raw client took too long')), TIMEOUT_MS);
		const gone = (): void => failed(new Error('The raw client has ended'));
		child.once('exit', gone);
		child.once('message', (message) => {
			clearTimeout(timer);
			child.off('exit', gone);
			done(result.parse(message));
		});
		child.send(asked);
	});
}

async function perform(asked: Job): Promise<Result> {
	await forgetPeak(process.pid);
	const { nowMb } = await memoryOf(process.pid);
	const file = join(tmpdir(), `kling-bench-${process.pid}.mp4`);
	const started = performance.now();
	await (asked.kind === 'submits' ? submit(asked) : download(asked.url, file));
	const ms = performance.now() - started;
	await rm(file, { force: true });
	return { ms, growthMb: (await memoryOf(process.pid)).peakMb - nowMb };
}

/** Submits all bodies through the package's own client over undici, so many at once. */
async function submit({ credentials, bodies, atOnce }: Job & { kind: 'submits' }): Promise<void> {
	// The node is CommonJS, so its built form is used.
	const load = createRequire(import.meta.url);
	const { createClient } = load('../../dist/nodes/Kling/api/client.js') as typeof Client;
	const { resolveService } = load('../../dist/nodes/Kling/api/service.js') as typeof Service;
	const { families } = load('../../dist/nodes/Kling/api/models.js') as typeof Models;
	const dispatcher = new Agent({ connections: atOnce });
	const send = createUndiciSend(credentials, { dispatcher });
	const client = createClient(resolveService(credentials), send);
	const left = bodies.values();
	const worker = async (): Promise<void> => {
		for (const body of left) {
			const { kind } = await client.create(families.multiImage, body);
			if (kind !== 'accepted') throw new Error(`A raw submit was ${kind}`);
		}
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
	await dispatcher.close();
}

async function download(url: string, file: string): Promise<void> {
	const { body } = await request(url);
	await pipeline(body, createWriteStream(file));
}

if (process.send !== undefined && process.argv[2] === 'child') {
	process.on('message', (message) => {
		void perform(job.parse(message)).then((done) => process.send?.(done));
	});
}
