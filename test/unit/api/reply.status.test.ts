// Where a reply of any gateway keeps its task's id and status: relatives of the published samples.
import { readTask } from '../../../nodes/Kling/api/reply/readReply';
import { parseJson } from '../../../nodes/Kling/api/reply/json';
import type { Task } from '../../../nodes/Kling/api/task';
import { LINK, newApi, taskIn } from './reading';

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

describe("a task that the gateway ended by itself, with Kling's last words still in it", () => {
	const snapshot = (status: string, inner: string, more: object = {}) =>
		readTask(
			{
				code: 'success',
				data: {
					task_id: '842250903629086785',
					status,
					fail_reason: 'task timed out at the gateway',
					...more,
					data: { code: 0, data: { task_id: '842250903629086785', task_status: inner } },
				},
			},
			'get',
		);

	it('is failed when the gateway says so, although the inner reply still runs', () => {
		expect(snapshot('FAILURE', 'processing')).toMatchObject({
			kind: 'task',
			task: { status: 'failed' },
		});
	});
	it("is not finished by the gateway's word alone while there is no link", () => {
		expect(snapshot('SUCCESS', 'processing', { fail_reason: '' })).toMatchObject({
			kind: 'task',
			task: { status: 'processing' },
		});
	});
	it('keeps the inner end against an outer one', () => {
		expect(snapshot('FAILURE', 'succeed')).toMatchObject({
			kind: 'task',
			task: { status: 'succeed' },
		});
	});
});
