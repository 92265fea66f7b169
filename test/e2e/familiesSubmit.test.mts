// Submits of both model families in a real n8n: what is sent for each model, and what is refused before it is sent.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
	file,
	good,
	MULTI_IMAGE,
	NAMES,
	newest,
	O1,
	picture,
	polling,
	refusal,
	sharedFamilies,
	typed,
	V3,
} from './families.mts';

const stage = sharedFamilies();

describe('A submit', { timeout: 900_000 }, () => {
	it(`with ${V3} takes seven images, 15 seconds, 4K and sound, and stores the video`, async () => {
		const prompt =
			'@1 and @2 play with @3 in @4; @5 looks at @6, then <<<image_7>>> rolls by. Mail me@1.example';
		const parameters = picture(stage, V3, 7, {
			...polling,
			prompt,
			mode: '4k',
			duration: 15,
			aspectRatio: '9:16',
			additionalFields: { sound: 'on' },
		});
		const { items, hints } = await good(stage, parameters);

		const task = newest(stage);
		assert.equal(task?.family, 'omni-video');
		assert.equal(task?.model, V3);
		assert.equal(task?.images.length, 7);
		assert.equal(
			task?.request.prompt,
			'<<<image_1>>> and <<<image_2>>> play with <<<image_3>>> in <<<image_4>>>; ' +
				'<<<image_5>>> looks at <<<image_6>>>, then <<<image_7>>> rolls by. Mail me@1.example',
		);
		assert.equal(task?.request.mode, '4k');
		assert.equal(task?.request.duration, '15');
		assert.equal(task?.request.sound, 'on');
		assert.equal(task?.request.aspect_ratio, '9:16');
		assert.equal(items[0]?.json.task_id, task?.id);
		assert.equal(items[0]?.json.task_status, 'succeed');
		assert.equal(items[0]?.json.model, V3);
		assert.equal(items[0]?.json.endpoint, 'omni-video');
		const facts = await file(stage, items[0]);
		assert.ok(Math.abs(facts.durationSeconds - 15) < 0.5, `it lasts ${facts.durationSeconds} s`);
		assert.ok(Math.abs(facts.width / facts.height - 9 / 16) < 0.02);
		assert.ok(!hints.some((hint) => hint.includes('never names')), hints.join('\n'));
		assert.equal(stage.emulator.bill().total, 1);
	});

	it(`with ${O1} takes 3 seconds and stores the video`, async () => {
		const { items } = await good(
			stage,
			picture(stage, O1, 2, { ...polling, prompt: '@1 wears @2', duration: 3 }),
		);
		const task = newest(stage);
		assert.equal(task?.family, 'omni-video');
		assert.equal(task?.request.duration, '3');
		assert.equal('sound' in (task?.request ?? {}), false);
		assert.equal(items[0]?.json.model, O1);
		assert.equal(items[0]?.json.endpoint, 'omni-video');
		const facts = await file(stage, items[0]);
		assert.ok(Math.abs(facts.durationSeconds - 3) < 0.5, `it lasts ${facts.durationSeconds} s`);
	});

	it('tells which images the prompt never names, and pays all the same', async () => {
		const { hints } = await good(
			stage,
			picture(stage, V3, 4, { prompt: 'First @2, then <<<image_4>>>' }),
		);
		const [hint] = hints.filter((each) => each.includes('never names'));
		assert.match(hint ?? hints.join('\n'), /@1, @3\b/);
		assert.equal(stage.emulator.bill().total, 1);
		const multiImage = await good(stage, picture(stage, MULTI_IMAGE, 4));
		assert.ok(!multiImage.hints.some((each) => each.includes('never names')));
	});

	it('tells it also when no image is on a public address', async () => {
		const urls = NAMES.map((name) => stage.emulator.imageUrl(name));
		const { hints } = await good(
			stage,
			picture(stage, V3, 7, { imagesJson: JSON.stringify(urls), prompt: '@1 dances' }),
		);
		assert.ok(
			hints.some((each) => each.includes('never names')),
			hints.join('\n'),
		);
	});

	it('names every image in front of a prompt that names none, and shows the prompt that was sent', async () => {
		const prompt = 'They dance on the beach';
		const sent = `<<<image_1>>> <<<image_2>>> <<<image_3>>> ${prompt}`;
		const { hints, items } = await good(
			stage,
			picture(stage, V3, 3, { prompt, options: { simplify: false } }),
		);
		assert.equal(newest(stage)?.request.prompt, sent);
		assert.equal((items[0]?.json.task as { prompt?: string }).prompt, sent);
		const hint = hints.find((each) => each.includes('names no image')) ?? hints.join('\n');
		assert.match(hint, /@1 @2 @3/);

		const off = await good(
			stage,
			picture(stage, V3, 3, { prompt, options: { nameImages: false } }),
		);
		assert.equal(newest(stage)?.request.prompt, prompt);
		assert.ok(off.hints.some((each) => each.includes('never names @1, @2, @3')));
	});

	it('makes a first and a last frame of two images, whose shape the video has', async () => {
		const rows = [
			{ source: 'url', url: stage.emulator.imageUrl('dog.png'), role: 'first_frame' },
			{ source: 'url', url: stage.emulator.imageUrl('ball.png'), role: 'end_frame' },
		];
		for (const model of [V3, O1]) {
			await good(
				stage,
				picture(stage, model, 1, {
					imageInput: 'fields',
					images: { image: rows },
					prompt: 'It rolls',
					duration: 7,
				}),
			);
			const { request } = newest(stage) ?? {};
			assert.deepEqual(
				(request?.image_list as Array<{ type?: string }>).map(({ type }) => type),
				['first_frame', 'end_frame'],
			);
			assert.equal('aspect_ratio' in (request ?? {}), false);
			assert.equal(request?.prompt, 'It rolls');
		}
	});

	it('cuts a video from shots, by itself or as it is told', async () => {
		await good(stage, picture(stage, V3, 1, { prompt: '@1 runs', shots: 'auto' }));
		assert.equal(newest(stage)?.request.shot_type, 'intelligence');
		const shot = [
			{ prompt: 'Close-up of @1', seconds: 2 },
			{ prompt: '@1 from far away', seconds: '3' },
		];
		await good(
			stage,
			picture(stage, V3, 1, { shots: 'custom', shotList: { shot }, duration: 5, prompt: '' }),
		);
		assert.deepEqual(newest(stage)?.request.multi_prompt, [
			{ index: 1, prompt: 'Close-up of <<<image_1>>>', duration: '2' },
			{ index: 2, prompt: '<<<image_1>>> from far away', duration: '3' },
		]);
	});

	it('adds body fields as they are, and another one of them is another task', async () => {
		const submit = async (additionalBodyFields: unknown) =>
			await good(
				stage,
				picture(stage, MULTI_IMAGE, 1, {
					additionalFields: { additionalBodyFields },
					options: { reuse: 'workflow' },
				}),
			);
		await submit('{"cfg_scale": 0.25, "element_list": [{"element_id": 829836802793406551}]}');
		assert.equal(newest(stage)?.request.cfg_scale, 0.25);
		await submit('={{ { cfg_scale: 0.5 } }}');
		assert.equal(newest(stage)?.request.cfg_scale, 0.5);
		assert.equal(stage.emulator.bill().total, 2);
	});

	it('leaves an @1 alone for a model that knows no references', async () => {
		await good(stage, picture(stage, MULTI_IMAGE, 2, { prompt: '@1 wears the jacket' }));
		assert.equal(newest(stage)?.request.prompt, '@1 wears the jacket');
		assert.equal(newest(stage)?.family, 'multi-image2video');
	});

	for (const [what, model, count, changes, words] of [
		['eight images', V3, 8, {}, /8 images.*1 to 7/],
		['five images with the older model', MULTI_IMAGE, 5, {}, /5 images.*1 to 4/],
		[`15 seconds with ${O1}`, O1, 1, { duration: 15 }, /Duration.*3 to 10/],
		[`7 seconds with ${MULTI_IMAGE}`, MULTI_IMAGE, 1, { duration: '7' }, /Duration.*5 or 10/],
		[`4K with ${O1}`, O1, 1, { mode: '4k' }, /Mode.*std or pro/],
		['an image that is not there', V3, 2, { prompt: '@1 meets @3' }, /names image 3.*2 images/],
		[
			'a last frame alone',
			V3,
			1,
			{
				imageInput: 'fields',
				images: { image: [{ source: 'url', url: 'https://x.example/a.png', role: 'end_frame' }] },
			},
			/Role.*Last Frame.*First Frame for none/,
		],
		[
			'shots that do not fill the video',
			V3,
			1,
			{ shots: 'custom', shotList: { shot: [{ prompt: '@1', seconds: 3 }] }, duration: 5 },
			/Shots.*3 seconds together, the video 5/,
		],
		[
			'body fields that are no JSON',
			V3,
			1,
			{ additionalFields: { additionalBodyFields: '{"cfg_scale": 0.5' } },
			/Additional Body Fields.*not a JSON object/,
		],
		[
			'body fields that would replace the images',
			V3,
			1,
			{ additionalFields: { additionalBodyFields: '{"image_list": []}' } },
			/Additional Body Fields.*would replace image_list/,
		],
		[
			'a raw reference that is not there',
			O1,
			1,
			{ prompt: '<<<image_2>>>' },
			/names image 2.*1 image/,
		],
	] as const) {
		it(`with ${what} is refused before anything is sent`, async () => {
			const said = await refusal(stage, picture(stage, model, count, changes));
			assert.match(said, words);
			assert.deepEqual(stage.emulator.calls(), []);
		});
	}

	it('with a negative prompt is refused where an expression picks an omni model, and sent nowhere', async () => {
		const parameters = picture(stage, '', 1, {
			model: typed('={{ $json.model }}'),
			additionalFields: { negativePrompt: 'rain' },
		});
		const said = await refusal(stage, parameters, { items: [{ json: { model: V3 } }] });
		assert.match(said, /Negative Prompt.*say in the prompt what to avoid/);
		assert.deepEqual(stage.emulator.calls(), []);
	});

	it('leaves out what an earlier choice of model left in the hidden fields', async () => {
		const leftOver = { negativePrompt: 'rain', sound: 'on' };
		await good(stage, picture(stage, O1, 1, { additionalFields: leftOver }));
		assert.equal('negative_prompt' in (newest(stage)?.request ?? {}), false);
		assert.equal('sound' in (newest(stage)?.request ?? {}), false);
		await good(stage, picture(stage, MULTI_IMAGE, 1, { additionalFields: leftOver }));
		assert.equal(newest(stage)?.request.negative_prompt, 'rain');
		assert.equal('sound' in (newest(stage)?.request ?? {}), false);
	});
});
