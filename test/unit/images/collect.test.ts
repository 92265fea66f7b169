// From parameters to an ordered list of images: every form a user may give.
import fc from 'fast-check';

import {
	collectImages,
	splitImageList,
	type BinaryField,
	type ImageSource,
} from '../../../nodes/Kling/images/collect';
import { families } from '../../../nodes/Kling/api/models';
import { checkCount } from '../../../nodes/Kling/images/validate';

const PNG_HEAD = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ';
const images = (...names: string[]): BinaryField[] =>
	names.map((name) => ({ name, mimeType: 'image/png' }));

function fromRows(rows: object[], fields: BinaryField[] = []): ImageSource[] {
	return sourcesOf(collectImages({ imageInput: 'fields', images: { image: rows } }, fields));
}

function fromJson(imagesJson: unknown): ImageSource[] {
	return sourcesOf(collectImages({ imageInput: 'json', imagesJson }, []));
}

function sourcesOf(collected: ReturnType<typeof collectImages>): ImageSource[] {
	if (collected.kind === 'refused') throw new Error(collected.message);
	return collected.sources;
}

function refusalOf(collected: ReturnType<typeof collectImages>): string {
	if (collected.kind !== 'refused') throw new Error('was not refused');
	expect(collected.description).not.toBe('');
	return collected.message;
}

const url = (address: string): ImageSource => ({ kind: 'url', url: address });
const binary = (property: string): ImageSource => ({ kind: 'binary', property });

describe('images given in fields', () => {
	it('keeps the order of mixed sources', () => {
		expect(
			fromRows([
				{ source: 'binary', binaryPropertyName: 'front' },
				{ source: 'url', url: 'https://example.com/a.jpg' },
				{ source: 'base64', base64: PNG_HEAD },
			]),
		).toEqual([
			binary('front'),
			url('https://example.com/a.jpg'),
			{ kind: 'base64', text: PNG_HEAD },
		]);
	});

	it('takes several names in one row', () => {
		expect(fromRows([{ source: 'binary', binaryPropertyName: ' a, b ,c,' }])).toEqual([
			binary('a'),
			binary('b'),
			binary('c'),
		]);
	});

	it('takes * for all images of the item in natural order, and no other files', () => {
		const fields = [
			...images('data_10', 'data_2', 'data', 'data_1'),
			{ name: 'notes', mimeType: 'text/plain' },
		];
		expect(fromRows([{ source: 'binary', binaryPropertyName: '*' }], fields)).toEqual(
			['data', 'data_1', 'data_2', 'data_10'].map(binary),
		);
	});

	it('lets * stand for the images that are not named beside it', () => {
		expect(
			fromRows([{ source: 'binary', binaryPropertyName: 'data_1,*' }], images('data', 'data_1')),
		).toEqual([binary('data_1'), binary('data')]);
	});

	it('understands a URL in the Base64 field and Base64 in the URL field', () => {
		expect(fromRows([{ source: 'base64', base64: ' https://example.com/a.jpg\n' }])).toEqual([
			url('https://example.com/a.jpg'),
		]);
		expect(fromRows([{ source: 'url', url: `data:image/webp;base64,${PNG_HEAD}` }])).toEqual([
			{ kind: 'base64', text: PNG_HEAD },
		]);
	});

	it('drops blanks and quotes around a URL and encodes blanks inside', () => {
		expect(fromRows([{ source: 'url', url: ' "https://example.com/my photo.jpg" ' }])).toEqual([
			url('https://example.com/my%20photo.jpg'),
		]);
	});

	it.each([
		['', 'Image 1 is empty'],
		['photo.jpg', 'Image 1 is neither a URL nor Base64: "photo.jpg"'],
		['ftp://example.com/a.jpg', 'Image 1 begins with ftp:// instead of https://'],
		['file:///etc/passwd', 'Image 1 begins with file:// instead of https://'],
		['https://', 'Image 1 is not a complete URL: "https://"'],
		['https:/example.com/a.jpg', 'Image 1 is not a complete URL'],
		['data:image/svg+xml,%3Csvg%3E', 'Image 1 is a data: URI without Base64 content'],
		['https://a.example/1.jpg https://a.example/2.jpg', 'Image 1 holds several URLs'],
	])('refuses the text %j', (text, message) => {
		const rows = { image: [{ source: 'url', url: text }] };
		expect(refusalOf(collectImages({ imageInput: 'fields', images: rows }, []))).toContain(message);
	});

	it('names the image by its place after names were expanded', () => {
		const rows = {
			image: [
				{ source: 'binary', binaryPropertyName: 'a,b' },
				{ source: 'url', url: 'nonsense' },
			],
		};
		const refusal = refusalOf(collectImages({ imageInput: 'fields', images: rows }, []));
		expect(refusal).toContain('Image 3');
	});

	it.each([{}, undefined, { image: [] }])('refuses no image at all (%j)', (value) => {
		const refusal = refusalOf(collectImages({ imageInput: 'fields', images: value }, []));
		expect(refusal).toBe('No image was given');
	});

	it('says which files there are when * finds no image', () => {
		const rows = { image: [{ source: 'binary', binaryPropertyName: '*' }] };
		const collected = collectImages({ imageInput: 'fields', images: rows }, [
			{ name: 'notes', mimeType: 'text/plain' },
		]);
		expect(collected).toMatchObject({
			kind: 'refused',
			description: expect.stringContaining('notes'),
		});
	});
});

describe('images given as JSON', () => {
	const two = [url('https://example.com/a.jpg'), url('https://example.com/b.jpg')];

	it.each<[string, unknown]>([
		['an array of URLs', ['https://example.com/a.jpg', 'https://example.com/b.jpg']],
		['JSON text', '["https://example.com/a.jpg", "https://example.com/b.jpg"]'],
		[
			'objects',
			[{ image: 'https://example.com/a.jpg' }, { image_url: 'https://example.com/b.jpg' }],
		],
		[
			'objects as text',
			'[{"url":"https://example.com/a.jpg"},{"image_url":{"url":"https://example.com/b.jpg"}}]',
		],
		['a comma-separated list', 'https://example.com/a.jpg, https://example.com/b.jpg,'],
		['one URL a line', 'https://example.com/a.jpg\nhttps://example.com/b.jpg'],
		['a list inside a JSON string', '"https://example.com/a.jpg,https://example.com/b.jpg"'],
	])('takes %s', (_, value) => {
		expect(fromJson(value)).toEqual(two);
	});

	it('takes the role of a frame from its type, as Kling writes it', () => {
		const a = 'https://example.com/a.jpg';
		expect(
			fromJson([
				{ image_url: a, type: 'first_frame' },
				{ image: PNG_HEAD, type: 'end_frame' },
				{ image: a },
				{ type: 'image_url', image_url: { url: a } },
			]),
		).toEqual([
			{ ...url(a), role: 'first_frame' },
			{ kind: 'base64', text: PNG_HEAD, role: 'end_frame' },
			url(a),
			url(a),
		]);
		const typed = [a, { image: a, type: 'last_frame' }];
		expect(refusalOf(collectImages({ imageInput: 'json', imagesJson: typed }, []))).toBe(
			'Image 2 has the type "last_frame"',
		);
	});

	it('takes one object and one URL', () => {
		expect(fromJson({ image: 'https://example.com/a.jpg' })).toEqual([two[0]]);
		expect(fromJson('https://example.com/a.jpg')).toEqual([two[0]]);
	});

	it('keeps commas inside URLs and data: URIs', () => {
		const list = `https://cdn.example/w_300,h_300/a.jpg,data:image/png;base64,${PNG_HEAD},https://b.example/x`;
		expect(fromJson(list)).toEqual([
			url('https://cdn.example/w_300,h_300/a.jpg'),
			{ kind: 'base64', text: PNG_HEAD },
			url('https://b.example/x'),
		]);
	});

	it('takes Base64 between URLs', () => {
		expect(fromJson(`https://a.example/1.jpg,${PNG_HEAD}`)).toEqual([
			url('https://a.example/1.jpg'),
			{ kind: 'base64', text: PNG_HEAD },
		]);
	});

	it.each<[unknown, string]>([
		['[oops', "'Images (JSON)' is not valid JSON"],
		[[5], 'Image 1 is not text'],
		[['https://a.example/1.jpg', null], 'Image 2 is empty'],
		[['https://a.example/1.jpg', { picture: 'x' }], 'Image 2 is not text'],
		[[], 'No image was given'],
		['', 'No image was given'],
		[undefined, 'No image was given'],
	])('refuses %j', (value, message) => {
		expect(refusalOf(collectImages({ imageInput: 'json', imagesJson: value }, []))).toContain(
			message,
		);
	});

	it('gives sources or a refusal for any value at all', () => {
		fc.assert(
			fc.property(fc.anything(), fc.anything(), (value, other) => {
				for (const collected of [
					collectImages({ imageInput: 'json', imagesJson: value }, []),
					collectImages({ imageInput: 'fields', images: value }, []),
					collectImages({ imageInput: 'fields', images: { image: [value, other] } }, []),
				]) {
					expect(['collected', 'refused']).toContain(collected.kind);
				}
			}),
		);
	});

	it('refuses what is nested without end', () => {
		const nested = '{"image":'.repeat(50_000) + '"x"' + '}'.repeat(50_000);
		const collected = collectImages({ imageInput: 'json', imagesJson: `[${nested}]` }, []);
		expect(refusalOf(collected)).toBe('Image 1 is not text');
	});

	it.each(['\n', ' ', ',', ' ,', ';base64 ', 'data:', '"', 'A,', 'http'])(
		'takes no longer for each character of a long text of %j',
		(repeated) => {
			const taken = (length: number) => {
				const imagesJson = `https://a.example/1.jpg${repeated.repeat(length / repeated.length)}x`;
				const started = performance.now();
				for (const value of [imagesJson, imagesJson.slice(23)]) {
					collectImages({ imageInput: 'json', imagesJson: value }, []);
					const images = { image: [{ source: 'url', url: value }] };
					collectImages({ imageInput: 'fields', images }, []);
				}
				return performance.now() - started;
			};
			// Quadratic work on 1 MB takes minutes; what is linear takes milliseconds.
			expect(taken(1_000_000)).toBeLessThan(2_000);
		},
	);

	it('finds every URL of a joined list again', () => {
		fc.assert(
			fc.property(fc.array(fc.webUrl({ withQueryParameters: true }), { minLength: 1 }), (urls) => {
				const plain = urls.map((one) => one.replace(/,+$/, ''));
				expect(splitImageList(plain.join(', '))).toEqual(plain);
			}),
		);
	});
});

describe('the number of images', () => {
	it('fits from 1 to 4', () => {
		expect(checkCount(1, families.multiImage)).toBeUndefined();
		expect(checkCount(4, families.multiImage)).toBeUndefined();
	});

	it('is refused with both numbers', () => {
		expect(checkCount(5, families.multiImage)?.message).toBe(
			'5 images were given; Multi-Image to Video takes 1 to 4',
		);
	});
});
