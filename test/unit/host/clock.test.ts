// A signal that goes off after a time: also where the time is longer than a timer of Node.js can be.
import { abortAfter } from '../../../nodes/Kling/host/clock';

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
