// Time that passes: a sleep, whatever the time of day does meanwhile, and a signal that goes off after a time.
import { abortAfter, clock } from '../../../nodes/Kling/n8n/clock';

const DAY = 24 * 60 * 60 * 1000;
const aborted = async (signal: AbortSignal) =>
	await new Promise<boolean>((resolve) => {
		if (signal.aborted) resolve(true);
		signal.addEventListener('abort', () => resolve(true), { once: true });
		setTimeout(() => resolve(false), 100);
	});

describe('a signal that aborts after a time', () => {
	it.each([1, 0.5, 0, -DAY])('goes off soon where that is %d ms', async (ms) => {
		expect(await aborted(abortAfter(ms))).toBe(true);
	});

	it.each([DAY, 30 * DAY, 400 * DAY])('does not go off at once where that is %d ms', async (ms) => {
		expect(await aborted(abortAfter(ms))).toBe(false);
	});
});

describe('a sleep', () => {
	afterEach(() => jest.restoreAllMocks());

	it.each([-5 * DAY, 5 * DAY])(
		'is as long as it was told when the clock is set by %d ms',
		async (jump) => {
			const began = performance.now();
			const real = Date.now();
			const sleeping = clock.sleep(300);
			jest.spyOn(Date, 'now').mockReturnValue(real + jump);
			await sleeping;
			const took = performance.now() - began;
			expect(took).toBeGreaterThan(250);
			expect(took).toBeLessThan(2_000);
		},
	);
});
