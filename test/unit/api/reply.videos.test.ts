// Where a reply of any gateway keeps its videos, and why a task failed.
import { LINK, newApi, taskIn } from './reading';

describe('the videos', () => {
	const places: Array<[string, object]> = [
		[
			'task_result.videos',
			{
				code: 0,
				data: { task_id: 'a', task_status: 'succeed', task_result: { videos: [{ url: LINK }] } },
			},
		],
		[
			'the innermost task_result (new-api)',
			newApi(
				{ status: 'SUCCESS', fail_reason: 'https://other.example.com/x.mp4' },
				{
					code: 0,
					data: { task_id: 'k', task_status: 'succeed', task_result: { videos: [{ url: LINK }] } },
				},
			),
		],
		[
			'data.data.task_result (CometAPI omni)',
			{
				code: 'success',
				data: {
					task_id: 'a',
					status: 'SUCCESS',
					progress: '100%',
					data: { task_id: 'k', task_result: { videos: [{ url: LINK }] } },
				},
			},
		],
		[
			'data.url',
			{ code: 'success', data: { task_id: 'a', status: 'succeeded', url: LINK, error: null } },
		],
		[
			'data.result_url (newer new-api)',
			newApi({ status: 'SUCCESS', result_url: LINK, fail_reason: '' }),
		],
		['fail_reason (new-api)', newApi({ status: 'SUCCESS', fail_reason: LINK })],
		[
			'metadata.url (OpenAI video)',
			{ id: 'a', object: 'video', status: 'completed', metadata: { url: LINK } },
		],
		[
			'url (docs.newapi.pro)',
			{
				task_id: 'a',
				status: 'completed',
				url: LINK,
				format: 'mp4',
				metadata: {},
				error: { code: 0, message: '' },
			},
		],
		[
			'outputs (new format)',
			{
				id: 'a',
				status: 'succeeded',
				outputs: [
					{ type: 'audio', url: 'https://a.example.com/s.mp3' },
					{ type: 'video', id: 'v', url: LINK },
				],
			},
		],
		[
			'outputs inside an envelope',
			{ event: 'task', data: { id: 'a', status: 'succeeded', outputs: [{ url: LINK }] } },
		],
		[
			'video_url of nobody in particular',
			{ result: { id: 'a', state: 'completed', video_url: LINK } },
		],
	];
	test.each(places)('are found in %s', (_, body) => {
		expect(taskIn(body)).toMatchObject({ status: 'succeed', videos: [{ url: LINK }] });
	});

	test('have an id, a watermarked link and a duration where told', () => {
		const videos = [
			{ id: 866168216002236, url: LINK, watermark_url: `${LINK}?w`, duration: '5.041' },
		];
		expect(
			taskIn({ code: 0, data: { task_id: 'a', task_status: 'succeed', task_result: { videos } } })
				?.videos,
		).toEqual([
			{ id: '866168216002236', url: LINK, watermarkUrl: `${LINK}?w`, durationSeconds: 5.041 },
		]);
	});

	test.each<[string, unknown]>([
		['null', null],
		['an object', {}],
		['a list of null', [null]],
		['an entry without a link', [{ id: 'x', url: '' }]],
		['an entry whose link is none', [{ url: 'soon' }]],
		['an entry whose link is null', [{ url: null, duration: null }]],
	])('%s in the place of videos is no video', (_, videos) => {
		const body = {
			code: 0,
			data: { task_id: 'a', task_status: 'succeed', task_result: { images: null, videos } },
		};
		expect(taskIn(body)).toMatchObject({ status: 'succeed', videos: [] });
	});

	test('a link in fail_reason is none before the task has ended well', () => {
		expect(taskIn(newApi({ status: 'IN_PROGRESS', fail_reason: LINK }))?.videos).toEqual([]);
		expect(taskIn(newApi({ status: 'FAILURE', fail_reason: LINK }))).toMatchObject({ videos: [] });
	});

	test('a url of a task that did not end well is none: it may be the image', () => {
		expect(taskIn({ id: 'a', status: 'failed', url: LINK })?.videos).toEqual([]);
	});
});

describe('the reason of a failed task', () => {
	const reasons: Array<[string, object, string | undefined]> = [
		[
			'task_status_msg',
			{
				code: 0,
				message: 'SUCCEED',
				data: { task_id: 'a', task_status: 'failed', task_status_msg: 'Image pixel is invalid' },
			},
			'Image pixel is invalid',
		],
		[
			'the innermost task_status_msg, not the fork\'s "SUCCEED"',
			newApi(
				{ status: 'FAILURE', fail_reason: 'SUCCEED' },
				{
					code: 0,
					message: 'SUCCEED',
					data: {
						task_id: 'k',
						task_status: 'failed',
						task_status_msg: 'Failure to pass the risk control system',
					},
				},
			),
			'Failure to pass the risk control system',
		],
		[
			'fail_reason where it says something',
			newApi({ status: 'FAILURE', fail_reason: 'task timed out' }),
			'task timed out',
		],
		[
			'data.error.message (crazyrouter)',
			{
				code: 'success',
				message: '',
				data: {
					task_id: 'a',
					status: 'failed',
					error: { code: 'task_failed', message: 'blocked' },
				},
			},
			'blocked',
		],
		[
			'error.message (OpenAI video)',
			{ id: 'a', status: 'failed', error: { message: 'blocked' } },
			'blocked',
		],
		[
			"message inside Kling's reply",
			newApi(
				{ status: 'FAILURE', fail_reason: 'SUCCEED' },
				{ code: 1301, message: 'content policy', data: null },
			),
			'content policy',
		],
		[
			'message of a callback in the new format',
			{ id: 'a', status: 'failed', message: 'blocked', outputs: [] },
			'blocked',
		],
		[
			'JSON inside fail_reason',
			newApi({ status: 'FAILURE', fail_reason: '{"code":1301,"message":"content policy"}' }),
			'content policy',
		],
		[
			'nothing but SUCCEED',
			{
				code: 0,
				message: 'SUCCEED',
				data: { task_id: 'a', task_status: 'failed', task_status_msg: '' },
			},
			undefined,
		],
		[
			'nothing but success and null',
			{
				code: 0,
				message: 'success',
				data: { task_id: 'a', task_status: 'failed', task_status_msg: null },
			},
			undefined,
		],
		['a link in fail_reason', newApi({ status: 'FAILURE', fail_reason: LINK }), undefined],
	];
	test.each(reasons)('is read from %s', (_, body, reason) => {
		const task = taskIn(body);
		expect(task?.status).toBe('failed');
		expect(task?.reason).toBe(reason);
	});

	test('is not given for a task that runs or succeeded', () => {
		const body = {
			code: 0,
			data: { task_id: 'a', task_status: 'succeed', task_status_msg: 'all fine' },
		};
		expect(taskIn(body)?.reason).toBeUndefined();
	});

	test('holds no key that the service echoes', () => {
		const body = {
			code: 0,
			data: { task_id: 'a', task_status: 'failed', task_status_msg: 'key sk-abcdef123 is bad' },
		};
		expect(taskIn(body)?.reason).toBe('key *** is bad');
	});
});
