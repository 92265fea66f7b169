// Preloaded into an n8n: while its process is idle its clock runs ahead, while it computes time passes as always.
//
// A video of 20 minutes is then waited for in one, with every timer, wake and request in its place: what
// n8n computes takes as long as ever, only the waiting in between is left out. The file in
// KLING_BENCH_CLOCK holds two doubles: how far the clock is ahead (written here) and how far it may run
// ahead at each idle tick (read here; 0 is an ordinary clock), both in milliseconds.
import { subscribe } from 'node:diagnostics_channel';
import { openSync, readSync, writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';

/** How often it looks whether the process is idle. */
const TICK_MS = 20;
/** Two idle ticks in a row, so that a look into the database is not skipped over. */
const IDLE_TICKS = 2;
const IDLE_SHARE = 0.15;
/** Timers below it are real: they belong to computing, not to waiting. */
const SHORT_MS = 50;

const file = process.env.KLING_BENCH_CLOCK;
// n8n's task runner inherits the options, not the clock.
if (file !== undefined && process.argv[1]?.endsWith('/bin/n8n')) install(file);

function install(path) {
	const real = {
		Date: globalThis.Date,
		setTimeout: globalThis.setTimeout,
		setInterval: globalThis.setInterval,
		clearTimeout: globalThis.clearTimeout,
		performanceNow: performance.now.bind(performance),
		sleep: promises.setTimeout,
	};
	const shared = openSync(path, 'r+');
	const numbers = new Float64Array(2);
	const bytes = new Uint8Array(numbers.buffer);
	let ahead = 0;
	/** Waiting timers, soonest first. */
	let queue = [];
	let alarm;

	const now = () => real.Date.now() + ahead;

	class Timer {
		constructor(run, ms, repeats) {
			Object.assign(this, { run, ms: Math.min(Math.max(1, ms), 2 ** 31 - 1), repeats });
			this.schedule();
		}
		schedule() {
			this.due = now() + this.ms;
			let low = 0;
			for (let high = queue.length; low < high;) {
				const middle = (low + high) >>> 1;
				if (queue[middle].due <= this.due) low = middle + 1;
				else high = middle;
			}
			queue.splice(low, 0, this);
			if (low === 0) setAlarm();
		}
		fire() {
			if (this.repeats) this.schedule();
			this.run();
		}
		close() {
			const place = queue.indexOf(this);
			if (place !== -1) queue.splice(place, 1);
			this.repeats = false;
			return this;
		}
		refresh() {
			const { repeats } = this;
			this.close();
			this.repeats = repeats;
			this.schedule();
			return this;
		}
		ref() {
			return this;
		}
		unref() {
			return this;
		}
		hasRef() {
			return false;
		}
		[Symbol.dispose]() {
			this.close();
		}
	}

	function setAlarm() {
		real.clearTimeout(alarm);
		if (queue.length === 0) return;
		alarm = real.setTimeout(runDue, Math.max(1, queue[0].due - now()));
		// n8n's servers keep the process alive.
		alarm.unref();
	}

	/** Runs what is due, in order, each at its own time. */
	function runDue() {
		while (queue.length > 0 && queue[0].due <= now()) queue.shift().fire();
		setAlarm();
	}

	function skip(ms) {
		const target = now() + ms;
		while (queue.length > 0 && queue[0].due <= target) {
			ahead = Math.max(ahead, queue[0].due - real.Date.now());
			queue.shift().fire();
		}
		ahead = target - real.Date.now();
		numbers[0] = ahead;
		writeSync(shared, bytes, 0, 8, 0);
		setAlarm();
	}

	const timerOf = (first, repeats) =>
		function set(run, ms = 1, ...args) {
			if (!(ms >= SHORT_MS)) return first(run, ms, ...args);
			return new Timer(args.length === 0 ? run : () => run(...args), ms, repeats);
		};
	const clearOf = (first) =>
		function clear(timer) {
			if (timer instanceof Timer) timer.close();
			else first(timer);
		};
	const replaced = {
		setTimeout: timerOf(real.setTimeout, false),
		setInterval: timerOf(real.setInterval, true),
		clearTimeout: clearOf(real.clearTimeout),
		clearInterval: clearOf(globalThis.clearInterval),
	};
	// `util.promisify(setTimeout)` looks for it.
	const sleep = (ms = 1, value = undefined, options = {}) =>
		new Promise((done, failed) => {
			const { signal } = options;
			if (signal?.aborted) return failed(signal.reason);
			const timer = replaced.setTimeout(() => {
				signal?.removeEventListener('abort', stop);
				done(value);
			}, ms);
			const stop = () => {
				replaced.clearTimeout(timer);
				failed(signal.reason);
			};
			signal?.addEventListener('abort', stop, { once: true });
		});
	Object.defineProperty(replaced.setTimeout, Symbol.for('nodejs.util.promisify.custom'), {
		value: sleep,
	});
	Object.assign(globalThis, replaced);
	Object.assign(timers, replaced);
	promises.setTimeout = sleep;

	function SkippingDate(...args) {
		if (new.target === undefined) return new real.Date(now()).toString();
		return Reflect.construct(real.Date, args.length === 0 ? [now()] : args, new.target);
	}
	SkippingDate.prototype = real.Date.prototype;
	Object.assign(SkippingDate, { now, parse: real.Date.parse, UTC: real.Date.UTC });
	real.Date.prototype.constructor = SkippingDate;
	globalThis.Date = SkippingDate;
	performance.now = () => real.performanceNow() + ahead;
	syncBuiltinESMExports();

	// Who waits for an answer is not idle.
	const asked = new Set();
	subscribe('http.client.request.start', ({ request }) => asked.add(request));
	subscribe('http.client.response.finish', ({ request }) => asked.delete(request));
	subscribe('http.client.request.error', ({ request }) => asked.delete(request));

	let seen = performance.eventLoopUtilization();
	let idle = 0;
	real
		.setInterval(() => {
			const current = performance.eventLoopUtilization();
			const { utilization } = performance.eventLoopUtilization(current, seen);
			seen = current;
			idle = utilization < IDLE_SHARE && asked.size === 0 ? idle + 1 : 0;
			if (idle < IDLE_TICKS) return;
			readSync(shared, bytes, 8, 8, 8);
			if (numbers[1] > 0) skip(numbers[1]);
		}, TICK_MS)
		.unref();
}
