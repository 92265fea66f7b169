// Which tokens in the URL are right.
import fc from 'fast-check';

import { isToken } from '../../../nodes/Kling/callbacks/token';

test('the expected token is right, also when blanks were pasted around it into the credential', () => {
	expect(isToken('s3cret-token', 's3cret-token')).toBe(true);
	expect(isToken('s3cret-token', ' s3cret-token\n')).toBe(true);
});

test('without an expected token nothing is right', () => {
	expect(isToken('', '')).toBe(false);
	expect(isToken('   ', '   ')).toBe(false);
	expect(isToken(undefined, '')).toBe(false);
});

test('a token that is missing, given twice or no text is wrong', () => {
	expect(isToken(undefined, 'abc')).toBe(false);
	expect(isToken(['abc', 'abc'], 'abc')).toBe(false);
	expect(isToken({ abc: 'abc' }, 'abc')).toBe(false);
});

test('every other text is wrong, whatever its length', () => {
	fc.assert(
		fc.property(fc.string(), fc.string({ minLength: 1 }), (given, expected) => {
			expect(isToken(given, expected)).toBe(expected.trim() !== '' && given === expected.trim());
		}),
	);
});
