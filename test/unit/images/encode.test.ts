// Base64 in both directions, and digests.
import fc from 'fast-check';

import {
	decodeBase64,
	digestOf,
	encodedLength,
	encodeImage,
} from '../../../nodes/Kling/images/load';

const MEGABYTE = 1024 * 1024;
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

describe('Base64', () => {
	it('comes back as the bytes it was made from, however it is written', () => {
		fc.assert(
			fc.property(bytes, fc.boolean(), fc.boolean(), (content, urlSafe, wrapped) => {
				const plain = content.toString(urlSafe ? 'base64url' : 'base64');
				const text = wrapped ? plain.replace(/(.{7})/g, '$1\r\n') : plain;
				expect(decodeBase64(text, MEGABYTE)).toEqual({ kind: 'bytes', bytes: content });
			}),
		);
	});

	it('is sent raw, and its length is known before', () => {
		fc.assert(
			fc.property(bytes, (content) => {
				expect(encodeImage(content)).toBe(content.toString('base64'));
				expect(encodedLength(content.length)).toBe(encodeImage(content).length);
			}),
		);
	});

	it('is refused as too big before it is decoded, with its size', () => {
		const text = Buffer.alloc(1000).toString('base64');
		expect(decodeBase64(text, 1000)).toMatchObject({ kind: 'bytes' });
		expect(decodeBase64(text, 999)).toEqual({ kind: 'tooBig', bytes: 1000 });
	});

	it.each([
		['AAAAA', 'its length of 5 characters is impossible'],
		['AAA==', 'its length of 5 characters is impossible'],
		['AA=', 'its length of 3 characters is impossible'],
		['AA.A', 'character 3 (".") does not belong to Base64'],
		['AA=AAAA=', 'character 3 ("=") does not belong to Base64'],
		['AAéA', 'character 3 ("é") does not belong to Base64'],
	])('%j is refused with the reason', (text, reason) => {
		expect(decodeBase64(text, MEGABYTE)).toEqual({ kind: 'malformed', reason });
	});
});

it('The digest of a content is its SHA-256', () => {
	expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
	expect(digestOf(Buffer.from('abc'))).toBe(digestOf('abc'));
});
