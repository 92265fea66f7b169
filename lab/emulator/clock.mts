// The emulator's adjustable clock: real time plus an offset, with timers that follow it.

interface Entry {
	readonly at: number;
	readonly run: () => void;
}

const LONGEST_ALARM_MS = 2 ** 31 - 1;

export class Clock {
	#offset = 0;
	#entries: Entry[] = [];
	#alarm: NodeJS.Timeout | undefined;
	#stopped = false;

	/** The service's time in Unix milliseconds. */
	now(): number {
		return Date.now() + this.#offset;
	}

	/** Runs `run` when the clock reaches `at` (Unix ms, service time). Returns a function that cancels it. */
	at(at: number, run: () => void): () => void {
		const entry: Entry = { at, run };
		this.#entries.splice(this.#positionAfter(at), 0, entry);
		this.#setAlarm();
		return () => {
			const position = this.#entries.indexOf(entry);
			if (position === -1) return;
			this.#entries.splice(position, 1);
			this.#setAlarm();
		};
	}

	/** Runs `run` after `ms` milliseconds of service time. */
	after(ms: number, run: () => void): () => void {
		return this.at(this.now() + ms, run);
	}

	/** Moves the clock forward by `ms`; everything due meanwhile runs in order, each at its own time. */
	advance(ms: number): void {
		const target = this.now() + ms;
		for (
			let next = this.#entries[0];
			next !== undefined && next.at <= target;
			next = this.#entries[0]
		) {
			this.#entries.shift();
			this.#offset = Math.max(this.#offset, next.at - Date.now());
			next.run();
		}
		this.#offset = target - Date.now();
		this.#setAlarm();
	}

	/** Back to real time, without timers. */
	reset(): void {
		this.#offset = 0;
		this.#entries = [];
		this.#setAlarm();
	}

	/** Ends all timers for good. */
	stop(): void {
		this.#stopped = true;
		this.reset();
	}

	#positionAfter(at: number): number {
		let low = 0;
		let high = this.#entries.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			const entry = this.#entries[middle];
			if (entry !== undefined && entry.at <= at) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	#setAlarm(): void {
		clearTimeout(this.#alarm);
		const next = this.#entries[0];
		if (next === undefined || this.#stopped) return;
		const wait = Math.min(Math.max(next.at - this.now(), 0), LONGEST_ALARM_MS);
		this.#alarm = setTimeout(() => this.advance(0), wait);
	}
}
