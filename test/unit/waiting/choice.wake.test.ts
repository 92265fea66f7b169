// How long an execution sleeps before it looks for its video again.
import { nextWake, type SliceFacts } from '../../../nodes/Kling/waiting/choice';
import { seeded } from '../support/virtualClock';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const facts = (over: Partial<SliceFacts> = {}): SliceFacts => ({
	now: 0,
	deadline: 30 * MINUTE,
	callbackExpected: false,
	wakes: 0,
	earlyMs: 0,
	muchData: false,
	...over,
});

/** The lengths of all slices of a wait in which nothing ever ends, in seconds. */
function slicesOf(over: Partial<SliceFacts>): number[] {
	const slices: number[] = [];
	let now = 0;
	for (let wakes = 0; now < facts(over).deadline; wakes++) {
		const next = nextWake(facts({ ...over, now, wakes }));
		slices.push((next - now) / SECOND);
		now = next;
	}
	return slices;
}

test('without a callback it looks often at first, then less', () => {
	const minutes25 = [65, 65, 65, 65, 120, 120, 120, 120, 120];
	expect(slicesOf({})).toEqual([...minutes25, 300, 300, 340]);
});

test('with a callback it looks every five minutes', () => {
	expect(slicesOf({ callbackExpected: true })).toEqual(Array(6).fill(300));
});

test('after a call that did not bring the end it looks again a minute later', () => {
	const called = facts({ callbackExpected: true, earlyMs: 100 * SECOND });
	expect(nextWake(called)).toBe(MINUTE);
	expect(nextWake({ ...called, earlyMs: 0 })).toBe(5 * MINUTE);
});

test('an execution with much data looks seldom', () => {
	expect(nextWake(facts({ muchData: true }))).toBe(5 * MINUTE);
});

test('where all slots are taken, so that it wakes up late, it looks seldom', () => {
	expect(nextWake(facts({ earlyMs: -2 * MINUTE }))).toBe(4 * MINUTE);
	expect(nextWake(facts({ earlyMs: -60 * MINUTE }))).toBe(5 * MINUTE);
});

test.each(Array.from({ length: 50 }, (_, seed) => seed))(
	'no slice is shorter than a minute, and the last one ends at the deadline (seed %d)',
	(seed) => {
		const random = seeded(seed);
		const deadline = MINUTE + Math.floor(random() * 60 * MINUTE);
		const now = Math.floor(random() * (deadline - MINUTE));
		const next = nextWake(
			facts({
				now,
				deadline,
				callbackExpected: random() < 0.5,
				wakes: Math.floor(random() * 20),
				earlyMs: Math.floor((random() - 0.5) * 10 * MINUTE),
				muchData: random() < 0.2,
			}),
		);
		expect(next - now).toBeGreaterThanOrEqual(MINUTE);
		expect(next).toBeLessThanOrEqual(deadline);
		// Either the deadline itself, or another whole slice fits behind it.
		if (next !== deadline) expect(deadline - next).toBeGreaterThanOrEqual(MINUTE);
	},
);
