// The inspector on real MP4 files, whole, cut and in pieces of any size, and on what is no MP4.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { createMp4Inspector, type Mp4Result } from '../../../nodes/Kling/video/mp4';

const sample = (name: string) => readFileSync(join(__dirname, 'samples', name));
const whole = ['index-last.mp4', 'index-first.mp4', 'fragmented.mp4'];

function inspect(content: Uint8Array, cuts: number[] = []): Mp4Result {
	const inspector = createMp4Inspector();
	const edges = [0, ...cuts.map((cut) => cut % (content.length + 1)), content.length];
	edges.sort((a, b) => a - b);
	for (let index = 1; index < edges.length; index += 1) {
		inspector.push(content.subarray(edges[index - 1], edges[index]));
	}
	return inspector.end();
}

function box(type: string, payload: Uint8Array = Buffer.alloc(0), size?: number): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt32BE(size ?? payload.length + 8);
	header.write(type, 4, 'latin1');
	return Buffer.concat([header, payload]);
}

function longBox(type: string, payload: Uint8Array): Buffer {
	const size = Buffer.alloc(8);
	size.writeBigUInt64BE(BigInt(payload.length + 16));
	return Buffer.concat([box(type, size, 1), payload]);
}

const ftyp = box('ftyp', Buffer.from('isom\0\0\0\0isom'));
const moov = box('moov', box('trak', box('mdia')));
const mdat = box('mdat', Buffer.alloc(100, 7));

describe('a whole MP4', () => {
	it.each(whole)('%s is complete', (name) => {
		const content = sample(name);
		const bytes = content.length;
		expect(inspect(content)).toEqual({ kind: 'complete', hasTrailer: false, bytes });
	});

	it.each(whole)('%s is told the same in pieces of any size', (name) => {
		const content = sample(name);
		const expected = inspect(content);
		fc.assert(
			fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
				expect(inspect(content, cuts)).toEqual(expected);
			}),
		);
		expect(inspect(content, [...content.keys()])).toEqual(expected);
	});

	it('may have 64-bit sizes, free space and a last box that reaches to the end', () => {
		const content = [ftyp, box('free', Buffer.alloc(3)), moov, longBox('mdat', Buffer.alloc(99))];
		expect(inspect(Buffer.concat(content))).toMatchObject({ kind: 'complete' });
		const open = [ftyp, moov, box('mdat', Buffer.alloc(5000), 0)];
		expect(inspect(Buffer.concat(open))).toMatchObject({ kind: 'complete' });
	});

	it('may have an odd box inside its index', () => {
		const odd = [box('trak', undefined, 99), box('trak', undefined, 5), box('trak', undefined, 0)];
		for (const part of odd) {
			const content = Buffer.concat([ftyp, box('moov', Buffer.concat([moov, part])), mdat]);
			expect(inspect(content)).toMatchObject({ kind: 'complete', hasTrailer: false });
			expect(inspect(content.subarray(0, -1))).toMatchObject({ kind: 'cut' });
		}
	});

	it.each<[string, Buffer]>([
		['a line break', Buffer.from('\r\n')],
		['a few zeros', Buffer.alloc(3)],
		['an ID3 tag', Buffer.concat([Buffer.from('TAGtitle'), Buffer.alloc(120)])],
		['a newer ID3 tag', Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\x10'), Buffer.alloc(16)])],
		['a box of an impossible size', Buffer.concat([box('free', undefined, 5), Buffer.alloc(30)])],
		['a box that is cut', box('free', Buffer.alloc(10), 4000)],
	])('may have %s behind its end, in pieces of any size', (_, trailer) => {
		for (const movie of [
			[ftyp, moov, mdat],
			[ftyp, mdat, moov],
		]) {
			const content = Buffer.concat([...movie, trailer]);
			const expected = { kind: 'complete', hasTrailer: true, bytes: content.length };
			expect(inspect(content)).toEqual(expected);
			expect(inspect(content, [...content.keys()])).toEqual(expected);
		}
	});

	it('may begin with another box than ftyp, which is younger than the format', () => {
		for (const first of ['free', 'skip', 'wide', 'styp']) {
			const content = Buffer.concat([box(first), moov, mdat]);
			expect(inspect(content)).toMatchObject({ kind: 'complete' });
		}
		expect(inspect(Buffer.concat([mdat, moov]))).toMatchObject({ kind: 'complete' });
	});

	it('may be larger than what 32 bits can say', () => {
		const inspector = createMp4Inspector();
		const size = Buffer.alloc(8);
		size.writeBigUInt64BE(BigInt(5 * 1024 ** 3 + 16));
		inspector.push(Buffer.concat([ftyp, moov, box('mdat', size, 1)]));
		const piece = Buffer.alloc(64 * 1024 * 1024);
		for (let sent = 0; sent < 5 * 1024 ** 3; sent += piece.length) inspector.push(piece);
		expect(inspector.end()).toMatchObject({ kind: 'complete' });
	});
});

describe('an MP4 that is not whole', () => {
	it.each(['index-last.mp4', 'index-first.mp4'])('%s is found out wherever it is cut', (name) => {
		const content = sample(name);
		for (let length = 8; length < content.length; length += 1) {
			const verdict = inspect(content.subarray(0, length));
			expect({ length, kind: verdict.kind }).toEqual({ length, kind: 'cut' });
		}
	});

	it.each<[string, Buffer[], string]>([
		['without an index', [ftyp, mdat], 'the index of the file (moov) is missing'],
		['without pictures', [ftyp, moov], 'the pictures of the file (mdat) are missing'],
		['cut in a later fragment', [ftyp, moov, mdat, box('moof', moov, 99)], 'ends in the middle'],
	])('%s says why', (_, boxes, reason) => {
		expect(inspect(Buffer.concat(boxes))).toMatchObject({
			kind: 'cut',
			reason: expect.stringContaining(reason),
		});
	});
});

describe('an MP4 of which nothing is proven', () => {
	it('has a box of an impossible size before its movie is there', () => {
		const content = Buffer.concat([ftyp, box('moov', undefined, 5), mdat]);
		expect(inspect(content)).toEqual({ kind: 'unreadable', bytes: content.length });
	});

	it('has more boxes than a video can have, and is not walked to its end', () => {
		const boxes = Buffer.concat([ftyp, ...Array<Buffer>(100_000).fill(box('free')), moov, mdat]);
		expect(inspect(boxes)).toEqual({ kind: 'unreadable', bytes: boxes.length });
	});
});

describe('what is no MP4', () => {
	it.each([
		['', 'nothing'],
		['\ufeff\n <!DOCTYPE html><html>', 'html'],
		['<HTML><head>', 'html'],
		['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'xml'],
		['{"code":403}', 'json'],
		['Request has expired', 'text'],
		['\u0001\u0002\u0003\u0004 moov', 'unknown'],
		['<', 'xml'],
	])('%j looks like %s', (text, startsLike) => {
		const content = Buffer.from(text);
		expect(inspect(content)).toEqual({ kind: 'notMp4', startsLike, bytes: content.length });
	});

	it('is known after the first bytes', () => {
		const inspector = createMp4Inspector();
		inspector.push(Buffer.from('<!DOCTYPE html>'));
		expect(inspector.notMp4).toBe(true);
	});

	it('never ends in an exception, nor does an MP4 with changed bytes', () => {
		const content = sample('index-first.mp4');
		const change = fc.tuple(fc.nat(1200), fc.nat(255));
		fc.assert(
			fc.property(fc.array(change), fc.array(fc.nat()), (changes, cuts) => {
				const copy = Buffer.from(content);
				for (const [at, value] of changes) copy[at] = value;
				expect(inspect(copy, cuts).bytes).toBe(copy.length);
			}),
			{ numRuns: 1000 },
		);
		fc.assert(
			fc.property(fc.uint8Array(), (bytes) => {
				expect(inspect(bytes).bytes).toBe(bytes.length);
			}),
		);
	});
});
