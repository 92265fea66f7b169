// JSON text of a service: every digit is kept, and no text takes long.
import fc from 'fast-check';

import { parseJson } from '../../../nodes/Kling/api/reply/json';
import { cpuMs } from '../support/cpuTime';

const RUNS = { numRuns: 400 };

describe('JSON text', () => {
	it('keeps the digits of long numbers, also beside digits in strings', () => {
		expect(parseJson('{"task_id":867283741759111202,"note":"867283741759111202","n":5}')).toEqual({
			task_id: '867283741759111202',
			note: '867283741759111202',
			n: 5,
		});
	});

	it('that is none is told apart at once, whatever it is made of', () => {
		const started = cpuMs();
		expect(parseJson(`{"id":1234567890123456789,"a":${'"\\'.repeat(200_000)}`)).toBeUndefined();
		// A quadratic search took a minute here; a linear one takes some milliseconds.
		expect(cpuMs() - started).toBeLessThan(2_000);
	});

	it('is read as JSON.parse reads it, where no number is too long', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
				const text = JSON.stringify(value, undefined, indent);
				fc.pre(!/\d{16}/.test(text));
				expect(parseJson(`\ufeff${text}`)).toEqual(JSON.parse(text));
			}),
			RUNS,
		);
	});

	it('keeps every digit of every integer', () => {
		fc.assert(
			fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (id) => {
				const { a } = parseJson(`{"a":${id},"b":"${id} 1e5"}`) as { a: unknown };
				expect(String(a)).toBe(String(id));
			}),
			RUNS,
		);
	});

	it('that is none is undefined', () => {
		for (const text of ['', ' ', '<html>', '{"a":', 'undefined', "{'a':1}", '"a', '[1,]']) {
			expect(parseJson(text)).toBeUndefined();
		}
	});

	it('of many megabytes is read without running out of stack', () => {
		const long = 'x'.repeat(8_000_000);
		expect(parseJson(JSON.stringify({ a: long }))).toEqual({ a: long });
	});
});
