// Replies of the same families that nobody published, and the rules that they are read by.
import { readList, readTask, type ReplyKind } from '../../../nodes/Kling/api/reply';
import { parseJson } from '../../../nodes/Kling/api/reply/json';
import type { Task } from '../../../nodes/Kling/api/task';

const LINK = 'https://cdn.example.com/v.mp4';

function taskIn(body: unknown, kind: ReplyKind = 'get'): Task | undefined {
	const reading = readTask(body, kind);
	return reading.kind === 'task' ? reading.task : undefined;
}

/** The task of new-api: Kling's reply inside the gateway's own task. */
function newApi(outer: object, inner?: unknown): object {
	return { code: 'success', message: '', data: { task_id: 'public-1', ...outer, data: inner } };
}

describe('the task id', () => {
	const ids: Array<[string, object, string]> = [
		['data.task_id', { code: 0, data: { task_id: 'a' } }, 'a'],
		['task_id', { task_id: 'a', status: 'queued' }, 'a'],
		['id beside a status', { id: 'a', status: 'completed' }, 'a'],
		['data.id', { code: 0, data: { id: 'a', status: 'succeeded' } }, 'a'],
		['data.taskId', { code: 0, data: { taskId: 'a' } }, 'a'],
		['a number', { code: 0, data: { task_id: 42 } }, '42'],
		["data.task_id before an event's id", { id: 'evt_1', data: { task_id: 'a' } }, 'a'],
		["data.id before an event's id", { id: 'evt_1', data: { id: 'a', status: 'failed' } }, 'a'],
		[
			"the gateway's id before Kling's",
			newApi({}, { code: 0, data: { task_id: 'kling-1' } }),
			'public-1',
		],
		['an only list element', { code: 0, data: [{ task_id: 'a', task_status: 'succeed' }] }, 'a'],
		['data as JSON text', { code: 0, data: '{"task_id":"a","task_status":"submitted"}' }, 'a'],
	];
	test.each(ids)('is found as %s', (_, body, id) => {
		expect(taskIn(body)?.id).toBe(id);
	});

	test('keeps all digits of a number beyond 2^53', () => {
		const body = parseJson(
			'{"code":0,"data":{"task_id":866168216002236456,"x":-0.1234567890123456789e-2}}',
		);
		expect(taskIn(body)?.id).toBe('866168216002236456');
	});

	test('is not made of a number whose digits are already lost', () => {
		expect(readTask({ code: 0, data: { task_id: 2 ** 60 } }, 'get').kind).toBe('refusal');
	});

	test.each<[string, unknown]>([
		['an empty task_id', { code: 0, message: 'success', data: { task_id: '', task_status: '' } }],
		['a blank task_id', { code: 0, data: { task_id: '  ' } }],
		['no data', { code: 0, message: 'SUCCEED', data: null }],
		['data without an id', { code: 'success', data: {} }],
	])('%s with a code that says yes is a refusal', (_, body) => {
		expect(readTask(body, 'submit')).toMatchObject({
			kind: 'refusal',
			error: { facts: { category: 'reply' } },
		});
	});

	test.each<[string, unknown]>([
		['nothing', undefined],
		['null', null],
		['text', 'hello'],
		['a number', 7],
		['an empty list', []],
		['an empty object', {}],
		['an object of another service', { message: 'pong', version: 3 }],
	])('%s is not a Kling reply', (_, body) => {
		expect(readTask(body, 'get').kind).toBe('notKling');
	});
});

describe('the status', () => {
	const words: Array<[string, Task['status']]> = [
		['submitted', 'submitted'],
		['queued', 'submitted'],
		['QUEUED', 'submitted'],
		['NOT_START', 'submitted'],
		['not start', 'submitted'],
		['processing', 'processing'],
		['IN_PROGRESS', 'processing'],
		['in-progress', 'processing'],
		['succeed', 'succeed'],
		[' Succeed ', 'succeed'],
		['SUCCESS', 'succeed'],
		['succeeded', 'succeed'],
		['completed', 'succeed'],
		['failed', 'failed'],
		['FAILURE', 'failed'],
		['UNKNOWN', 'processing'],
		['paused by moderator', 'processing'],
		['constructor', 'processing'],
		['', 'processing'],
	];
	test.each(words)('%j in a get means %s', (word, status) => {
		expect(taskIn({ code: 0, data: { task_id: 'a', task_status: word } })?.status).toBe(status);
		expect(taskIn({ id: 'a', status: word })?.status).toBe(status);
	});

	test('an empty or missing word in a submit means submitted', () => {
		expect(taskIn({ id: 'a', task_id: 'a', status: '' }, 'submit')?.status).toBe('submitted');
		expect(taskIn({ code: 0, data: { task_id: 'a' } }, 'submit')?.status).toBe('submitted');
	});

	test("Kling's innermost task_status wins over a gateway's word", () => {
		const inner = { code: 0, data: { task_id: 'k', task_status: 'processing' } };
		expect(taskIn(newApi({ status: 'SUCCESS' }, inner))?.status).toBe('processing');
	});

	test("the gateway's word counts where Kling's reply is not there yet", () => {
		expect(taskIn(newApi({ status: 'QUEUED', progress: '20%' }))?.status).toBe('submitted');
		expect(taskIn(newApi({ status: 'FAILURE' }, { code: 1301, data: null }))?.status).toBe(
			'failed',
		);
	});

	test("an envelope's success is about the request, not about the task", () => {
		expect(taskIn({ status: 'success', data: { task_id: 'a' } }, 'submit')?.status).toBe(
			'submitted',
		);
		expect(taskIn({ status: 'success', data: { task_id: 'a' } })?.status).toBe('processing');
	});

	test("an envelope's success with a link is the task's", () => {
		expect(taskIn({ status: 'success', data: { task_id: 'a', url: LINK } })).toMatchObject({
			status: 'succeed',
			videos: [{ url: LINK }],
		});
	});

	test('a null or numeric status means still running', () => {
		expect(taskIn({ code: 0, data: { task_id: 'a', task_status: null } })?.status).toBe(
			'processing',
		);
		expect(taskIn({ code: 0, data: { task_id: 'a', task_status: 3 } })?.status).toBe('processing');
	});
});

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

describe('times, ids and units', () => {
	test.each<[string, unknown, number | undefined]>([
		['milliseconds', 1774805076166, 1774805076166],
		['seconds', 1774805076, 1774805076000],
		['milliseconds as text', '1774805076166', 1774805076166],
		['seconds as text', '1774805076', 1774805076000],
		['ISO text', '2026-03-29T17:24:36Z', 1774805076000],
		['zero', 0, undefined],
		['null', null, undefined],
		['words', 'yesterday', undefined],
		['more than a date can hold', 1e300, undefined],
	])('a time in %s', (_, created_at, expected) => {
		expect(taskIn({ code: 0, data: { task_id: 'a', created_at } })?.createdAt).toBe(expected);
	});

	test("new-api's own times, in seconds, where Kling's are not there", () => {
		expect(
			taskIn(newApi({ status: 'SUCCESS', submit_time: 1773130665, finish_time: 1773130700 })),
		).toMatchObject({
			createdAt: 1773130665000,
			updatedAt: 1773130700000,
		});
	});

	test.each<[string, object]>([
		['task_info.external_task_id', { task_info: { external_task_id: 'mine' } }],
		['external_task_id', { external_task_id: 'mine' }],
		['external_id', { external_id: 'mine' }],
	])('the external id in %s', (_, data) => {
		expect(taskIn({ code: 0, data: { task_id: 'a', ...data } })?.externalId).toBe('mine');
	});

	test.each([[null], [{}], [{ external_task_id: null }], [{ external_task_id: '' }]])(
		'task_info %j holds no external id',
		(task_info) => {
			expect(taskIn({ code: 0, data: { task_id: 'a', task_info } })?.externalId).toBeUndefined();
		},
	);

	test('units deducted, as the service wrote them', () => {
		expect(
			taskIn({ code: 0, data: { task_id: 'a', final_unit_deduction: '3.50' } })?.unitDeduction,
		).toBe('3.50');
		expect(
			taskIn({ code: 0, data: { task_id: 'a', final_unit_deduction: 2 } })?.unitDeduction,
		).toBe('2');
	});
});

describe('a task or a refusal?', () => {
	test('an id with a status is a task, whatever the code says: it may have been paid for', () => {
		const body = {
			code: 5002,
			message: 'timeout',
			data: { task_id: 'a', task_status: 'submitted' },
		};
		expect(taskIn(body, 'submit')).toMatchObject({ id: 'a', status: 'submitted' });
	});

	test('codes that repeat HTTP 200 say yes', () => {
		expect(taskIn({ code: 200, message: 'ok', data: { task_id: 'a' } }, 'submit')?.id).toBe('a');
	});

	test('an error object with code 0 says yes', () => {
		expect(taskIn({ task_id: 'a', status: 'queued', error: { code: 0 } }, 'submit')?.status).toBe(
			'submitted',
		);
	});

	test("a request's id beside an error is no task", () => {
		const reading = readTask({ id: 'req_1', error: { message: 'no', type: 'x' } }, 'submit');
		expect(reading.kind).toBe('refusal');
	});

	test("a bare id in an answer with HTTP 401 is the request's, even with a status", () => {
		const body = { id: 'req_1', status: 'fail', message: 'invalid token' };
		expect(readTask(body, 'submit', { httpStatus: 401 })).toMatchObject({
			kind: 'refusal',
			error: { facts: { category: 'auth' } },
		});
	});
});

describe('a list', () => {
	test.each<[string, unknown]>([
		['data', { code: 0, data: [{ task_id: 'a', task_status: 'succeed' }] }],
		['data_list', { code: 0, data_list: [{ task_id: 'a', task_status: 'succeed' }] }],
		[
			'data.data_list',
			{ code: 0, data: { data_list: [{ task_id: 'a', task_status: 'succeed' }] } },
		],
		[
			'data.items',
			{ code: 'success', data: { items: [{ task_id: 'a', status: 'SUCCESS' }], total: 1 } },
		],
		['the body itself', [{ id: 'a', status: 'completed' }]],
	])('is found as %s', (_, body) => {
		expect(readList(body)).toMatchObject({
			kind: 'page',
			tasks: [{ task: { id: 'a', status: 'succeed' } }],
		});
	});

	test.each<[string, unknown]>([
		['an empty list', { code: 0, message: 'SUCCEED', data: [] }],
		['null (One-Hub)', { code: 0, message: 'success', data: null }],
	])('%s is an empty page', (_, body) => {
		expect(readList(body)).toEqual({ kind: 'page', tasks: [] });
	});

	test('leaves out what has no id, and keeps each element as received', () => {
		const good = { task_id: 'a', task_status: 'failed', task_status_msg: 'no', extra: 1 };
		expect(readList({ code: 0, data: [null, {}, 'x', good, { task_id: '' }] })).toEqual({
			kind: 'page',
			tasks: [{ task: expect.objectContaining({ id: 'a', reason: 'no' }), raw: good }],
		});
	});

	test('a refusal is told as one', () => {
		expect(readList({ code: 1302, message: 'slow down' })).toMatchObject({
			kind: 'refusal',
			error: { facts: { category: 'busy' } },
		});
	});

	test.each<[string, unknown]>([
		['a web page', undefined],
		['a single task', { code: 0, data: { task_id: 'a' } }],
		['another object', { hello: 'world' }],
	])('%s is no list', (_, body) => {
		expect(readList(body).kind).toBe('notKling');
	});
});
