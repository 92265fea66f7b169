// Times, external ids and units of a reply, what is a task and what a refusal, and lists.
import { readList, readTask } from '../../../nodes/Kling/api/reply/readReply';
import { newApi, taskIn } from './reading';

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

	test('a task that an answer with HTTP 404 calls by a word of its own is no task', () => {
		const body = { task_id: 'a', status: 'NOT_FOUND', message: 'task not found' };
		expect(readTask(body, 'get', { httpStatus: 404 })).toMatchObject({
			kind: 'refusal',
			error: { facts: { category: 'missing' } },
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
		expect(readList(body)).toEqual({ kind: 'page', tasks: [], unreadable: [], hasList: true });
	});

	test('a "yes" without a list is an empty page that proves nothing', () => {
		expect(readList({ code: 0, message: 'SUCCEED' })).toEqual({
			kind: 'page',
			tasks: [],
			unreadable: [],
			hasList: false,
		});
	});

	test('counts what has no id as rows, and keeps each element as received', () => {
		const good = { task_id: 'a', task_status: 'failed', task_status_msg: 'no', extra: 1 };
		expect(readList({ code: 0, data: [null, {}, 'x', good, { task_id: '' }] })).toEqual({
			kind: 'page',
			tasks: [{ task: expect.objectContaining({ id: 'a', reason: 'no' }), raw: good }],
			unreadable: [null, {}, 'x', { task_id: '' }],
			hasList: true,
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

describe('a member that names nothing', () => {
	test.each([0, '0', 'null', 'NULL', 'undefined', 'none', '.', '..'])(
		'task_id %j is no task',
		(task_id) => {
			for (const body of [
				{ code: 0, data: { task_id } },
				{ task_id, task_status: 'submitted' },
			]) {
				expect(readTask(body, 'submit')).toMatchObject({
					kind: 'refusal',
					error: { facts: { category: 'reply', sendAgain: 'lookUpFirst' } },
				});
			}
		},
	);

	test('gives way to a member that names the task', () => {
		const body = { code: 0, task_id: 'null', data: { task_id: 'a', task_status: 'submitted' } };
		expect(readTask(body, 'submit')).toMatchObject({ kind: 'task', task: { id: 'a' } });
	});

	test('an external id of such a word is none', () => {
		const body = { task_id: 'a', task_status: 'submitted', external_task_id: 'null' };
		expect(readTask(body, 'get')).toMatchObject({ kind: 'task' });
		expect(readTask(body, 'get')).not.toMatchObject({ task: { externalId: expect.anything() } });
	});
});

describe('the status "error"', () => {
	const told = (error: unknown) =>
		readTask({ id: 'a', task_id: 'a', status: 'error', ...(error ? { error } : {}) }, 'get');

	test('with an error object is a failed task, with its words as the reason', () => {
		expect(told({ code: 'x', message: 'The image is too dark' })).toMatchObject({
			kind: 'task',
			task: { id: 'a', status: 'failed', reason: 'The image is too dark' },
		});
	});

	test('without an id is a refusal', () => {
		expect(readTask({ status: 'error', error: { message: 'no' } }, 'submit').kind).toBe('refusal');
	});

	test.each([[undefined], [{ message: 'context deadline exceeded' }]])(
		'with %j leaves the task running, because it may be about the question',
		(error) => {
			expect(told(error)).toMatchObject({ kind: 'task', task: { status: 'processing' } });
		},
	);
});
