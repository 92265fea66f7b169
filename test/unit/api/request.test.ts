// What a request may hold, and the JSON that it becomes.
import fc from 'fast-check';

import { gateways } from '../../../nodes/Kling/api/gateways';
import { families, familyOf } from '../../../nodes/Kling/api/models';
import {
	droppedFields,
	fingerprintSource,
	imageDigest,
	toBody,
	type VideoRequest,
} from '../../../nodes/Kling/api/request';
import { checkRequest, codePoints } from '../../../nodes/Kling/api/request/check';
import { sample } from './payloads';

const { klingGlobal, ezmodel, hingnet } = gateways;

function request(changes: Partial<VideoRequest> = {}): VideoRequest {
	return {
		model: 'kling-v1-6',
		images: ['https://example.com/1.jpg'],
		prompt: 'A dog',
		...changes,
	};
}

const images = (count: number) =>
	Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);
const issuesOf = (changes: Partial<VideoRequest>) => {
	const asked = request(changes);
	return checkRequest(asked, familyOf(asked.model));
};
const sourceOf = (asked: VideoRequest, gateway = klingGlobal) =>
	fingerprintSource(asked, familyOf(asked.model), gateway);
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
		[
			{ negativePrompt: '😀'.repeat(2501) },
			'negativePrompt',
			'has 2501 characters; at most 2500 are allowed',
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
		[{ model: 'kling-v3-omni', prompt: `@1${'x'.repeat(2500)}` }, 'prompt', ''],
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

describe('the body of a request to an omni model', () => {
	const omni = { model: 'kling-v3-omni', images: images(3) };

	test('names every image in front of a prompt that names none', () => {
		expect(bodyOf({ ...omni, prompt: 'They dance' }).prompt).toBe(
			'<<<image_1>>> <<<image_2>>> <<<image_3>>> They dance',
		);
	});

	test('leaves the prompt alone where it names an image, and where the option is off', () => {
		expect(bodyOf({ ...omni, prompt: '@2 dances' }).prompt).toBe('<<<image_2>>> dances');
		expect(bodyOf({ ...omni, prompt: 'They dance', nameImages: false }).prompt).toBe('They dance');
		expect(bodyOf({ images: images(3), prompt: 'They dance' }).prompt).toBe('They dance');
	});

	test('gives frames their type, names only the references, and sends no aspect ratio', () => {
		const body = bodyOf({
			...omni,
			roles: ['first_frame', 'reference', 'end_frame'],
			prompt: 'They dance',
			aspectRatio: '16:9',
		});
		expect(body.image_list).toEqual([
			{ image_url: 'https://example.com/0.png', type: 'first_frame' },
			{ image_url: 'https://example.com/1.png' },
			{ image_url: 'https://example.com/2.png', type: 'end_frame' },
		]);
		expect(body.prompt).toBe('<<<image_2>>> They dance');
		expect(body).not.toHaveProperty('aspect_ratio');
	});

	test('lets the model cut', () => {
		expect(bodyOf({ ...omni, prompt: '@1 @2 @3', shots: 'auto' })).toMatchObject({
			prompt: '<<<image_1>>> <<<image_2>>> <<<image_3>>>',
			multi_shot: true,
			shot_type: 'intelligence',
		});
	});

	test('cuts as it is told, without a prompt of its own', () => {
		const shots = [
			{ prompt: '@1 turns', seconds: 2 },
			{ prompt: 'Close-up of @2', seconds: 3 },
		];
		const body = bodyOf({ ...omni, prompt: 'left over', duration: 5, shots });
		expect(body).toMatchObject({
			multi_shot: true,
			shot_type: 'customize',
			multi_prompt: [
				{ index: 1, prompt: '<<<image_1>>> turns', duration: '2' },
				{ index: 2, prompt: 'Close-up of <<<image_2>>>', duration: '3' },
			],
			duration: '5',
		});
		expect(body).not.toHaveProperty('prompt');
	});

	test('names every image in every shot where no shot names any', () => {
		const shots = [
			{ prompt: 'Wide', seconds: 2 },
			{ prompt: 'Close', seconds: 3 },
		];
		const prompts = (bodyOf({ ...omni, shots }).multi_prompt as Array<{ prompt: string }>).map(
			({ prompt }) => prompt,
		);
		const all = '<<<image_1>>> <<<image_2>>> <<<image_3>>>';
		expect(prompts).toEqual([`${all} Wide`, `${all} Close`]);
	});
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

	test('go into the body as they are, digit by digit', () => {
		const asked = request(add(' { "element_list": [{"element_id": 829836802793406551}] } '));
		const body = toBody(asked, families.multiImage, klingGlobal);
		expect(body).toContain('"element_id": 829836802793406551}');
		expect(bodyOf(add('{"cfg_scale": 0.5, "a": {"b": null}}'))).toMatchObject({
			prompt: 'A dog',
			cfg_scale: 0.5,
			a: { b: null },
		});
		expect(bodyOf(add('{}'))).toEqual(bodyOf({}));
		expect(bodyOf(add(''))).toEqual(bodyOf({}));
	});

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

describe('the source of a fingerprint', () => {
	test('does not change with the callback URL, the external id, or how a value is written', () => {
		const one = sourceOf(
			request({
				duration: 5,
				negativePrompt: '',
				callbackUrl: 'https://a.example.com',
				externalTaskId: 'x',
				additionalBodyFields: '{ "a": 1, "b": {"c": 2, "d": 3} }',
			}),
		);
		const same = request({
			duration: '5',
			additionalBodyFields: '{"b":{"d":3,"c":2},"a":1}',
		});
		expect(sourceOf(same)).toBe(one);
	});

	test('takes a digest in the place of an image', () => {
		const whole = request({ images: ['QUJD', 'https://x.example.com/1.png'] });
		const digest = { ...whole, images: [imageDigest('QUJD'), 'https://x.example.com/1.png'] };
		expect(sourceOf(digest)).toBe(sourceOf(whole));
		expect(sourceOf(whole)).not.toContain('QUJD');
	});

	test('changes with everything that changes the video', () => {
		const omni = { model: 'kling-v3-omni', images: images(2), duration: 5 };
		const changes: Array<Partial<VideoRequest>> = [
			{},
			{ images: images(2) },
			{ images: images(2).reverse() },
			{ prompt: 'B' },
			{ negativePrompt: 'A dog' },
			{ mode: 'pro' },
			{ duration: 10 },
			{ aspectRatio: '1:1' },
			{ watermark: true },
			{ watermark: false },
			{ additionalBodyFields: '{"cfg_scale": 0.5}' },
			{ additionalBodyFields: '{"cfg_scale": "0.5"}' },
			omni,
			{ ...omni, nameImages: false },
			{ ...omni, sound: 'on' },
			{ ...omni, roles: ['first_frame'] },
			{ ...omni, roles: ['first_frame', 'end_frame'] },
			{ ...omni, shots: 'auto' },
			{ ...omni, shots: [{ prompt: 'A dog', seconds: 5 }] },
			{ ...omni, shots: [{ prompt: 'A cat', seconds: 5 }] },
		];
		const sources = changes.map((change) => sourceOf(request(change)));
		expect(new Set(sources).size).toBe(changes.length);
	});

	/** Any request, sense or nonsense: every parameter that there is. */
	const anyRequest = fc.record(
		{
			model: fc.constantFrom('kling-v1-6', 'kling-v3-omni', 'kling-video-o1', 'kling-v9'),
			images: fc.array(fc.constantFrom('https://x.example.com/1.png', 'QUJD', 'REVG'), {
				maxLength: 3,
			}),
			roles: fc.array(fc.constantFrom('reference', 'first_frame', 'end_frame'), { maxLength: 3 }),
			prompt: fc.constantFrom('A', '@1', 'B'),
			nameImages: fc.boolean(),
			negativePrompt: fc.constantFrom('', 'A', 'B'),
			mode: fc.constantFrom('', 'std', 'pro'),
			duration: fc.constantFrom('', '5', 5, 10),
			aspectRatio: fc.constantFrom('', '16:9', '1:1'),
			shots: fc.oneof(
				fc.constant<'auto'>('auto'),
				fc.array(fc.record({ prompt: fc.constantFrom('A', 'B'), seconds: fc.constantFrom(2, 3) }), {
					maxLength: 2,
				}),
			),
			watermark: fc.boolean(),
			sound: fc.constantFrom('', 'on', 'off'),
			callbackUrl: fc.constantFrom('', 'https://a.example.com', 'https://b.example.com'),
			externalTaskId: fc.constantFrom('', 'a', 'b'),
			additionalBodyFields: fc.constantFrom('', '{}', '{"a":1}', '{"a":"1"}', '{"b":{"c":[1]}}'),
		},
		{ requiredKeys: ['model', 'images', 'prompt'] },
	) as fc.Arbitrary<VideoRequest>;

	/** What is sent, without the members that may differ from try to try. */
	function lasting(asked: VideoRequest): string {
		const {
			callback_url: _,
			external_task_id: __,
			...rest
		} = JSON.parse(toBody(asked, familyOf(asked.model), klingGlobal)) as Record<string, unknown>;
		return JSON.stringify(rest);
	}

	test('is the same for two requests exactly where the same is sent, but for key and callback', () => {
		fc.assert(
			fc.property(anyRequest, anyRequest, (one, other) => {
				expect(sourceOf(one) === sourceOf(other)).toBe(lasting(one) === lasting(other));
			}),
			{ numRuns: 500 },
		);
	});

	test('changes with any single parameter that changes what is sent', () => {
		fc.assert(
			fc.property(anyRequest, anyRequest, (one, other) => {
				for (const name of Object.keys(other) as Array<keyof VideoRequest>) {
					const changed = { ...one, [name]: other[name] };
					const isSame = lasting(one) === lasting(changed);
					expect([name, sourceOf(changed) === sourceOf(one)]).toEqual([name, isSame]);
				}
			}),
			{ numRuns: 500 },
		);
	});

	test('is never the same for two different prompts', () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
				const same = a === c && b === d;
				const equal =
					sourceOf(request({ prompt: a, negativePrompt: b })) ===
					sourceOf(request({ prompt: c, negativePrompt: d }));
				expect(equal).toBe(same);
			}),
		);
	});
});
