// Which calls come from whoever has the secret: Standard Webhooks with the service's own vector, and tokens in the URL.
import { createHmac } from 'node:crypto';

import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';

import { checkSignature, isToken } from '../../../nodes/Kling/callbacks/signature';

/** Published by the service: https://kling.ai/document-api/api/get-started/callbacks */
const vector = {
	secret: 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=',
	id: '9876543210',
	timestamp: '1781080794',
	signature: 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=',
	body: '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}',
};
const signedAtMs = Number(vector.timestamp) * 1000;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

const check = (over: Partial<typeof vector> = {}, nowMs = signedAtMs) => {
	const { secret, body, ...given } = { ...vector, ...over };
	return checkSignature(bytes(body), given, secret, nowMs);
};

test("the service's published vector is genuine", () => {
	expect(check()).toEqual({ kind: 'genuine' });
});

test('the secret works without its prefix and with blanks around it', () => {
	expect(check({ secret: vector.secret.slice('whsec_'.length) })).toEqual({ kind: 'genuine' });
	expect(check({ secret: ` ${vector.secret}\n` })).toEqual({ kind: 'genuine' });
});

test('while a secret is rotated, any one of several signatures is enough', () => {
	const old = 'v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
	expect(check({ signature: `${old} ${vector.signature}` })).toEqual({ kind: 'genuine' });
	expect(check({ signature: `${vector.signature} ${old}` })).toEqual({ kind: 'genuine' });
	expect(check({ signature: `${old} ${old}` })).toMatchObject({ why: 'no signature matches' });
});

test('only version v1 counts', () => {
	expect(check({ signature: vector.signature.replace('v1,', 'v2,') })).toMatchObject({
		why: 'no signature matches',
	});
	expect(check({ signature: vector.signature.slice('v1,'.length) })).toMatchObject({
		why: 'no signature matches',
	});
	expect(check({ signature: vector.signature.replace('v1,', 'v1a,') })).toMatchObject({
		why: 'no signature matches',
	});
});

test.each([
	[300, { kind: 'genuine' }],
	[-300, { kind: 'genuine' }],
	[301, { kind: 'refused', why: 'timestamp too old' }],
	[-301, { kind: 'refused', why: 'timestamp too new' }],
])('at an age of %i seconds the check says %o', (ageS, expected) => {
	expect(check({}, signedAtMs + ageS * 1000)).toEqual(expected);
});

test.each([
	[
		{ id: undefined, timestamp: vector.timestamp, signature: vector.signature },
		'signature headers missing',
	],
	[
		{ id: vector.id, timestamp: undefined, signature: vector.signature },
		'signature headers missing',
	],
	[
		{ id: vector.id, timestamp: vector.timestamp, signature: undefined },
		'signature headers missing',
	],
	[
		{ id: '', timestamp: vector.timestamp, signature: vector.signature },
		'signature headers missing',
	],
	[{ id: vector.id, timestamp: 'soon', signature: vector.signature }, 'timestamp is no number'],
	[
		{ id: vector.id, timestamp: `${vector.timestamp}.5`, signature: vector.signature },
		'timestamp is no number',
	],
])('headers %o are refused: %s', (given, why) => {
	expect(checkSignature(bytes(vector.body), given, vector.secret, signedAtMs)).toEqual({
		kind: 'refused',
		why,
	});
});

test('without a usable secret nothing is genuine', () => {
	expect(check({ secret: '' })).toMatchObject({ why: 'no secret to check with' });
	expect(check({ secret: 'whsec_' })).toMatchObject({ why: 'secret is too short' });
	expect(check({ secret: 'whsec_not base64!' })).toMatchObject({ why: 'secret is not Base64' });
});

test.each(['whsec_A', 'whsec_=', 'A', `whsec_${Buffer.alloc(23, 7).toString('base64')}`])(
	'the secret %s decodes to fewer than 24 bytes, with which nothing is genuine',
	(secret) => {
		const { id, timestamp, body } = vector;
		const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
		const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
		expect(check({ secret, signature: `v1,${digest}` }).kind).toBe('refused');
	},
);

test('24 bytes are enough', () => {
	const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
	const signature = new Webhook(secret).sign(vector.id, new Date(signedAtMs), vector.body);
	expect(check({ secret, signature })).toEqual({ kind: 'genuine' });
});

test('an empty body can be signed', () => {
	const signature = new Webhook(vector.secret).sign(vector.id, new Date(signedAtMs), '');
	expect(check({ body: '', signature })).toEqual({ kind: 'genuine' });
});

test('whatever the reference library signs is genuine, and one changed byte is not', () => {
	fc.assert(
		fc.property(
			fc.uint8Array({ minLength: 24, maxLength: 64 }),
			fc.string({ minLength: 1, maxLength: 500 }).filter((id) => !id.includes('\n')),
			fc.string({ unit: 'grapheme' }),
			fc.nat({ max: 4_000_000_000 }),
			fc.nat(),
			(key, id, body, seconds, position) => {
				const secret = `whsec_${Buffer.from(key).toString('base64')}`;
				const signature = new Webhook(secret).sign(id, new Date(seconds * 1000), body);
				const given = { id, timestamp: String(seconds), signature };
				const nowMs = seconds * 1000;
				expect(checkSignature(bytes(body), given, secret, nowMs)).toEqual({ kind: 'genuine' });
				const forged = Uint8Array.from([...bytes(body), 0]);
				const at = position % forged.length;
				forged[at] = (forged[at] ?? 0) ^ 1;
				expect(checkSignature(forged, given, secret, nowMs)).toMatchObject({ kind: 'refused' });
			},
		),
	);
});

test('no input makes it throw, and no result holds the secret', () => {
	const odd = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
	fc.assert(
		fc.property(
			odd,
			odd,
			odd,
			fc.string({ minLength: 8 }),
			fc.uint8Array(),
			(id, timestamp, signature, secret, body) => {
				const result = checkSignature(body, { id, timestamp, signature }, secret, signedAtMs);
				expect(result.kind).toBe('refused');
				expect(JSON.stringify(result)).not.toContain(secret);
			},
		),
	);
});

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
