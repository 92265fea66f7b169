// Asking for one task and for a page of them: what is sent, and what each answer proves.
import type { Outcome } from '../../../nodes/Kling/api/client';
import { families } from '../../../nodes/Kling/api/models';
import { answered, clientOf, page } from './oneAnswer';
import { sample } from './payloads';

const { multiImage } = families;

describe('fetch', () => {
	test('asks for the id as one piece of the path', async () => {
		const { client, requests } = clientOf('klingGlobal', answered(404, ''));
		await client.fetch(multiImage, 'a/../b?c #ü');
		expect(requests[0]).toMatchObject({
			method: 'GET',
			url: 'https://api-singapore.klingai.com/v1/videos/multi-image2video/a%2F..%2Fb%3Fc%20%23%C3%BC',
		});
		expect(requests[0]?.body).toBeUndefined();
	});

	test.each<[string, Outcome]>([
		['404 of One-Hub', answered(404, { code: 404, message: '任务不存在', request_id: '' })],
		[
			'400 of new-api',
			answered(400, { code: 'task_not_exist', message: 'task_not_exist', data: null }),
		],
		['1203', answered(404, { code: 1203, message: 'm' })],
		['1203 inside HTTP 200', answered(200, { code: 1203, message: 'm' })],
		['a bad parameter, in words', answered(400, { code: 1201, message: 'task not found' })],
		['404 in JSON', answered(404, { message: 'not found' })],
		[
			'404 in OpenAI style',
			answered(404, { error: { message: 'no such task', type: 'x', code: 'task_not_found' } }),
		],
	])('an unknown id told by %s is missing', async (_, outcome) => {
		const { client } = clientOf('custom', outcome, { baseUrl: 'https://gw.example.com' });
		expect(await client.fetch(multiImage, 'x')).toMatchObject({
			kind: 'missing',
			error: { facts: { category: 'missing' } },
		});
	});

	test.each<[string, Outcome]>([
		['404 with a web page', answered(404, page)],
		['404 without a body', answered(404, '')],
		['an unknown endpoint (1202)', answered(404, { code: 1202, message: 'm' })],
		['404 with words of a server on the way', answered(404, { message: 'no Route matched' })],
		['405', answered(405, { message: 'm' })],
		['a redirect', answered(301, '')],
	])('%s says nothing about the task', async (_, outcome) => {
		expect((await clientOf('klingGlobal', outcome).client.fetch(multiImage, 'x')).kind).toBe(
			'refused',
		);
	});

	test.each<[string, Outcome, string]>([
		['a wrong key', answered(401, { code: 1000, message: 'm' }), 'refused'],
		['no access', answered(403, { code: 1103, message: 'm' }), 'refused'],
		['too many requests', answered(429, { code: 1302, message: 'm' }), 'transient'],
		['an internal fault', answered(500, { code: 5000, message: 'm' }), 'transient'],
		['a web page with 502', answered(502, page), 'transient'],
		['a web page with 200', answered(200, page), 'transient'],
		['an empty 200', answered(200, ''), 'transient'],
		['a "yes" without a task', answered(200, { code: 0, data: { task_id: '' } }), 'transient'],
		['no connection', { kind: 'notSent', reason: 'ECONNREFUSED' }, 'transient'],
		['no answer', { kind: 'unknown', reason: 'ETIMEDOUT' }, 'transient'],
	])('%s is %s', async (_, outcome, kind) => {
		expect((await clientOf('klingGlobal', outcome).client.fetch(multiImage, 'x')).kind).toBe(kind);
	});

	const reply = (task: object) =>
		answered(200, { code: 0, data: { task_status: 'processing', ...task } });

	test('asked by task id, keeps that id', async () => {
		const { client } = clientOf('klingGlobal', reply({ task_id: 'a' }));
		expect(await client.fetch(multiImage, 'a')).toMatchObject({ kind: 'found', task: { id: 'a' } });
	});

	test("asked by external id, takes the reply's id", async () => {
		const { client } = clientOf(
			'klingGlobal',
			reply({ task_id: 'a', task_info: { external_task_id: 'mine' } }),
		);
		expect(await client.fetch(multiImage, 'mine')).toMatchObject({
			kind: 'found',
			task: { id: 'a', externalId: 'mine' },
		});
	});

	test.each<[string, object, object]>([
		['a reply without an external id', { task_id: 'other' }, {}],
		["One-Hub's renamed id", { task_id: 'task_9x1', task_info: { external_task_id: 'mine' } }, {}],
		[
			'a reply with the external id that is known',
			{ task_id: 'other', task_info: { external_task_id: 'mine' } },
			{ externalId: 'mine' },
		],
		[
			"Kling's id inside a gateway's task",
			{ task_id: 'public', data: { task_id: 'a', task_info: { external_task_id: 'mine' } } },
			{},
		],
	])('keeps the id that was asked for through %s', async (_, task, known) => {
		const { client } = clientOf('hingnet', reply(task));
		expect(await client.fetch(multiImage, 'a', known)).toMatchObject({
			kind: 'found',
			task: { id: 'a' },
		});
	});

	test('a task with another id and another external id is not the one', async () => {
		const { client } = clientOf(
			'klingGlobal',
			reply({ task_id: 'other', task_info: { external_task_id: 'theirs' } }),
		);
		expect(await client.fetch(multiImage, 'a')).toMatchObject({
			kind: 'transient',
			error: { facts: { category: 'reply' } },
		});
	});

	test('finds a long numeric id with all its digits', async () => {
		const { client } = clientOf(
			'klingGlobal',
			answered(200, '{"code":0,"data":{"task_id":866168216002236456,"task_status":"processing"}}'),
		);
		expect(await client.fetch(multiImage, '866168216002236456')).toMatchObject({
			kind: 'found',
			task: { id: '866168216002236456' },
		});
	});
});

describe('list', () => {
	test('always sends both paging parameters', async () => {
		const { client, requests } = clientOf(
			'hingnet',
			answered(200, sample('onehub/list.from_code')),
		);
		expect(await client.list(multiImage, 1, 500)).toMatchObject({
			kind: 'page',
			tasks: [{ task: { id: '867283741759111202' } }],
		});
		expect(requests[0]?.url).toBe(
			'https://models.hingnet.com.cn/kling/v1/videos/multi-image2video?pageNum=1&pageSize=500',
		);
	});

	test('is not even tried where the route is known to be missing', async () => {
		const { client, requests } = clientOf('ezmodel', answered(200, { code: 0, data: [] }));
		const result = await client.list(multiImage, 1, 30);
		expect(result).toMatchObject({
			kind: 'unsupported',
			error: { message: 'EzModel cannot list tasks' },
		});
		expect(JSON.stringify(result)).toContain('Get Task');
		expect(requests).toEqual([]);
	});

	test('is tried at services that nobody knows', async () => {
		const { client } = clientOf('custom', answered(200, { code: 0, data: [] }), {
			baseUrl: 'gw.example.com',
		});
		expect(await client.list(multiImage, 1, 30)).toEqual({
			kind: 'page',
			tasks: [],
			unreadable: [],
			hasList: true,
		});
	});

	test.each<[string, Outcome]>([
		['404', answered(404, page)],
		['405', answered(405, '')],
		[
			'a route that is not known',
			answered(404, {
				error: { message: 'Invalid URL (GET /v1/videos)', type: 'invalid_request_error' },
			}),
		],
		['task_not_exist', answered(400, { code: 'task_not_exist', message: 'm', data: null })],
		['a web page with 200', answered(200, page)],
	])('%s from such a service means that it has none', async (_, outcome) => {
		const { client } = clientOf('cometapi', outcome);
		expect((await client.list(multiImage, 1, 30)).kind).toBe('unsupported');
	});

	test.each<[string, Outcome, string]>([
		['a wrong key', answered(401, { code: 1000, message: 'm' }), 'refused'],
		['an internal fault', answered(500, ''), 'transient'],
		['a web page with 200', answered(200, page), 'transient'],
		['no connection', { kind: 'notSent', reason: 'x' }, 'transient'],
	])('%s at Kling is %s', async (_, outcome, kind) => {
		expect((await clientOf('klingGlobal', outcome).client.list(multiImage, 1, 30)).kind).toBe(kind);
	});
});
