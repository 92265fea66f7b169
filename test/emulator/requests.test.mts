// The emulator refuses what the official pages forbid, and bills nothing for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../lab/emulator/settings.mts';
import { callerOf, goodRequest, sampleImage, started, submitted } from './service.mts';

const omni = {
	model_name: 'kling-v3-omni',
	prompt: 'The <<<image_1>>> runs',
	duration: '15',
	mode: '4k',
	aspect_ratio: '16:9',
};

test('every broken limit of the multi-image family is refused with 1201', async (t) => {
	const emulator = await started(t);
	const post = callerOf(emulator);
	const dog = await sampleImage('dog.png');
	const broken: Array<Record<string, unknown>> = [
		{ prompt: '' },
		{ prompt: undefined },
		{ prompt: '🐶'.repeat(2501) },
		{ negative_prompt: 'x'.repeat(2501) },
		{ mode: '4k' },
		{ duration: '99' },
		{ duration: 5 },
		{ aspect_ratio: '4:3' },
		{ callback_url: 'ftp://example.com' },
		{ image_list: [] },
		{ image_list: [{ image_url: dog }] },
		{ image_list: Array.from({ length: 5 }, () => ({ image: dog })) },
		{ image_list: [{ image: `data:image/png;base64,${dog}` }] },
		{ image_list: [{ image: 'not base64!' }] },
		{ image_list: [{ image: await sampleImage('too-small.png') }] },
		{ image_list: [{ image: await sampleImage('too-wide.png') }] },
		{ image_list: [{ image: await sampleImage('picture.webp') }] },
		{ image_list: [{ image: Buffer.from('a text, not an image').toString('base64') }] },
		...[
			'too-small.png',
			'too-wide.png',
			'picture.webp',
			'huge.png',
			'not-an-image.png',
			'nothing.png',
		].map((name) => ({ image_list: [{ image: emulator.imageUrl(name) }] })),
	];
	for (const changes of broken) {
		const answer = await post('POST', 'multi-image2video', await goodRequest(changes));
		const shown = JSON.stringify(changes).slice(0, 80);
		assert.equal(answer.json.at('code'), 1201, `${shown}: ${answer.text}`);
		assert.equal(answer.status, 400, shown);
		assert.equal(answer.json.at('data'), undefined, shown);
	}
	assert.equal(emulator.bill().total, 0);
});

test('everything at its limit is taken', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator);
	const images = ['narrowest.png', 'dog.png', 'jacket.jpg', 'redirect/garden.jpg'];
	await submitted(caller, {
		image_list: images.map((name) => ({ image: emulator.imageUrl(name) })),
		prompt: '🐶'.repeat(2500),
		negative_prompt: 'x'.repeat(2500),
		mode: 'pro',
		duration: '10',
		aspect_ratio: '1:1',
		watermark_info: { enabled: true },
		callback_url: '',
		external_task_id: '',
	});
	const [task] = emulator.tasks.list();
	assert.deepEqual(
		task?.images.map(({ width, height }) => [width, height]),
		[
			[750, 300],
			[640, 480],
			[600, 600],
			[540, 720],
		],
	);
});

test('a body that is not a JSON object is refused with 1200', async (t) => {
	const emulator = await started(t);
	const post = callerOf(emulator);
	for (const body of ['', '[]', '{"prompt":', 'null']) {
		assert.equal((await post('POST', 'multi-image2video', body)).json.at('code'), 1200, body);
	}
	const asText = await post('POST', 'multi-image2video', '{}', { 'content-type': 'text/plain' });
	assert.equal(asText.json.at('code'), 1200);
});

test('an unknown model is 1203 or what was set, and Kling itself no longer sells kling-v1-6', async (t) => {
	const { retiredModels } = defaultSettings;
	const emulator = await started(t, { retiredModels });
	const official = callerOf(emulator);
	const unknown = await official(
		'POST',
		'multi-image2video',
		await goodRequest({ model_name: 'kling-v9' }),
	);
	assert.deepEqual([unknown.status, unknown.json.at('code')], [404, 1203]);
	emulator.settings.unknownModelCode = 1201;
	const retired = await official('POST', 'multi-image2video', await goodRequest());
	assert.deepEqual([retired.status, retired.json.at('code')], [400, 1201]);
	await submitted(callerOf(emulator, 'hingnet'));
	// The default that is documented for this endpoint is the retired one.
	const bare = await official(
		'POST',
		'multi-image2video',
		await goodRequest({ model_name: undefined }),
	);
	assert.equal(bare.json.at('code'), 1201);
});

test('`model` is ignored by Kling, so that the default model is used', async (t) => {
	const emulator = await started(t);
	await submitted(callerOf(emulator), { model_name: undefined, model: 'whatever' });
	assert.equal(emulator.tasks.list()[0]?.model, 'kling-v1-6');
});

test('a duplicate external_task_id is refused, whatever the family', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	await submitted(official, { external_task_id: 'mine' });
	const again = await official(
		'POST',
		'multi-image2video',
		await goodRequest({ external_task_id: 'mine' }),
	);
	assert.equal(again.json.at('code'), 1201);
	const other = await official('POST', 'omni-video', {
		...omni,
		prompt: 'x',
		external_task_id: 'mine',
	});
	assert.equal(other.json.at('code'), 1201);
	assert.deepEqual({ ...emulator.bill().perExternalId }, { mine: 1 });
});

test('one task more than the plan allows is refused with 1303, until a slot is free', async (t) => {
	const emulator = await started(t, { concurrency: 2 });
	const official = callerOf(emulator);
	const first = await submitted(official);
	await submitted(official);
	const busy = await official('POST', 'multi-image2video', await goodRequest());
	assert.deepEqual([busy.status, busy.json.at('code')], [429, 1303]);
	emulator.tasks.fail(first, 'no reason');
	await submitted(official);
	assert.equal(emulator.bill().total, 3);
});

test('equal work has one request hash, whatever its key and callback URL', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	await submitted(official, { external_task_id: 'a', callback_url: 'http://127.0.0.1:1/a' });
	await submitted(official, { external_task_id: 'b' });
	await submitted(official, { prompt: 'other' });
	assert.deepEqual(Object.values(emulator.bill().perRequest).sort(), [1, 2]);
});

test('omni-video has limits of its own', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const images = (count: number): unknown[] =>
		Array.from({ length: count }, () => ({ image_url: emulator.imageUrl('ball.png') }));
	const outcome = async (changes: Record<string, unknown>): Promise<unknown> =>
		(await official('POST', 'omni-video', { ...omni, image_list: images(1), ...changes })).json.at(
			'code',
		);

	assert.equal(await outcome({}), 0);
	assert.equal(await outcome({ image_list: images(7), sound: 'on' }), 0);
	assert.equal(await outcome({ image_list: images(8) }), 1201);
	assert.equal(
		await outcome({ image_list: images(6), element_list: [{ element_id: 1 }, { element_id: 2 }] }),
		1201,
	);
	assert.equal(
		await outcome({
			image_list: images(5),
			video_list: [{ video_url: 'https://example.com/v.mp4' }],
		}),
		1201,
	);
	assert.equal(await outcome({ model_name: 'kling-video-o1' }), 1201, 'o1 ends at 10 seconds');
	assert.equal(await outcome({ model_name: 'kling-video-o1', duration: '3' }), 0);
	assert.equal(await outcome({ duration: '2' }), 1201);
	assert.equal(await outcome({ model_name: 'kling-v1-6' }), 1203);
	assert.equal(await outcome({ prompt: '<<<image_2>>>' }), 1201);
	assert.equal(await outcome({ aspect_ratio: undefined }), 1201, 'required without a first frame');
	assert.equal(await outcome({ image_list: [{ image: emulator.imageUrl('ball.png') }] }), 1201);
});

test('first and last frames of omni-video have rules of their own', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const framed = (...types: Array<string | undefined>): unknown[] =>
		types.map((type) => ({ image_url: emulator.imageUrl('ball.png'), type }));
	const outcome = async (
		types: Array<string | undefined>,
		changes: Record<string, unknown> = {},
	): Promise<unknown> => {
		const body = { ...omni, duration: '5', mode: 'std', aspect_ratio: undefined };
		const image_list = framed(...types);
		return (await official('POST', 'omni-video', { ...body, image_list, ...changes })).json.at(
			'code',
		);
	};
	const o1 = { model_name: 'kling-video-o1' };

	assert.equal(await outcome(['first_frame']), 0);
	assert.equal(await outcome(['first_frame', 'end_frame']), 0);
	assert.equal(await outcome(['first_frame', undefined, 'end_frame']), 0);
	assert.equal(await outcome(['first_frame', 'end_frame'], { ...o1, duration: '7' }), 0);
	assert.equal(await outcome(['first_frame'], o1), 0);
	assert.equal(await outcome(['first_frame'], { ...o1, duration: '7' }), 1201);
	assert.equal(await outcome(['first_frame', 'end_frame', undefined], o1), 1201);
	assert.equal(await outcome(['end_frame'], { aspect_ratio: '16:9' }), 1201);
	assert.equal(await outcome(['first_frame', 'first_frame']), 1201);
	assert.equal(await outcome(['middle_frame'], { aspect_ratio: '16:9' }), 1201);
	assert.equal(await outcome(['first_frame'], { aspect_ratio: '16:9' }), 1201);
	const shots = { multi_shot: true, shot_type: 'intelligence' };
	assert.equal(await outcome(['first_frame', 'end_frame'], shots), 1201);
});

test('shots of omni-video have rules of their own', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const image_list = [{ image_url: emulator.imageUrl('ball.png') }];
	const outcome = async (changes: Record<string, unknown>): Promise<unknown> =>
		(
			await official('POST', 'omni-video', { ...omni, mode: 'std', image_list, ...changes })
		).json.at('code');
	const shots = (...seconds: number[]) => ({
		prompt: undefined,
		multi_shot: true,
		shot_type: 'customize',
		duration: String(seconds.reduce((sum, each) => sum + each, 0)),
		multi_prompt: seconds.map((each, position) => ({
			index: position + 1,
			prompt: '<<<image_1>>> turns',
			duration: String(each),
		})),
	});
	const one = (shot: Record<string, unknown>) => ({
		...shots(5),
		multi_prompt: [{ index: 1, prompt: 'x', duration: '5', ...shot }],
	});

	assert.equal(await outcome(shots(3)), 0);
	assert.equal(await outcome(shots(1, 1, 1, 1, 1, 1)), 0);
	assert.equal(await outcome({ multi_shot: true, shot_type: 'intelligence' }), 0);
	assert.equal(await outcome(one({ prompt: '字'.repeat(512) })), 0);
	assert.equal(await outcome(shots(1, 1, 1, 1, 1, 1, 1)), 1201);
	assert.equal(await outcome({ ...shots(5), multi_prompt: [] }), 1201);
	assert.equal(await outcome({ ...shots(2, 3), duration: '6' }), 1201);
	assert.equal(await outcome(one({ prompt: '字'.repeat(513) })), 1201);
	assert.equal(await outcome(one({ prompt: ' ' })), 1201);
	assert.equal(await outcome(one({ duration: 5 })), 1201);
	assert.equal(await outcome(one({ duration: '0' })), 1201);
	assert.equal(await outcome(one({ index: 2 })), 1201);
	assert.equal(await outcome(one({ prompt: '<<<image_2>>>' })), 1201);
	assert.equal(await outcome({ ...shots(5), shot_type: 'sometimes' }), 1201);
	assert.equal(await outcome({ ...shots(5), model_name: 'kling-video-o1' }), 1201);
	assert.equal(await outcome({ multi_shot: true, shot_type: 'intelligence', prompt: '' }), 1201);
	assert.equal(emulator.bill().total, 4);
});

test('a task of one family is not found at the other family', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const id = await submitted(official, { external_task_id: 'mine' });
	assert.equal((await official('GET', `multi-image2video/${id}`)).json.at('data', 'task_id'), id);
	for (const wanted of [id, 'mine']) {
		const answer = await official('GET', `omni-video/${wanted}`);
		assert.deepEqual([answer.status, answer.json.at('code')], [404, 1203]);
	}
});

test('a bad image behind a URL can fail the task later instead', async (t) => {
	const emulator = await started(t, { urlImages: 'failTask' });
	const official = callerOf(emulator);
	const id = await submitted(official, {
		image_list: [{ image: emulator.imageUrl('too-small.png') }],
	});
	emulator.clock.advance(3_600_000);
	const answer = await official('GET', `multi-image2video/${id}`);
	assert.equal(answer.json.at('data', 'task_status'), 'failed');
	assert.match(String(answer.json.at('data', 'task_status_msg')), /pixel/);
	assert.equal(answer.json.at('message'), 'SUCCEED');
});
