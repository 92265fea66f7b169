// Two readings of an item's images: one to check, one to send.
import sharp from 'sharp';

import { families } from '../../../nodes/Kling/api/models';
import type { ImageSource } from '../../../nodes/Kling/images/collect';
import {
	digestOf,
	encodeImages,
	examineImages,
	type ImagePorts,
} from '../../../nodes/Kling/images/load';

const limits = families.multiImage.image;

let good: Buffer;
let small: Buffer;

beforeAll(async () => {
	const canvas = (width: number, height: number) =>
		sharp({ create: { width, height, channels: 3, background: 'teal' } });
	good = await canvas(320, 310).jpeg().toBuffer();
	small = await canvas(280, 400).png().toBuffer();
});

function portsWith(files: Record<string, Buffer>, links?: Record<string, Buffer>): ImagePorts {
	const download: ImagePorts['download'] = async (url) => {
		const bytes = links?.[url];
		return bytes
			? { kind: 'bytes', bytes }
			: { kind: 'unavailable', reason: 'the server answered with status 404' };
	};
	return {
		fields: Object.keys(files).map((name) => ({ name, mimeType: 'image/png' })),
		readBinary: async (property, maxBytes) => {
			const bytes = files[property];
			if (!bytes) return { kind: 'missing' };
			return bytes.length > maxBytes
				? { kind: 'tooBig', bytes: bytes.length }
				: { kind: 'bytes', bytes };
		},
		...(links ? { download } : {}),
	};
}

const link: ImageSource = { kind: 'url', url: 'https://example.com/a.jpg?token=secret' };
const front: ImageSource = { kind: 'binary', property: 'front' };

describe('the reading before anything is sent', () => {
	it('gives a digest and a length for each image, links by their text', async () => {
		const sources: ImageSource[] = [
			front,
			link,
			{ kind: 'base64', text: good.toString('base64url') },
		];
		const length = good.toString('base64').length;
		expect(await examineImages(sources, portsWith({ front: good }), limits)).toEqual({
			kind: 'examined',
			images: [
				{ digest: digestOf(good), bodyLength: length },
				{ digest: digestOf(link.url), bodyLength: link.url.length },
				{ digest: digestOf(good), bodyLength: length },
			],
		});
	});

	it('lets a JPEG without its last two bytes pass, and says so', async () => {
		const result = await examineImages([front], portsWith({ front: good.subarray(0, -2) }), limits);
		expect(result).toMatchObject({
			kind: 'examined',
			images: [{ hint: expect.stringMatching(/^Image 1 \(input field 'front'\) has no mark/) }],
		});
	});

	it('tells of every unfit image at once, by number and field', async () => {
		const sources: ImageSource[] = [front, { kind: 'binary', property: 'side' }, front];
		const result = await examineImages(sources, portsWith({ front: good, side: small }), limits);
		expect(result).toMatchObject({
			kind: 'refused',
			message: "Image 2 (input field 'side') is 280 × 400 pixels; each side needs at least 300",
		});
		const both = await examineImages(
			[
				{ kind: 'base64', text: 'AAAAA' },
				{ kind: 'binary', property: 'back' },
			],
			portsWith({ front: good }),
			limits,
		);
		expect(both).toMatchObject({
			message:
				"Image 1 (Base64) cannot be decoded: its length of 5 characters is impossible. Image 2 (input field 'back') is not in the item",
			description: expect.stringContaining('The item has these files: front.'),
		});
	});

	it('loads and checks links when downloads are on, and shows no query of a link', async () => {
		const ports = portsWith({}, { [link.url]: small });
		const refusal = await examineImages([link], ports, limits);
		expect(refusal).toMatchObject({
			message:
				'Image 1 (https://example.com/a.jpg) is 280 × 400 pixels; each side needs at least 300',
		});
		const missing = await examineImages([link], portsWith({}, {}), limits);
		expect(missing).toMatchObject({
			message:
				'Image 1 (https://example.com/a.jpg) could not be downloaded: the server answered with status 404',
		});
	});

	it('does not call a file missing that the storage does not give', async () => {
		const readBinary = async () => ({ kind: 'unreadable' as const, reason: 'ENOENT' });
		const result = await examineImages([front], { ...portsWith({}), readBinary }, limits);
		expect(result).toMatchObject({
			message: "Image 1 (input field 'front') could not be read from n8n's storage: ENOENT",
		});
	});

	it('refuses a file that is too big without reading it', async () => {
		const result = await examineImages([front], portsWith({ front: good }), {
			...limits,
			maxBytes: 100,
		});
		expect(result).toMatchObject({
			kind: 'refused',
			message: expect.stringContaining('takes up to'),
		});
	});
});

describe('the reading right before sending', () => {
	async function twice(first: ImagePorts, second: ImagePorts, sources: ImageSource[]) {
		const examined = await examineImages(sources, first, limits);
		if (examined.kind === 'refused') throw new Error(examined.message);
		return await encodeImages(sources, second, limits, examined.images);
	}

	it('gives links as they are and files as raw Base64, in order', async () => {
		const ports = portsWith({ front: good });
		expect(await twice(ports, ports, [link, front])).toEqual({
			kind: 'encoded',
			values: [link.url, good.toString('base64')],
		});
	});

	it('gives loaded links as Base64', async () => {
		const ports = portsWith({}, { [link.url]: good });
		expect(await twice(ports, ports, [link])).toEqual({
			kind: 'encoded',
			values: [good.toString('base64')],
		});
	});

	it('refuses an image that has changed since it was checked', async () => {
		const other = await sharp(good).negate().jpeg().toBuffer();
		const result = await twice(
			portsWith({}, { [link.url]: good }),
			portsWith({}, { [link.url]: other }),
			[link],
		);
		expect(result).toMatchObject({
			kind: 'refused',
			message: expect.stringContaining('changed between the check and the sending'),
		});
	});
});
