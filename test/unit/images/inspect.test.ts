// Facts from bytes: agree with other readers on real files, and hold against broken ones.
import fc from 'fast-check';
import { imageSize } from 'image-size';
import sharp from 'sharp';

import { inspectImage } from '../../../nodes/Kling/images/inspect';

const noise = (width: number, height: number, channels: 3 | 4 = 3) =>
	sharp({
		create: { width, height, channels, background: { r: 9, g: 99, b: 199, alpha: 0.5 } },
	});

const sides = fc.integer({ min: 1, max: 700 });

describe('a PNG or JPEG made by sharp', () => {
	it('has the sides that sharp and image-size read, whatever its variant', async () => {
		await fc.assert(
			fc.asyncProperty(
				sides,
				sides,
				fc.constantFrom('png', 'png16', 'palette', 'adam7', 'jpeg', 'progressive', 'cmyk', 'gray'),
				async (width, height, variant) => {
					const bytes = await variants[variant](width, height);
					const metadata = await sharp(bytes).metadata();
					const size = imageSize(bytes);
					expect(inspectImage(bytes)).toEqual({
						type: metadata.format,
						bytes: bytes.length,
						width: metadata.width,
						height: metadata.height,
						ending: 'whole',
					});
					expect(size).toMatchObject({ width, height });
				},
			),
			{ numRuns: 60 },
		);
	});

	it.each([1, 2, 3, 4, 5, 6, 7, 8])(
		'has its sides as shown with EXIF orientation %i',
		async (orientation) => {
			const bytes = await noise(640, 320).jpeg().withMetadata({ orientation }).toBuffer();
			const { autoOrient } = await sharp(bytes).metadata();
			expect(inspectImage(bytes)).toMatchObject(autoOrient);
		},
	);

	it('may have fill bytes before a marker', async () => {
		const plain = await noise(320, 310).jpeg().toBuffer();
		const filled = Buffer.concat([
			plain.subarray(0, 2),
			Buffer.from([0xff, 0xff, 0xff]),
			plain.subarray(2),
		]);
		expect(inspectImage(filled)).toMatchObject({ width: 320, height: 310, ending: 'whole' });
	});

	it('may have bytes after its end', async () => {
		const bytes = await noise(320, 310).jpeg().toBuffer();
		const facts = inspectImage(Buffer.concat([bytes, Buffer.from('trailer')]));
		expect(facts).toMatchObject({ width: 320, ending: 'whole' });
	});

	it('lacks the mark of its end even when a thumbnail inside it has one', async () => {
		const plain = await noise(320, 310).jpeg().toBuffer();
		const thumbnail = Buffer.from([0xff, 0xe1, 0, 8, 0, 0, 0xff, 0xd8, 0xff, 0xd9]);
		const whole = Buffer.concat([plain.subarray(0, 2), thumbnail, plain.subarray(2)]);
		expect(inspectImage(whole)).toMatchObject({ width: 320, ending: 'whole' });
		expect(inspectImage(whole.subarray(0, -2))).toMatchObject({ width: 320, ending: 'unmarked' });
	});

	it('may be a JPEG without its last two bytes, as every decoder reads it', async () => {
		for (const progressive of [false, true]) {
			const whole = await noise(333, 301).jpeg({ progressive }).toBuffer();
			const facts = { width: 333, height: 301, ending: 'unmarked' };
			expect(inspectImage(whole.subarray(0, -2))).toMatchObject(facts);
			const decode = async (file: Buffer) => await sharp(file, { failOn: 'none' }).raw().toBuffer();
			const decoded = await decode(whole.subarray(0, -2));
			expect(decoded.equals(await decode(whole))).toBe(true);
		}
	});

	it('is known to lack its end wherever it is cut, or to be broken', async () => {
		const files = await Promise.all([
			noise(333, 301).jpeg().toBuffer(),
			noise(333, 301).jpeg({ progressive: true }).toBuffer(),
			noise(333, 301).png().toBuffer(),
		]);
		fc.assert(
			fc.property(
				fc.constantFrom(...files),
				fc.double({ min: 0, max: 0.999, noNaN: true }),
				(file, share) => {
					const cut = file.subarray(0, Math.floor(file.length * share));
					const { type, ending } = inspectImage(cut);
					expect(ending).not.toBe('whole');
					if (type === 'png') expect(ending).not.toBe('unmarked');
				},
			),
		);
	});

	it('is cut off where its pictures would begin', async () => {
		const whole = await noise(320, 310).jpeg().toBuffer();
		const scan = whole.indexOf(Buffer.from([0xff, 0xda]));
		for (const length of [scan + 2, scan + 6, scan + 2 + whole.readUInt16BE(scan + 2)]) {
			expect(inspectImage(whole.subarray(0, length)).ending).toBe('cut');
		}
	});

	it('gives facts or nothing when any of its bytes are changed', async () => {
		const files = await Promise.all([
			noise(40, 30).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
			noise(40, 30).png().toBuffer(),
		]);
		const change = fc.tuple(fc.nat(2000), fc.nat(255));
		fc.assert(
			fc.property(
				fc.constantFrom(...files),
				fc.array(change, { minLength: 1 }),
				(file, changes) => {
					const copy = Buffer.from(file);
					for (const [at, value] of changes) copy[at % copy.length] = value;
					const facts = inspectImage(copy);
					expect(facts.bytes).toBe(file.length);
					if (facts.width !== undefined) expect(facts.width).toBeGreaterThan(0);
				},
			),
			{ numRuns: 500 },
		);
	});
});

describe('other content', () => {
	it('never ends in an exception', () => {
		const starts = [
			'',
			'\xff\xd8\xff',
			'\xff\xd8\xff\xe1',
			'\x89PNG\r\n\x1a\n',
			'\0\0\0\x18ftyp',
			'RIFF',
		];
		fc.assert(
			fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), (start, rest) => {
				const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest]);
				expect(inspectImage(bytes).bytes).toBe(bytes.length);
			}),
			{ numRuns: 2000 },
		);
	});

	it.each(['webp', 'gif', 'tiff', 'avif'] as const)('is told as %s', async (format) => {
		const bytes = await noise(20, 20).toFormat(format).toBuffer();
		expect(inspectImage(bytes)).toEqual({ type: format, bytes: bytes.length });
	});

	it.each<[string, Buffer, string]>([
		['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'heic'],
		[
			'HEIC with a general brand',
			Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'latin1'),
			'heic',
		],
		['MP4', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isomiso2', 'latin1'), 'mp4'],
		['BMP', Buffer.from('BM\0\0\0\0\0\0'), 'bmp'],
		['PDF', Buffer.from('%PDF-1.7'), 'pdf'],
		['SVG', Buffer.from('<?xml version="1.0"?>\n<svg width="9">'), 'svg'],
		['a web page', Buffer.from('\ufeff\n<!DOCTYPE html><html>'), 'html'],
		['JSON', Buffer.from('{"error":"no access"}'), 'json'],
		['nothing', Buffer.alloc(0), 'empty'],
		['words', Buffer.from('hello'), 'unknown'],
	])('is told as %s', (_, bytes, type) => {
		expect(inspectImage(bytes).type).toBe(type);
	});
});

const variants = {
	png: (w: number, h: number) => noise(w, h, 4).png().toBuffer(),
	png16: (w: number, h: number) => noise(w, h).toColourspace('rgb16').png().toBuffer(),
	palette: (w: number, h: number) => noise(w, h).png({ palette: true }).toBuffer(),
	adam7: (w: number, h: number) => noise(w, h).png({ progressive: true }).toBuffer(),
	jpeg: (w: number, h: number) => noise(w, h).jpeg().toBuffer(),
	progressive: (w: number, h: number) => noise(w, h).jpeg({ progressive: true }).toBuffer(),
	cmyk: (w: number, h: number) => noise(w, h).toColourspace('cmyk').jpeg().toBuffer(),
	gray: (w: number, h: number) => noise(w, h).greyscale().jpeg().toBuffer(),
};
