// What a request may hold.
import { checkRequest, codePoints } from '../../../nodes/Kling/api/checkRequest';
import { families, familyOf } from '../../../nodes/Kling/api/models';
import type { VideoRequest } from '../../../nodes/Kling/api/request';
import { images, request } from './asking';

const issuesOf = (changes: Partial<VideoRequest>) => {
	const asked = request(changes);
	return checkRequest(asked, familyOf(asked.model));
};
const most = families.multiImage.maxPromptLength;

describe('a request that can be sent', () => {
	test.each<[string, Partial<VideoRequest>]>([
		['the least', {}],
		['four images', { images: images(4) }],
		[
			'as many characters as it may have',
			{ prompt: '字'.repeat(most), negativePrompt: 'x'.repeat(most) },
		],
		['as many emoji, which are twice as many UTF-16 units', { prompt: '😀'.repeat(most) }],
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
		[{ prompt: ' \n' }, 'prompt', 'is empty'],
		[
			{ prompt: 'x'.repeat(most + 1) },
			'prompt',
			`has ${most + 1} characters; at most ${most} are allowed`,
		],
		[
			{ negativePrompt: '😀'.repeat(most + 1) },
			'negativePrompt',
			`has ${most + 1} characters; at most ${most} are allowed`,
		],
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
		[{ model: 'kling-v3-omni', prompt: `@1${'x'.repeat(most)}` }, 'prompt', ''],
		[{ mode: '4k' }, 'mode', 'is 4k; kling-v1-6 takes std or pro'],
		[{ model: 'kling-video-o1', mode: '4k' }, 'mode', 'is 4k; kling-video-o1 takes std or pro'],
		[{ duration: 7 }, 'duration', 'is 7; kling-v1-6 takes 5 or 10'],
		[{ duration: '5.0' }, 'duration', 'is 5.0; kling-v1-6 takes 5 or 10'],
		[{ model: 'kling-video-o1', duration: 11 }, 'duration', 'is 11; kling-video-o1 takes 3 to 10'],
		[{ aspectRatio: '4:3' }, 'aspectRatio', 'is 4:3; kling-v1-6 takes 16:9, 9:16 or 1:1'],
		[{ sound: 'on' }, 'sound', 'is on; kling-v1-6 makes videos without sound only'],
		[
			{ externalTaskId: 'x'.repeat(65) },
			'externalTaskId',
			'has 65 characters; at most 64 are allowed',
		],
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
		const issues = issuesOf({ prompt: '', mode: 'x' });
		expect(issues.map((issue) => issue.field)).toEqual(['prompt', 'mode']);
	});

	test('is checked before its images are read: their number is enough', () => {
		const unread = { ...request({ prompt: '@5' }), images: { length: 5 } };
		expect(checkRequest(unread, families.omni)).toEqual([]);
		expect(checkRequest({ ...unread, images: { length: 4 } }, families.omni)).toHaveLength(1);
	});
});

test('a character outside the basic plane counts once', () => {
	expect(codePoints('a😀字')).toBe(3);
});

describe('roles and shots that cannot be sent', () => {
	const v3 = { model: 'kling-v3-omni', prompt: '@1' };
	const o1 = { model: 'kling-video-o1', prompt: '@1' };
	const shot = (seconds: number, prompt = '@1') => ({ prompt, seconds });
	test.each<[string, Partial<VideoRequest>, string, RegExp]>([
		[
			'a last frame alone',
			{ ...v3, roles: ['end_frame'] },
			'roles',
			/Last Frame.*First Frame for none/,
		],
		[
			'two first frames',
			{ ...v3, images: images(2), roles: ['first_frame', 'first_frame'] },
			'roles',
			/First Frame for 2 images/,
		],
		[
			'two last frames',
			{ ...v3, images: images(3), roles: ['first_frame', 'end_frame', 'end_frame'] },
			'roles',
			/Last Frame for 2 images/,
		],
		[
			'a last frame among three images with O1',
			{ ...o1, images: images(3), roles: ['first_frame', 'end_frame', 'reference'] },
			'roles',
			/kling-video-o1 takes that with at most 2 images/,
		],
		[
			'a frame with a model of references',
			{ roles: ['first_frame'] },
			'roles',
			/kling-v1-6 takes references only/,
		],
		[
			'7 seconds from a first frame alone with O1',
			{ ...o1, roles: ['first_frame'], duration: 7 },
			'duration',
			/takes 5 or 10/,
		],
		[
			'a last frame and several shots',
			{ ...v3, images: images(2), roles: ['first_frame', 'end_frame'], shots: 'auto' },
			'roles',
			/does not go together with several shots/,
		],
		['shots with O1', { ...o1, shots: 'auto' }, 'shots', /kling-video-o1 makes one shot only/],
		['no shot', { ...v3, shots: [] }, 'shots', /has 0; 1 to 6/],
		[
			'seven shots',
			{ ...v3, duration: 7, shots: Array.from({ length: 7 }, () => shot(1)) },
			'shots',
			/has 7; 1 to 6/,
		],
		[
			'a shot of 513 characters',
			{ ...v3, duration: 5, shots: [shot(5, '字'.repeat(513))], nameImages: false },
			'shots',
			/1 has 513 characters; at most 512/,
		],
		['a shot without a prompt', { ...v3, duration: 5, shots: [shot(5, ' ')] }, 'shots', /1 has no/],
		[
			'half a second',
			{ ...v3, duration: 3, shots: [shot(2.5), shot(0.5)] },
			'shots',
			/lasts 2.5 seconds; whole seconds/,
		],
		[
			'shots that do not fill the video',
			{ ...v3, duration: 10, shots: [shot(3), shot(4)] },
			'shots',
			/last 7 seconds together, the video 10/,
		],
		[
			'a shot with an image that is not there',
			{ ...v3, duration: 5, shots: [shot(5, '@4')] },
			'shots',
			/names image 4, but there is 1 image/,
		],
	])('%s', (_, changes, field, message) => {
		const issues = issuesOf(changes);
		expect(issues.find((issue) => issue.field === field)?.message).toMatch(message);
	});

	test('and those that can', () => {
		const frames: Partial<VideoRequest> = {
			images: images(2),
			roles: ['first_frame', 'end_frame'],
			duration: 7,
		};
		expect(issuesOf({ ...v3, ...frames })).toEqual([]);
		expect(issuesOf({ ...o1, ...frames })).toEqual([]);
		expect(issuesOf({ ...v3, duration: 6, shots: [shot(1), shot(2), shot(3)] })).toEqual([]);
		expect(
			issuesOf({ ...v3, prompt: '', duration: 6, shots: Array.from({ length: 6 }, () => shot(1)) }),
		).toEqual([]);
		expect(issuesOf({ ...v3, roles: ['first_frame'], shots: 'auto' })).toEqual([]);
	});
});

describe('additional body fields', () => {
	const add = (additionalBodyFields: string) => ({ additionalBodyFields });

	test.each([
		'{',
		'[]',
		'["a"]',
		'"text"',
		'5',
		'null',
		'{"a":1} {"b":2}',
		"{'a': 1}",
		'cfg_scale: 1',
	])('%s is refused', (text) => {
		expect(issuesOf(add(text))).toEqual([
			{
				field: 'additionalBodyFields',
				message: 'is not a JSON object such as {"cfg_scale": 0.5}',
			},
		]);
	});

	test.each(['image_list', 'external_task_id', 'callback_url', 'prompt', 'model_name', 'model'])(
		'cannot replace %s',
		(name) => {
			expect(issuesOf(add(JSON.stringify({ [name]: 'x', other: 1 })))).toEqual([
				{
					field: 'additionalBodyFields',
					message: `would replace ${name}, which the node sets itself`,
				},
			]);
		},
	);

	test('may give what this request leaves out', () => {
		expect(issuesOf(add('{"mode": "ultra", "multi_prompt": []}'))).toEqual([]);
		expect(issuesOf({ mode: 'pro', ...add('{"mode": "ultra"}') })).toHaveLength(1);
	});
});
