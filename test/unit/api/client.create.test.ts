// A create: what is sent, and what each way in which it can end proves about money.
import type { Outcome } from '../../../nodes/Kling/api/client';
import { families } from '../../../nodes/Kling/api/models';
import { KEY, answered, clientOf, page } from './oneAnswer';
import { sample } from './payloads';

const { multiImage, omni } = families;
const PROVIDERS = ['klingGlobal', 'klingChina', 'hingnet', 'ezmodel', 'cometapi'];

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
				timeoutMs: expect.any(Number),
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
			'unknown',
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
			'HTTP 500 that speaks of a task it has not found',
			answered(500, { message: 'the task was submitted but its record was not found' }),
			'unknown',
			'service',
		],
		[
			'a code of 5xxx that is in no table',
			answered(200, { code: 5003, message: 'm' }),
			'unknown',
			'service',
		],
		[
			'a time-out in words, inside HTTP 200',
			answered(200, { code: -1, message: 'upstream request timeout' }),
			'unknown',
			'service',
		],
		[
			'a lost connection in words, inside HTTP 200',
			answered(200, { error: { message: 'read tcp: connection reset by peer' } }),
			'unknown',
			'service',
		],
		[
			'a code that says nothing, with words that do not either',
			answered(200, { code: 7, message: 'this account is paused' }),
			'refused',
			'service',
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

test.each(PROVIDERS)('%s is reached by https, below /v1/videos', async (provider) => {
	const { client, requests } = clientOf(provider, answered(500, ''));
	await client.create(multiImage, '{}');
	expect(requests[0]?.url).toMatch(/^https:\/\/[^/]+(?:\/kling)?\/v1\/videos\/multi-image2video$/);
});

test.each([
	[2, 120_001],
	[10_000_000, 200_000],
	[64_000_000, 600_000],
])('a create of %d bytes may take %d ms, and a read a minute', async (size, timeoutMs) => {
	const { client, requests } = clientOf('klingGlobal', answered(200, ''));
	await client.create(families.multiImage, 'x'.repeat(size));
	await client.fetch(families.multiImage, 'a');
	expect(requests.map((request) => request.timeoutMs)).toEqual([timeoutMs, 60_000]);
});
