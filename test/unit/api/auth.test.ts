// The Authorization header: keys as they are pasted, and tokens that survive a clock that is off.
import { createHmac } from 'node:crypto';
import { authorizationHeader, cleanKey } from '../../../nodes/Kling/api/auth';
import { stripSecrets } from '../../../nodes/Kling/api/sanitize';
import { KlingApiError } from '../../../nodes/Kling/api/errors/error';

import fc from 'fast-check';

const NOW = 1_780_000_000_123;
const apiKey = (key: string, fields: object = {}) =>
	authorizationHeader({ provider: 'klingGlobal', authType: 'apiKey', apiKey: key, ...fields }, NOW);
const pair = {
	provider: 'klingChina',
	authType: 'accessKey',
	accessKey: 'AK-1',
	secretKey: 'SK-1',
};

describe('an API key', () => {
	test.each([
		'key-1',
		'  key-1 ',
		'key-1\n',
		'key\n-1',
		'Bearer key-1',
		'bearer   key-1',
		'Bearer Bearer key-1',
		'"key-1"',
		"'Bearer key-1'",
		'`key-1`',
		'Authorization: Bearer key-1',
		'\u200bkey-1\ufeff',
		'\u00a0key-1\u00a0',
		'key\u200b-1',
	])('pasted as %j is sent as Bearer key-1', (pasted) => {
		expect(apiKey(pasted)).toBe('Bearer key-1');
	});

	test('is sent bare where a custom service wants it bare, and only there', () => {
		expect(apiKey('Bearer key-1', { provider: 'custom', authScheme: 'none' })).toBe('key-1');
		expect(apiKey('key-1', { provider: 'hingnet', authScheme: 'none' })).toBe('Bearer key-1');
	});

	test('that starts like a scheme is left whole', () => {
		expect(cleanKey('bearer-key-1')).toBe('bearer-key-1');
	});

	test.each(['', '   ', 'Bearer', 'Bearer ', '""', '\u200b'])(
		'%j is missing, which is said',
		(pasted) => {
			expect(() => apiKey(pasted)).toThrow("The 'API Key' of the Kling API credential is empty");
		},
	);

	test('with characters that no header takes is refused, without showing it', () => {
		expect(() => apiKey('kéy-1')).toThrow('contains characters that no key has');
		expect(() => apiKey('kéy-1')).not.toThrow('kéy');
	});

	test('cleaning twice changes nothing', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (pasted) => {
				expect(cleanKey(cleanKey(pasted))).toBe(cleanKey(pasted));
			}),
		);
	});
});

describe('an access key with its secret key', () => {
	function tokenOf(fields: object = {}, now = NOW) {
		const header = authorizationHeader({ ...pair, ...fields }, now);
		const [head = '', claims = '', signature = ''] = header.replace('Bearer ', '').split('.');
		const decode = (part: string) =>
			JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
		return {
			header,
			head,
			claims,
			signature,
			headFields: decode(head),
			claimFields: decode(claims),
		};
	}

	test('is a JWT, signed with HS256', () => {
		const { header, head, claims, signature, headFields, claimFields } = tokenOf();
		expect(header).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
		expect(headFields).toEqual({ alg: 'HS256', typ: 'JWT' });
		expect(claimFields).toEqual({ iss: 'AK-1', exp: expect.any(Number), nbf: expect.any(Number) });
		expect(signature).toBe(
			createHmac('sha256', 'SK-1').update(`${head}.${claims}`).digest('base64url'),
		);
	});

	test('is valid for a service whose clock is up to 90 seconds off, and never for more than 30 minutes', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1_600_000_000_000, max: 4_000_000_000_000 }),
				fc.integer({ min: -89, max: 89 }),
				(now, skew) => {
					const { exp, nbf } = tokenOf({}, now).claimFields as { exp: number; nbf: number };
					const service = Math.floor(now / 1000) + skew;
					expect(nbf).toBeLessThanOrEqual(service);
					expect(exp - service).toBeGreaterThan(600);
					expect(exp - service).toBeLessThanOrEqual(1800);
					expect(exp - nbf).toBeLessThanOrEqual(1800);
				},
			),
		);
	});

	test('is cleaned like every key', () => {
		expect(tokenOf({ accessKey: ' AK-1\n', secretKey: '"SK-1"' }).header).toBe(tokenOf().header);
	});

	test.each<[object, string]>([
		[{ accessKey: '' }, "The 'Access Key' of the Kling API credential is empty"],
		[{ secretKey: ' ' }, "The 'Secret Key' of the Kling API credential is empty"],
		[{ secretKey: undefined }, "The 'Secret Key' of the Kling API credential is empty"],
	])('without one of the two (%j) is refused', (fields, message) => {
		expect(() => tokenOf(fields)).toThrow(message);
		expect(() => tokenOf(fields)).toThrow(KlingApiError);
	});
});

describe('keys in a service’s words', () => {
	const token = authorizationHeader(pair, NOW);
	test.each<[string, string]>([
		['Bearer abc.DEF-123_x is wrong', 'Bearer *** is wrong'],
		[`token ${token.slice(7)} expired`, 'token *** expired'],
		[token, 'Bearer ***'],
		['Incorrect API key provided: sk-proj-abc***xyz.', 'Incorrect API key provided: ***.'],
		['key api-key-kling-AbC_1-2 not found', 'key *** not found'],
		['secret whsec_dGVzdA== bad', 'secret *** bad'],
		['{"apiKey":"1234567890"}', '{"apiKey":"***"}'],
		['api_key=1234567890&x=1', 'api_key=***&x=1'],
		['bce-v3/ALTAK-x/9f8e is invalid', '*** is invalid'],
	])('%s', (said, shown) => {
		expect(stripSecrets(said)).toBe(shown);
	});

	test.each([
		'api key not found',
		'Authorization is empty',
		'invalid token',
		'task sk not found',
		'The image_list is required',
		'password: short',
	])('"%s" is left as it is', (said) => {
		expect(stripSecrets(said)).toBe(said);
	});

	test('the credential’s own are masked in every spelling, the longer first', () => {
		const secrets = ['pass', 'pass/word+1', 'abc'];
		expect(stripSecrets('pass/word+1 pass%2Fword%2B1 pass abc', secrets)).toBe('*** *** *** abc');
	});
});
