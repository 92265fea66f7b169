// A clock for tests: time passes only when everybody sleeps, so that hours take milliseconds and every run is the same.

interface Sleeper {
	at: number;
	order: number;
	signal?: AbortSignal;
	wake(): void;
}

export class VirtualClock {
	private time: number;
	private order = 0;
	private sleepers: Sleeper[] = [];

	constructor(startAt = Date.UTC(2026, 0, 1)) {
		this.time = startAt;
	}

	readonly now = (): number => this.time;

	readonly sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
		if (signal?.aborted) return;
		await new Promise<void>((resolve) => {
			const at = this.time + Math.max(0, ms);
			this.sleepers.push({ at, order: this.order++, signal, wake: resolve });
		});
	};

	/** Lets time pass until the promise settles. @throws when nobody would ever wake up */
	async run<T>(promise: Promise<T>): Promise<T> {
		let settled = false;
		const done = () => {
			settled = true;
		};
		promise.then(done, done);
		for (;;) {
			await quiet();
			if (settled) return await promise;
			if (this.wakeStopped()) continue;
			this.wakeNext();
		}
	}

	/** Lets this much time pass, whatever happens in it. */
	async pass(ms: number): Promise<void> {
		await this.run(this.sleep(ms));
	}

	private wakeStopped(): boolean {
		const stopped = this.sleepers.filter(({ signal }) => signal?.aborted);
		this.sleepers = this.sleepers.filter(({ signal }) => !signal?.aborted);
		for (const sleeper of stopped) sleeper.wake();
		return stopped.length > 0;
	}

	private wakeNext(): void {
		const next = [...this.sleepers].sort((a, b) => a.at - b.at || a.order - b.order)[0];
		if (next === undefined) throw new Error('Everybody waits and nobody sleeps');
		this.sleepers = this.sleepers.filter((one) => one !== next);
		this.time = Math.max(this.time, next.at);
		next.wake();
	}
}

/** Until no promise has anything left to do. */
async function quiet(): Promise<void> {
	await new Promise((resolve) => setImmediate(resolve));
}

/** A small seeded generator (mulberry32): the same seed gives the same numbers. */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
