// The judgement on facts: what is taken, and what a refusal says.
import { families } from '../../../nodes/Kling/api/models';
import { checkImage } from '../../../nodes/Kling/images/validate';
import type { ContentType, ImageFacts } from '../../../nodes/Kling/images/inspect';

const limits = families.multiImage.image;
const good: ImageFacts = { type: 'png', bytes: 5000, width: 600, height: 400, ending: 'whole' };

const judge = (facts: Partial<ImageFacts>) =>
	checkImage({ ...good, ...facts }, limits, 'Image 2')?.message;

describe('the check of one image', () => {
	it.each<Partial<ImageFacts>>([
		{},
		{ type: 'jpeg' },
		{ width: 300, height: 300 },
		{ width: 750, height: 300 },
		{ width: 300, height: 750 },
		{ bytes: 10 * 1024 * 1024 },
		{ type: 'jpeg', ending: 'unmarked' },
	])('takes %j', (facts) => {
		expect(judge(facts)).toBeUndefined();
	});

	it.each<[Partial<ImageFacts>, string]>([
		[{ width: 280, height: 400 }, 'Image 2 is 280 × 400 pixels; each side needs at least 300'],
		[{ width: 400, height: 299 }, 'Image 2 is 400 × 299 pixels; each side needs at least 300'],
		[{ width: 751, height: 300 }, 'Image 2 is 751 × 300 pixels; it may be at most 2.5 times'],
		[{ width: 300, height: 751 }, 'Image 2 is 300 × 751 pixels; it may be at most 2.5 times'],
		[{ bytes: 10 * 1024 * 1024 + 1 }, 'Image 2 has 10.1 MB; the service takes up to 10 MB'],
		[{ ending: 'cut' }, 'Image 2 is cut off'],
		[{ width: undefined, height: undefined }, 'Image 2 cannot be read'],
		[{ type: 'webp' }, 'Image 2 is a WebP image; the service takes PNG and JPG'],
		[{ type: 'heic' }, 'Image 2 is a HEIC image; the service takes PNG and JPG'],
		[{ type: 'html' }, 'Image 2 is a web page, not an image'],
		[{ type: 'json' }, 'Image 2 is a JSON text, not an image'],
		[{ type: 'pdf' }, 'Image 2 is a PDF document'],
		[{ type: 'mp4' }, 'Image 2 is a video'],
		[{ type: 'empty', bytes: 0 }, 'Image 2 is empty'],
		[{ type: 'unknown' }, 'Image 2 is not an image that can be recognised'],
	])('refuses %j', (facts, message) => {
		expect(judge(facts)).toContain(message);
	});

	it.each<ContentType>(['webp', 'heic', 'gif', 'avif', 'svg', 'bmp', 'tiff'])(
		'tells to convert %s',
		(type) => {
			expect(checkImage({ ...good, type }, limits, 'Image 1')?.description).toMatch(
				/^Convert it to JPG or PNG/,
			);
		},
	);
});
