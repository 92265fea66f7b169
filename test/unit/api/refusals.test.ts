// Every way of refusing ends in one error: who can mend it, and whether a create may be sent again.
import { redactor } from '../../../nodes/Kling/api/sanitize';
import {
	type Category,
	failureDetail,
	type SendAgain,
} from '../../../nodes/Kling/api/errors/error';
import { type AnswerFacts, retryAfterMs } from '../../../nodes/Kling/api/errors/classify';
import { readTask } from '../../../nodes/Kling/api/reply/readReply';

function errorOf(body: unknown, answer: AnswerFacts = {}) {
	const reading = readTask(body, 'submit', answer);
	if (reading.kind !== 'refusal') throw new Error(`read as ${reading.kind}`);
	return reading.error;
}

const factsOf = (body: unknown, answer?: AnswerFacts) => errorOf(body, answer).facts;

/** A reply of another service as text inside a message. */
const inside = (body: object) => JSON.stringify(body);

describe("Kling's codes", () => {
	const codes: Array<[number, number, Category, SendAgain]> = [
		[1000, 401, 'auth', 'never'],
		[1001, 401, 'auth', 'never'],
		[1002, 401, 'auth', 'never'],
		[1003, 401, 'auth', 'never'],
		[1004, 401, 'auth', 'never'],
		[1100, 429, 'account', 'never'],
		[1101, 429, 'account', 'never'],
		[1102, 429, 'account', 'never'],
		[1103, 403, 'access', 'never'],
		[1200, 400, 'input', 'never'],
		[1201, 400, 'input', 'never'],
		[1202, 404, 'missing', 'never'],
		[1203, 404, 'missing', 'never'],
		[1300, 400, 'policy', 'never'],
		[1301, 400, 'policy', 'never'],
		[1302, 429, 'busy', 'safe'],
		[1303, 429, 'busy', 'safe'],
		[1304, 429, 'account', 'never'],
		[5000, 500, 'service', 'lookUpFirst'],
		[5001, 503, 'service', 'lookUpFirst'],
		[5002, 504, 'service', 'lookUpFirst'],
	];

	test.each(codes)(
		'%d with HTTP %d is %s, to be sent again: %s',
		(code, httpStatus, category, sendAgain) => {
			const facts = {
				category,
				sendAgain,
				code: String(code),
				requestId: 'r',
				serviceMessage: 'words',
			};
			const body = { code, message: 'words', request_id: 'r' };
			expect(factsOf(body, { httpStatus })).toMatchObject({ ...facts, httpStatus });
			expect(factsOf(body, { httpStatus: 200 })).toMatchObject(facts);
			expect(factsOf({ ...body, code: String(code), data: null })).toMatchObject(facts);
		},
	);

	test.each(codes)(
		'%d says what to do next as a sentence: others follow it',
		(code, httpStatus) => {
			const { description } = factsOf({ code, message: 'words' }, { httpStatus });
			expect(description).toMatch(/^[A-Z].*[^.]\.$/);
		},
	);

	test.each(codes)(
		'%d (HTTP %d) is known inside the words of every gateway',
		(code, httpStatus, category, sendAgain) => {
			const kling = { code, message: 'words' };
			const facts = { category, sendAgain, code: String(code), serviceMessage: 'words' };
			const oneHub = {
				code: httpStatus,
				message: inside({ error: { ...kling, type: 'Kling_error' } }),
				request_id: '',
			};
			const newApi = { code: 'fail_to_fetch_task', message: inside(kling), data: null };
			const twice = {
				error: {
					code: 'fail_to_fetch_task',
					message: inside({ code: 'fail_to_fetch_task', message: inside(kling) }),
				},
			};
			const prefixed = {
				code: 'fail_to_fetch_task',
				message: `status_code=${httpStatus}, ${inside(kling)}`,
			};
			for (const body of [oneHub, newApi, twice, prefixed, { error: kling }]) {
				expect(factsOf(body, { httpStatus })).toMatchObject(facts);
			}
		},
	);
});

describe("gateways' words come before the HTTP status", () => {
	const words: Array<[string, number, string, Category, SendAgain]> = [
		['build_request_failed', 500, 'duration is invalid', 'input', 'never'],
		['quota_not_enough', 403, 'user quota is not enough', 'account', 'never'],
		['insufficient_user_quota', 403, 'no quota', 'account', 'never'],
		['task_not_exist', 400, 'task not exist', 'missing', 'never'],
		['model_not_found', 503, 'No available channel for model x', 'access', 'never'],
		['invalid_api_key', 400, 'bad', 'auth', 'never'],
		['task_failed', 400, 'The prompt is too long', 'input', 'never'],
		['task_failed', 400, 'parallel task over resource pack limit', 'busy', 'safe'],
		['task_failed', 400, 'Server internal error', 'service', 'lookUpFirst'],
		['fail_to_fetch_task', 400, 'no words of Kling', 'input', 'never'],
		['fail_to_fetch_task', 500, 'no words of Kling', 'service', 'lookUpFirst'],
		['do_request_failed', 400, 'upstream broke off', 'service', 'lookUpFirst'],
		['one_hub_panic', 500, 'runtime', 'service', 'lookUpFirst'],
		['fail_to_fetch_task', 429, '当前分组上游负载已饱和，请稍后再试', 'busy', 'safe'],
		['get_channel_failed', 503, 'no available channel for the retry', 'service', 'lookUpFirst'],
		['task_failed', 400, '服务器内部错误', 'service', 'lookUpFirst'],
		['task_failed', 400, '服务器暂时不可用，通常是在维护', 'service', 'lookUpFirst'],
		['task_failed', 400, '服务器内部超时，通常是发生积压', 'service', 'lookUpFirst'],
		['task_failed', 400, 'API请求过快，超过平台速率限制', 'busy', 'safe'],
		['task_failed', 400, '并发或QPS超出预付费资源包限制', 'busy', 'safe'],
		['bad_response', 400, 'request timeout', 'service', 'lookUpFirst'],
		['bad_response', 400, 'context deadline exceeded', 'service', 'lookUpFirst'],
		['bad_response', 429, 'rate limit reached after upstream timeout', 'service', 'lookUpFirst'],
		['bad_response', 401, 'session timed out', 'auth', 'never'],
		['client_closed', 499, 'm', 'service', 'lookUpFirst'],
		['conflict', 409, 'm', 'service', 'lookUpFirst'],
		['conflict', 200, 'm', 'service', 'never'],
	];
	test.each(words)(
		'%s with HTTP %d (%s) is %s, to be sent again: %s',
		(code, httpStatus, message, category, sendAgain) => {
			expect(factsOf({ code, message, data: null }, { httpStatus })).toMatchObject({
				category,
				sendAgain,
				code,
			});
			expect(
				factsOf({ error: { code, message, type: 'new_api_error' } }, { httpStatus }),
			).toMatchObject({ category, sendAgain });
		},
	);

	test('a word in a double relay', () => {
		const message = inside({ code: 'insufficient_user_quota', message: 'pay', data: null });
		expect(
			factsOf({ error: { code: 'fail_to_fetch_task', message } }, { httpStatus: 403 }),
		).toMatchObject({
			category: 'account',
			code: 'insufficient_user_quota',
			serviceMessage: 'pay',
		});
	});

	test("One-Hub's code mirrors the HTTP status, also inside HTTP 200", () => {
		const unknown = { code: 404, message: '任务不存在', request_id: '' };
		expect(factsOf(unknown, { httpStatus: 404 }).category).toBe('missing');
		expect(factsOf(unknown, { httpStatus: 200 }).category).toBe('missing');
		expect(factsOf({ code: 500, message: 'x' }, { httpStatus: 200 }).sendAgain).toBe('lookUpFirst');
		expect(factsOf({ code: 429, message: 'x' }, { httpStatus: 200 }).category).toBe('busy');
	});

	test("ezlinkai's bare error inside HTTP 200", () => {
		const body = { message: 'no permission', type: 'api_error', param: '', code: 'x_refused' };
		expect(factsOf(body, { httpStatus: 200 })).toMatchObject({
			sendAgain: 'never',
			code: 'x_refused',
		});
	});
});

describe('the HTTP status, where nothing else is known', () => {
	test.each<[number, Category, SendAgain]>([
		[400, 'input', 'never'],
		[401, 'auth', 'never'],
		[402, 'account', 'never'],
		[403, 'access', 'never'],
		[404, 'missing', 'never'],
		[405, 'missing', 'never'],
		[408, 'service', 'lookUpFirst'],
		[413, 'input', 'never'],
		[418, 'input', 'never'],
		[429, 'busy', 'safe'],
		[500, 'service', 'lookUpFirst'],
		[502, 'service', 'lookUpFirst'],
		[524, 'service', 'lookUpFirst'],
	])('%d is %s, to be sent again: %s', (httpStatus, category, sendAgain) => {
		const bodies = [
			{ message: 'hm' },
			{ error: 'hm' },
			{ error: { message: 'hm', type: 'x' } },
			{ code: 'zzz', message: 'hm' },
		];
		for (const body of bodies) {
			expect(factsOf(body, { httpStatus })).toMatchObject({
				category,
				sendAgain,
				serviceMessage: 'hm',
			});
		}
	});

	test('words in passing do not make a 5xx safe to send again', () => {
		const body = { error: { message: 'too many requests upstream' } };
		expect(factsOf(body, { httpStatus: 502 }).sendAgain).toBe('lookUpFirst');
	});
});

describe('a taken external task id', () => {
	test.each<[number | string, number, string]>([
		[1201, 400, 'external_task_id already exists'],
		[1200, 400, 'duplicate external task id'],
		[1201, 200, 'external_task_id must be unique'],
		[1300, 400, 'The external_task_id is repeated'],
		['task_failed', 400, 'external_task_id已存在'],
		[409, 409, '自定义任务ID重复'],
	])('code %s, HTTP %d: %s', (code, httpStatus, message) => {
		expect(factsOf({ code, message }, { httpStatus })).toMatchObject({
			category: 'taken',
			sendAgain: 'never',
		});
	});

	test.each<[number, number, string, Category]>([
		[1201, 400, 'external_task_id is too long', 'input'],
		[1203, 404, 'external_task_id does not exist', 'missing'],
		[1201, 400, 'prompt already exists', 'input'],
		[5000, 500, 'external_task_id duplicate check timed out', 'service'],
		[1002, 401, 'external_task_id exists', 'auth'],
	])('is not what code %d, HTTP %d says with: %s', (code, httpStatus, message, category) => {
		expect(factsOf({ code, message }, { httpStatus }).category).toBe(category);
	});
});

describe('a retired model', () => {
	const retirement = 'kling-v1-6 is retired; pick kling-v3-omni';

	test.each<[number, string]>([
		[1203, 'resource not found'],
		[1103, 'no access'],
		[1201, 'model is not supported'],
	])('%d (%s) says what to pick instead', (code, message) => {
		expect(factsOf({ code, message }, { retirement }).description).toContain(retirement);
	});

	test.each<[number, string]>([
		[1201, 'File is not in a valid base64 format'],
		[1303, 'parallel task over resource pack limit'],
	])('%d (%s) is about something else', (code, message) => {
		expect(factsOf({ code, message }, { retirement }).description).not.toContain(retirement);
	});
});

describe('messages', () => {
	test('say what happened, the code and the service’s words, on one line', () => {
		const error = errorOf({ code: 1201, message: "duration value\n '99' is invalid" });
		expect(error.message).toBe(
			"The service did not accept a parameter (code 1201): duration value '99' is invalid",
		);
	});

	test('mask keys that the service echoes, the credential’s own and any other', () => {
		const body = {
			code: 1002,
			message: 'bad key hunter2-hunter2, Bearer abc.def, api-key-kling-9f, sk-1234567',
			request_id: 'hunter2-hunter2',
		};
		const redact = redactor(['hunter2-hunter2']);
		const { message, facts } = errorOf(body, { redact });
		expect(`${message} ${JSON.stringify(facts)}`).not.toMatch(/hunter2|abc\.def|9f|1234567/);
	});

	test('are kept short', () => {
		expect(errorOf({ code: 1201, message: 'x'.repeat(5000) }).message.length).toBeLessThan(700);
	});
});

describe("n8n's failure detail tells only what the reply proves", () => {
	test.each<[object, number, ReturnType<typeof failureDetail>]>([
		[{ code: 1002, message: 'm' }, 401, { cause: 'credential-invalid' }],
		[{ code: 1103, message: 'm' }, 403, { cause: 'configuration-invalid' }],
		[{ code: 1302, message: 'm' }, 429, { cause: 'rate-limited', retryAfterMs: 2000 }],
		[{ code: 1102, message: 'm' }, 429, { cause: 'quota-exhausted', retryAfterMs: 2000 }],
		[{ code: 5001, message: 'm' }, 503, { cause: 'temporarily-unavailable', retryAfterMs: 2000 }],
		[{ code: 1304, message: 'm' }, 429, undefined],
		[{ code: 1201, message: 'm' }, 400, undefined],
		[{ code: 1301, message: 'm' }, 400, undefined],
		[{ code: 1203, message: 'm' }, 404, undefined],
	])('%j with HTTP %d', (body, httpStatus, failure) => {
		expect(failureDetail(errorOf(body, { httpStatus, retryAfterMs: 2000 }))).toEqual(failure);
	});
});

describe('Retry-After', () => {
	const now = Date.parse('2026-11-21T10:00:00Z');
	test.each<[string, Record<string, string>, number | undefined]>([
		['seconds', { 'retry-after': '7' }, 7000],
		['seconds in another case', { 'Retry-After': ' 7 ' }, 7000],
		['parts of a second', { 'retry-after': '0.5' }, 500],
		['a date', { 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' }, 30_000],
		['a date gone by', { 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' }, 0],
		['words', { 'retry-after': 'soon' }, undefined],
		['nothing', {}, undefined],
		['a year', { 'retry-after': '31536000' }, 86_400_000],
	])('as %s', (_, headers, wait) => {
		expect(retryAfterMs(headers, now)).toBe(wait);
	});

	test('as a date is ignored without a clock', () => {
		expect(
			retryAfterMs({ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' }, Number.NaN),
		).toBeUndefined();
	});
});
