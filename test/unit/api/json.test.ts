// JSON text of a service: every digit is kept, and no text takes long.
import { parseJson } from '../../../nodes/Kling/api/reply/json';

describe('JSON text', () => {
	it('keeps the digits of long numbers, also beside digits in strings', () => {
		expect(parseJson('{"task_id":867283741759111202,"note":"867283741759111202","n":5}')).toEqual({
			task_id: '867283741759111202',
			note: '867283741759111202',
			n: 5,
		});
	});

	it('that is none is told apart at once, whatever it is made of', () => {
		const started = performance.now();
		expect(parseJson(`{"id":1234567890123456789,"a":${'"\\'.repeat(200_000)}`)).toBeUndefined();
		// A quadratic search took a minute here; a linear one takes some milliseconds.
		expect(performance.now() - started).toBeLessThan(2_000);
	});
});
