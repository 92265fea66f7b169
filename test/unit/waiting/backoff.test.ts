// How long is waited before the next question, and how Stop cuts a wait short.
import fc from 'fast-check';

import {
	againDelayMs,
	busyDelayMs,
	orStopped,
	pollDelayMs,
	whenStopped,
} from '../../../nodes/Kling/waiting/backoff';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const chance = fc.double({ min: 0, max: 0.999999, noNaN: true });

describe(`back-off (seed ${seed})`, () => {
	it('leaves a busy service alone for 1 s to 60 s, longer from round to round', () => {
		fc.assert(
			fc.property(fc.nat({ max: 100 }), chance, (round, number) => {
				const delay = busyDelayMs(round, () => number);
				expect(delay).toBeGreaterThanOrEqual(1_000);
				expect(delay).toBeLessThanOrEqual(Math.min(60_000, 2_000 * 2 ** round));
			}),
			{ seed },
		);
		expect(busyDelayMs(9, () => 0.999)).toBeGreaterThan(59_000);
	});

	it('takes the service at its word', () => {
		expect(busyDelayMs(5, () => 0.5, 7_000)).toBe(7_000);
		expect(againDelayMs(5, () => 0.5, 7_000)).toBe(7_000);
		expect(busyDelayMs(0, () => 0.5, 0)).toBe(1_500);
	});

	it('repeats look-ups after 0.5 s to 15 s', () => {
		fc.assert(
			fc.property(fc.nat({ max: 100 }), chance, (round, number) => {
				const delay = againDelayMs(round, () => number);
				expect(delay).toBeGreaterThanOrEqual(500);
				expect(delay).toBeLessThanOrEqual(15_000);
			}),
			{ seed },
		);
	});
});

describe('poll interval', () => {
	const middle = () => 0.5;

	it('starts at what the user asked for and grows mildly, to three times that or a minute', () => {
		expect(pollDelayMs(10_000, 0, middle)).toBe(10_000);
		expect(pollDelayMs(10_000, 1, middle)).toBeCloseTo(11_500);
		expect(pollDelayMs(10_000, 99, middle)).toBe(30_000);
		expect(pollDelayMs(40_000, 99, middle)).toBe(60_000);
	});

	it('is never shorter than the user asked for, but for the jitter', () => {
		expect(pollDelayMs(300_000, 5, middle)).toBe(300_000);
		expect(pollDelayMs(10_000, 0, () => 0)).toBe(9_000);
		expect(pollDelayMs(10_000, 0, () => 0.9999)).toBeLessThan(11_000);
	});

	it('stretches while the service does not answer', () => {
		expect(pollDelayMs(1_000, 0, middle, 6)).toBeGreaterThan(20_000);
		expect(pollDelayMs(1_000, 0, middle, 1, 45_000)).toBe(45_000);
	});
});

describe('Stop', () => {
	it('cuts a wait short', async () => {
		const stop = new AbortController();
		const never = new Promise(() => undefined);
		const waiting = orStopped(never, stop.signal);
		stop.abort();
		expect(await waiting).toBe('stopped');
		expect(await orStopped(never, stop.signal)).toBe('stopped');
	});

	it('leaves an answer that came first as it is', async () => {
		expect(await orStopped(Promise.resolve(7), new AbortController().signal)).toBe(7);
		expect(await orStopped(Promise.resolve(7), undefined)).toBe(7);
	});

	it('puts one listener on a signal, however many wait', () => {
		const stop = new AbortController();
		const added = jest.spyOn(stop.signal, 'addEventListener');
		let calls = 0;
		const forget = Array.from({ length: 100 }, () => whenStopped(stop.signal, () => (calls += 1)));
		forget.slice(0, 40).forEach((take) => take());
		stop.abort();
		expect(added).toHaveBeenCalledTimes(1);
		expect(calls).toBe(60);
	});
});
