// The JSON that a request becomes.
import { gateways } from '../../../nodes/Kling/api/gateways';
import { families } from '../../../nodes/Kling/api/models';
import { droppedFields, toBody } from '../../../nodes/Kling/api/request';
import { bodyOf, images, request } from './asking';
import { sample } from './payloads';

const { klingGlobal, ezmodel, hingnet } = gateways;

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

	test('holds additional fields as they are, digit by digit', () => {
		const add = (additionalBodyFields: string) => ({ additionalBodyFields });
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
