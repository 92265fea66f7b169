// The other end of skippingClock.mjs: lets an n8n's clock run ahead, and takes the emulator's along.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const LOOK_MS = 5;

export interface SkippingClock {
	/** for n8n's environment */
	env: Record<string, string>;
	/** n8n's time, Unix milliseconds */
	now(): number;
	/** How far the clock runs ahead at each idle tick (50 a second), in milliseconds; 0 stops that. */
	allow(stepMs: number): void;
	/** Keeps another clock at n8n's time, until `close`. */
	lead(other: { now(): number; advance(ms: number): void }): void;
	/** Sleeps by n8n's clock. */
	sleep(ms: number): Promise<void>;
	close(): Promise<void>;
}

export async function openSkippingClock(): Promise<SkippingClock> {
	const folder = await mkdtemp(join(tmpdir(), 'kling-clock-'));
	const path = join(folder, 'clock');
	await writeFile(path, new Uint8Array(16));
	const file = openSync(path, 'r+');
	const numbers = new Float64Array(1);
	const bytes = new Uint8Array(numbers.buffer);
	let leader: NodeJS.Timeout | undefined;

	function ahead(): number {
		readSync(file, bytes, 0, 8, 0);
		return numbers[0] ?? 0;
	}
	const now = (): number => Date.now() + ahead();

	return {
		env: {
			KLING_BENCH_CLOCK: path,
			NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'skippingClock.mjs')).href}`,
		},
		now,
		allow(stepMs) {
			writeSync(file, new Uint8Array(new Float64Array([stepMs]).buffer), 0, 8, 8);
		},
		lead(other) {
			leader = setInterval(() => {
				const ms = now() - other.now();
				if (ms > 0) other.advance(ms);
			}, LOOK_MS);
		},
		async sleep(ms) {
			const until = now() + ms;
			while (now() < until) await sleep(LOOK_MS);
		},
		async close() {
			clearInterval(leader);
			closeSync(file);
			await rm(folder, { recursive: true, force: true });
		},
	};
}
