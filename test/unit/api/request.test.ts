// What a request may hold, and the JSON that it becomes.
import fc from 'fast-check';

import { gateways } from '../../../nodes/Kling/api/gateways';
import { families, familyOf } from '../../../nodes/Kling/api/models';
import {
	checkRequest,
	codePoints,
	droppedFields,
	fingerprintSource,
	imageDigest,
	toBody,
	type VideoRequest,
} from '../../../nodes/Kling/api/request';
import { sample } from './payloads';

const { klingGlobal, ezmodel, hingnet } = gateways;

function request(changes: Partial<VideoRequest> = {}): VideoRequest {
	return { model: '', images: ['https://example.com/1.jpg'], prompt: 'A dog', ...changes };
}

const images = (count: number) =>
	Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);
const issuesOf = (changes: Partial<VideoRequest>) => {
	const asked = request(changes);
	return checkRequest(asked, familyOf(asked.model));
};
const bodyOf = (changes: Partial<VideoRequest>, gateway = klingGlobal) => {
	const asked = request(changes);
	return JSON.parse(toBody(asked, familyOf(asked.model), gateway)) as Record<string, unknown>;
};

describe('a request that can be sent', () => {
	test.each<[string, Partial<VideoRequest>]>([
		['the least', {}],
		['four images', { images: images(4) }],
		['2500 characters', { prompt: '字'.repeat(2500), negativePrompt: 'x'.repeat(2500) }],
		['2500 emoji, which are 5000 UTF-16 units', { prompt: '😀'.repeat(2500) }],
		[
			'everything',
			{
				mode: 'pro',
				duration: '10',
				aspectRatio: '9:16',
				watermark: true,
				externalTaskId: 'a.b-c:d_1',
				callbackUrl: 'https://n8n.example.com/webhook/1',
			},
		],
		['a duration as a number', { duration: 5 }],
		['sound off, which is all that this model does', { sound: 'off' }],
		[
			'seven images for omni',
			{ model: 'kling-v3-omni', images: images(7), mode: '4k', duration: 15, sound: 'on' },
		],
		['O1 at its longest', { model: 'kling-video-o1', duration: 10 }],
		[
			'an omni model of tomorrow',
			{ model: 'kling-v4-omni', duration: 12, mode: '4k', sound: 'on' },
		],
	])('%s', (_, changes) => {
		expect(issuesOf(changes)).toEqual([]);
	});
});

describe('a request that cannot be sent', () => {
	test.each<[Partial<VideoRequest>, string, string]>([
		[{ images: [] }, 'images', 'no image; 1 to 4 are allowed for kling-v1-6'],
		[{ images: images(5) }, 'images', '5 images; 1 to 4 are allowed for kling-v1-6'],
		[
			{ model: 'kling-video-o1', images: images(8) },
			'images',
			'8 images; 1 to 7 are allowed for kling-video-o1',
		],
		[{ prompt: ' \n' }, 'prompt', 'is empty'],
		[{ prompt: 'x'.repeat(2501) }, 'prompt', 'has 2501 characters; at most 2500 are allowed'],
		[{ negativePrompt: '😀'.repeat(2501) }, 'negativePrompt', 'has 2501 characters; at most 2500 are allowed'],
		[
			{ model: 'kling-v3-omni', negativePrompt: 'blur' },
			'negativePrompt',
			'is not taken by kling-v3-omni: say in the prompt what to avoid',
		],
		[
			{ model: 'kling-v3-omni', prompt: '@2 walks' },
			'prompt',
			'names image 2, but there is 1 image',
		],
		[{ model: 'kling-v3-omni', prompt: `@1${'x'.repeat(2500)}` }, 'prompt', ''],
		[{ mode: '4k' }, 'mode', 'is 4k; kling-v1-6 takes std or pro'],
		[{ model: 'kling-video-o1', mode: '4k' }, 'mode', 'is 4k; kling-video-o1 takes std or pro'],
		[{ duration: 7 }, 'duration', 'is 7; kling-v1-6 takes 5 or 10'],
		[{ duration: '5.0' }, 'duration', 'is 5.0; kling-v1-6 takes 5 or 10'],
		[{ model: 'kling-video-o1', duration: 11 }, 'duration', 'is 11; kling-video-o1 takes 3 to 10'],
		[{ aspectRatio: '4:3' }, 'aspectRatio', 'is 4:3; kling-v1-6 takes 16:9, 9:16 or 1:1'],
		[{ sound: 'on' }, 'sound', 'is on; kling-v1-6 makes videos without sound only'],
		[{ externalTaskId: 'x'.repeat(65) }, 'externalTaskId', 'has 65 characters; at most 64 are allowed'],
		[
			{ externalTaskId: 'a/b' },
			'externalTaskId',
			'may hold letters, digits and - _ . : ~ @ + = only',
		],
		[
			{ externalTaskId: '..' },
			'externalTaskId',
			'may hold letters, digits and - _ . : ~ @ + = only',
		],
		[{ callbackUrl: 'n8n.example.com' }, 'callbackUrl', 'does not start with http:// or https://'],
	])('%j', (changes, field, message) => {
		const issues = issuesOf(changes);
		if (message === '') expect(issues.map((issue) => issue.field)).toContain(field);
		else expect(issues).toEqual([{ field, message }]);
	});

	test('says everything at once', () => {
		expect(issuesOf({ images: [], prompt: '', mode: 'x' }).map((issue) => issue.field)).toEqual([
			'images',
			'prompt',
			'mode',
		]);
	});

	test('is checked before its images are read: their number is enough', () => {
		const unread = { ...request(), images: { length: 5 } };
		expect(checkRequest(unread, families.multiImage)).toHaveLength(1);
	});
});

test('a character outside the basic plane counts once', () => {
	expect(codePoints('a😀字')).toBe(3);
});

describe('the body', () => {
	test('is the documented one', () => {
		const documented = sample('official/request_create');
		const empty = Object.entries(documented).filter(([, value]) => value === '');
		expect(empty.map(([name]) => name)).toEqual([
			'negative_prompt',
			'callback_url',
			'external_task_id',
		]);
		const given = Object.fromEntries(
			Object.entries(documented).filter(([, value]) => value !== ''),
		);
		const list = documented.image_list as Array<{ image: string }>;
		const body = bodyOf({
			model: 'kling-v1-6',
			images: list.map(({ image }) => image),
			prompt: String(documented.prompt),
			negativePrompt: '',
			mode: 'pro',
			duration: 5,
			aspectRatio: '16:9',
			callbackUrl: '',
			externalTaskId: '',
		});
		expect(body).toEqual(given);
	});

	test('for EzModel names the model as its documentation does', () => {
		const documented = sample('newapi-task/request');
		const list = documented.image_list as Array<{ image: string }>;
		const body = bodyOf(
			{ images: list.map(({ image }) => image), prompt: 'Animate the characters', duration: '5' },
			ezmodel,
		);
		expect(body).toEqual(documented);
	});

	test('for omni has the key image_url, names images, and leaves out what the family does not take', () => {
		const body = bodyOf({
			model: 'kling-v3-omni',
			images: ['QUJD', 'https://x.example.com/1.png'],
			prompt: '@2 like @1',
			negativePrompt: 'x',
			mode: '4k',
			duration: 3,
			sound: 'on',
			aspectRatio: '1:1',
			watermark: true,
		});
		expect(body).toEqual({
			model_name: 'kling-v3-omni',
			image_list: [{ image_url: 'QUJD' }, { image_url: 'https://x.example.com/1.png' }],
			prompt: '<<<image_2>>> like <<<image_1>>>',
			mode: '4k',
			duration: '3',
			aspect_ratio: '1:1',
			sound: 'on',
			watermark_info: { enabled: true },
		});
	});

	test('leaves @1 alone where the model does not name images', () => {
		expect(bodyOf({ prompt: 'write to @1' }).prompt).toBe('write to @1');
	});

	test('starts with the model, so that a refusal can tell which one it was', () => {
		expect(toBody(request({ model: ' kling-v9 ' }), families.multiImage, klingGlobal)).toMatch(
			/^\{"model_name":"kling-v9",/,
		);
	});

	test('sends watermark false only when it was given', () => {
		expect(bodyOf({ watermark: false }).watermark_info).toEqual({ enabled: false });
		expect(bodyOf({})).not.toHaveProperty('watermark_info');
	});

	test('what a gateway drops is known', () => {
		const asked = { watermark: true, negativePrompt: 'blur' };
		expect(droppedFields(asked, hingnet)).toEqual(['watermark', 'negativePrompt']);
		expect(droppedFields(asked, ezmodel)).toEqual(['watermark']);
		expect(droppedFields(asked, klingGlobal)).toEqual([]);
		expect(droppedFields({ watermark: false, negativePrompt: '' }, hingnet)).toEqual([]);
	});
});

describe('the source of a fingerprint', () => {
	test('does not change with the callback URL, the external id, or how a value is written', () => {
		const one = fingerprintSource(
			request({
				duration: 5,
				negativePrompt: '',
				callbackUrl: 'https://a.example.com',
				externalTaskId: 'x',
			}),
		);
		expect(fingerprintSource(request({ duration: '5', model: 'kling-v1-6' }))).toBe(one);
	});

	test('takes a digest in the place of an image', () => {
		const whole = request({ images: ['QUJD', 'https://x.example.com/1.png'] });
		const digest = { ...whole, images: [imageDigest('QUJD'), 'https://x.example.com/1.png'] };
		expect(fingerprintSource(digest)).toBe(fingerprintSource(whole));
		expect(fingerprintSource(whole)).not.toContain('QUJD');
	});

	test('changes with everything that changes the video', () => {
		const changes: Array<Partial<VideoRequest>> = [
			{},
			{ model: 'kling-v3-omni' },
			{ images: images(2) },
			{ images: images(2).reverse() },
			{ prompt: 'B' },
			{ negativePrompt: 'A dog' },
			{ mode: 'pro' },
			{ duration: 10 },
			{ aspectRatio: '1:1' },
			{ watermark: true },
			{ watermark: false },
			{ sound: 'on' },
		];
		const sources = changes.map((change) => fingerprintSource(request(change)));
		expect(new Set(sources).size).toBe(changes.length);
	});

	test('is never the same for two different prompts', () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
				const same = a === c && b === d;
				const equal =
					fingerprintSource(request({ prompt: a, negativePrompt: b })) ===
					fingerprintSource(request({ prompt: c, negativePrompt: d }));
				expect(equal).toBe(same);
			}),
		);
	});
});
