// What a user is told to do next, by the service's own words.
import { adviceOf, isAboutImage, isAboutImageLink } from '../../../nodes/Kling/api/errors/words';
import { classifyRefusal } from '../../../nodes/Kling/api/errors/classify';

test.each([
	['Failed to download image, HTTP 403', /private browser window.*'Download Images First'/],
	['Failed to download image, the address could not be reached', /'Download Images First'/],
	['Image URL is invalid', /without a login/],
	['Image pixel is invalid: each side must be at least 300px', /300 pixels/],
	['Image size exceeds 10MB', /at most 10 MB/],
	['Image aspect ratio is invalid: it must be between 1:2.5 and 2.5:1', /1:2\.5/],
	[
		'The resolution or aspect ratio of the input image is invalid. Please ensure it meets the required specifications.',
		/1:2\.5/,
	],
	['Image format webp is not supported', /Convert the image/],
	['Image file is not readable', /Convert the image/],
	['File is not in a valid base64 format', /Convert the image/],
	['图片下载失败', /'Download Images First'/],
	["model_name value 'x' is invalid or not supported", /'Model' to Automatic/],
	['Failure to pass the risk control system', /Reword the prompt/],
])('after "%s"', (said, advice) => {
	expect(adviceOf(said)).toMatch(advice);
	expect(isAboutImage(said)).toBe(/image|base64|图片/i.test(said));
});

test('says nothing where the words say nothing known', () => {
	expect(adviceOf("duration value '99' is invalid")).toBeUndefined();
	expect(adviceOf('')).toBeUndefined();
	expect(isAboutImageLink('Image size exceeds 10MB')).toBe(false);
});

describe('a refusal', () => {
	const description = (code: number, message: string, httpStatus = 400) =>
		classifyRefusal({ codes: [String(code)], message }, { httpStatus }).facts.description;

	test('of a parameter gives the step that its words deserve', () => {
		expect(description(1201, 'Failed to download image, HTTP 403')).toMatch(
			/Download Images First/,
		);
		expect(description(1203, "model 'x' does not exist", 404)).toMatch(/'Model' to Automatic/);
	});

	test.each<[number, number, RegExp]>([
		[1002, 401, /Kling AI \(China\)/],
		[1101, 429, /Settle the bill/],
		[1102, 429, /Buy a pack/],
		[1103, 403, /'Model' to Automatic/],
		[1203, 404, /'Model' to Automatic/],
		[1301, 400, /Reword the prompt/],
	])('%i says what to do', (code, status, advice) => {
		expect(description(code, 'no', status)).toMatch(advice);
	});

	test('of the key is not explained by words about something else', () => {
		expect(description(1002, 'image model', 401)).toMatch(/Check the key/);
	});
});
