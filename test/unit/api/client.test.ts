// The one door: what is sent, and what each way in which an attempt can end proves.
import {
	createClient,
	type ApiRequest,
	type Outcome,
	type Send,
} from '../../../nodes/Kling/api/client';
import { resolveService } from '../../../nodes/Kling/api/gateways';
import { families } from '../../../nodes/Kling/api/models';
import { sample } from './payloads';

const { multiImage, omni } = families;
const KEY = 'a-secret-key-of-the-credential';

function answered(status: number, body: unknown, headers: Record<string, string> = {}): Outcome {
	return {
		kind: 'answered',
		status,
		headers,
		body: typeof body === 'string' ? body : JSON.stringify(body),
	};
}

/** A client of one provider whose service always answers the same, and the requests that it got. */
function clientOf(provider: string, outcome: Outcome, fields: object = {}) {
	const requests: ApiRequest[] = [];
	const send: Send = async (request) => {
		requests.push(request);
		return outcome;
	};
	const service = resolveService({ provider, apiKey: KEY, ...fields });
	return { client: createClient(service, send, { now: () => 1_000_000 }), requests };
}

const PROVIDERS = ['klingGlobal', 'klingChina', 'hingnet', 'ezmodel', 'cometapi'];
const page = '<!DOCTYPE html><html><body>Welcome</body></html>';

describe('create', () => {
	test('sends the body once, to the endpoint of the family, as JSON', async () => {
		const { client, requests } = clientOf('hingnet', answered(200, sample('onehub/submit_ok')));
		await client.create(omni, '{"x":1}');
		expect(requests).toEqual([
			{
				method: 'POST',
				url: 'https://models.hingnet.com.cn/kling/v1/videos/omni-video',
				headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
				body: '{"x":1}',
				timeoutMs: 120_000,
			},
		]);
	});

	test.each<[string, Outcome, string, string]>([
		['a task', answered(200, sample('official/submit_ok.template')), 'accepted', ''],
		['a task with HTTP 201', answered(201, { code: 0, data: { task_id: 'a' } }), 'accepted', ''],
		[
			'an OpenAI video object',
			answered(200, sample('openai-video/anyfast.submit_ok')),
			'accepted',
			'',
		],
		[
			'a task with HTTP 500',
			answered(500, { code: 0, data: { task_id: 'a', task_status: 'submitted' } }),
			'accepted',
			'',
		],
		['1303', answered(429, sample('official/submit_refused_1303')), 'busy', 'busy'],
		['1302 inside HTTP 200', answered(200, { code: 1302, message: 'm' }), 'busy', 'busy'],
		['429 without a word', answered(429, ''), 'busy', 'busy'],
		['1102', answered(429, { code: 1102, message: 'm' }), 'refused', 'account'],
		['a wrong key', answered(401, sample('official/auth_1002_wrong_region')), 'refused', 'auth'],
		['401 with a web page', answered(401, page), 'refused', 'auth'],
		['403 with a web page', answered(403, page), 'refused', 'access'],
		['404 with a web page', answered(404, page), 'refused', 'missing'],
		['413', answered(413, page), 'refused', 'input'],
		[
			'a redirect',
			answered(302, '', { location: 'https://elsewhere.example.com' }),
			'refused',
			'reply',
		],
		[
			'a redirect with a body that looks like a task',
			answered(307, { code: 0, data: { task_id: 'a' } }),
			'refused',
			'reply',
		],
		[
			'an empty task id',
			answered(200, { code: 0, message: 'success', data: { task_id: '' } }),
			'refused',
			'reply',
		],
		[
			'build_request_failed with HTTP 500',
			answered(500, { code: 'build_request_failed', message: 'm' }),
			'refused',
			'input',
		],
		[
			'a taken external id',
			answered(400, { code: 1201, message: 'external_task_id already exists' }),
			'taken',
			'taken',
		],
		[
			'no data at all',
			answered(200, { code: 0, message: 'SUCCEED', data: null }),
			'unknown',
			'reply',
		],
		['an empty 200', answered(200, ''), 'unknown', 'reply'],
		['a web page with 200', answered(200, page), 'unknown', 'reply'],
		['another JSON with 200', answered(200, { hello: 'world' }), 'unknown', 'reply'],
		['a cut-off 200', answered(200, '{"code":0,"data":{"task_id":"8'), 'unknown', 'reply'],
		['408', answered(408, ''), 'unknown', 'service'],
		['500 with a web page', answered(500, page), 'unknown', 'service'],
		['502 empty', answered(502, ''), 'unknown', 'service'],
		['5002 inside HTTP 200', answered(200, { code: 5002, message: 'm' }), 'unknown', 'service'],
		[
			'5000 as text inside a message',
			answered(400, { code: 'fail_to_fetch_task', message: '{"code":5000,"message":"m"}' }),
			'unknown',
			'service',
		],
		[
			'a connection lost after sending',
			{ kind: 'unknown', reason: 'ECONNRESET' },
			'unknown',
			'network',
		],
		['a connection never made', { kind: 'notSent', reason: 'ECONNREFUSED' }, 'notSent', 'network'],
	])('answered with %s is %s', async (_, outcome, kind, category) => {
		const { client, requests } = clientOf('klingGlobal', outcome);
		const result = await client.create(multiImage, '{}');
		expect(result.kind).toBe(kind);
		if (result.kind !== 'accepted') expect(result.error.facts.category).toBe(category);
		expect(requests).toHaveLength(1);
	});

	test('proves by its kind whether a task may exist', async () => {
		const proofs = {
			busy: 'safe',
			notSent: 'safe',
			refused: 'never',
			taken: 'never',
			unknown: 'lookUpFirst',
		};
		const outcomes = [
			answered(429, ''),
			answered(400, '{}'),
			answered(500, ''),
			answered(400, { code: 1201, message: 'duplicate external_task_id' }),
			{ kind: 'notSent', reason: '' } as const,
			{ kind: 'unknown', reason: '' } as const,
		];
		for (const outcome of outcomes) {
			const result = await clientOf('klingGlobal', outcome).client.create(multiImage, '{}');
			if (result.kind === 'accepted') throw new Error('accepted');
			expect(result.error.facts.sendAgain).toBe(proofs[result.kind]);
		}
	});

	test('passes on how long to wait', async () => {
		const { client } = clientOf(
			'klingGlobal',
			answered(429, { code: 1303, message: 'm' }, { 'retry-after': '3' }),
		);
		expect(await client.create(multiImage, '{}')).toMatchObject({
			error: { facts: { retryAfterMs: 3000 } },
		});
	});

	test('says of a refused kling-v1-6 what to pick instead, at Kling and nowhere else', async () => {
		const refusal = answered(404, { code: 1203, message: 'model not found' });
		const body = '{"model_name":"kling-v1-6","image_list":[]}';
		const atKling = await clientOf('klingGlobal', refusal).client.create(multiImage, body);
		const elsewhere = await clientOf('hingnet', refusal).client.create(multiImage, body);
		const otherModel = await clientOf('klingGlobal', refusal).client.create(
			multiImage,
			'{"model_name":"kling-v9"}',
		);
		expect(JSON.stringify(atKling)).toContain('kling-v3-omni');
		expect(JSON.stringify([elsewhere, otherModel])).not.toContain('kling-v3-omni');
	});

	test('never shows the key, whoever says it', async () => {
		const outcomes: Outcome[] = [
			answered(401, { code: 1002, message: `no such key ${KEY}`, request_id: KEY }),
			{ kind: 'unknown', reason: `lost ${KEY}` },
			{ kind: 'notSent', reason: `lost ${KEY}` },
		];
		for (const outcome of outcomes) {
			const result = await clientOf('klingGlobal', outcome).client.create(multiImage, '{}');
			if (result.kind === 'accepted') throw new Error('accepted');
			expect(result.error.message + JSON.stringify(result.error.facts)).not.toContain(KEY);
		}
	});
});

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
		expect(await client.list(multiImage, 1, 30)).toEqual({ kind: 'page', tasks: [] });
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

test.each(PROVIDERS)('%s is reached by https, below /v1/videos', async (provider) => {
	const { client, requests } = clientOf(provider, answered(500, ''));
	await client.create(multiImage, '{}');
	expect(requests[0]?.url).toMatch(/^https:\/\/[^/]+(?:\/kling)?\/v1\/videos\/multi-image2video$/);
});
