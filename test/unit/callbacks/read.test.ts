// Which bodies tell of a task: every shape that is documented, by its bytes alone, and nothing else.
import fc from 'fast-check';

import { readCallback } from '../../../nodes/Kling/callbacks/read';
import { cpuMs } from '../support/cpuTime';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const read = (body: unknown) => readCallback(bytes(JSON.stringify(body)));
const reason = (text: string) => {
	const callback = readCallback(bytes(text));
	return callback.kind === 'notACallback' ? callback.why : callback.kind;
};

const legacy = {
	task_id: '913827032734642185',
	task_status: 'succeed',
	task_status_msg: '',
	created_at: 1722769557708,
	updated_at: 1722769657708,
	final_unit_deduction: '3.5',
	task_info: { external_task_id: 'order-7' },
	task_result: { videos: [{ id: 'v1', url: 'https://cdn.example.com/v1.mp4', duration: '5.041' }] },
};
const newFormat = {
	id: '913827032734642185',
	status: 'succeeded',
	message: '',
	create_time: 1722769557708,
	update_time: 1722769657708,
	external_id: 'order-7',
	outputs: [{ type: 'video', id: 'v1', url: 'https://cdn.example.com/v1.mp4', duration: '5' }],
	billing: [],
};
const testEvent = {
	id: '913827032734642185',
	status: 'submitted',
	outputs: [],
	message: '',
	create_time: 1785901861504,
	update_time: 1785901861504,
};
const expected = {
	kind: 'task',
	task: {
		id: '913827032734642185',
		externalId: 'order-7',
		status: 'succeed',
		videos: [{ url: 'https://cdn.example.com/v1.mp4' }],
	},
};

test('the bare body of the legacy format tells of its task', () => {
	expect(read(legacy)).toMatchObject(expected);
});

test('the body as received stays beside the task', () => {
	expect(read(legacy)).toMatchObject({ raw: legacy });
});

test('the new format tells of its task in the same words', () => {
	expect(read(newFormat)).toMatchObject(expected);
});

test('an envelope around the task is looked through', () => {
	expect(read({ code: 0, message: 'SUCCEED', request_id: 'r', data: legacy })).toMatchObject(
		expected,
	);
	expect(
		read({
			code: 'success',
			data: { task_id: legacy.task_id, status: 'SUCCESS', data: { code: 0, data: legacy } },
		}),
	).toMatchObject(expected);
});

test('a failed task keeps its reason', () => {
	const failed = {
		...legacy,
		task_status: 'failed',
		task_status_msg: 'Image pixel is invalid',
		task_result: {},
	};
	expect(read(failed)).toMatchObject({
		kind: 'task',
		task: { status: 'failed', reason: 'Image pixel is invalid' },
	});
});

test('a re-serialised copy with blanks and a byte order mark is the same notification', () => {
	expect(readCallback(bytes(`\uFEFF${JSON.stringify(legacy, null, 2)}\n`))).toMatchObject(expected);
});

test('a task id that comes as a number keeps all its digits', () => {
	const text = JSON.stringify(legacy).replace('"913827032734642185"', '913827032734642185');
	expect(readCallback(bytes(text))).toMatchObject({
		kind: 'task',
		task: { id: '913827032734642185' },
	});
});

test("the console's test event is recognised and is no task", () => {
	expect(read(testEvent)).toEqual({ kind: 'testEvent' });
});

test('a first notification in the new format is no test event once anything tells of a real task', () => {
	expect(read({ ...testEvent, external_id: 'order-7' })).toMatchObject({
		kind: 'task',
		task: { status: 'submitted' },
	});
	expect(read({ ...testEvent, update_time: testEvent.update_time + 1 })).toMatchObject({
		kind: 'task',
	});
});

test('the legacy first notification is no test event', () => {
	const body = {
		task_id: '1',
		task_status: 'submitted',
		created_at: 5,
		updated_at: 5,
		task_result: {},
	};
	expect(read(body)).toMatchObject({ kind: 'task', task: { status: 'submitted' } });
});

test.each([
	['', 'the body is not JSON'],
	['task_id=1&task_status=succeed', 'the body is not JSON'],
	['{"task_id":"1","task_status":"succeed"', 'the body is not JSON'],
	['<task id="1"/>', 'the body is not JSON'],
	['[{"task_id":"1","task_status":"succeed"}]', 'the body is not an object'],
	['"913827032734642185"', 'the body is not an object'],
	['913827032734642185', 'the body is not an object'],
	['null', 'the body is not an object'],
	['{}', 'the body tells of no task'],
	['{"task_id":"","task_status":"succeed"}', 'the body tells of no task'],
	['{"task_id":"1"}', 'the body tells of no status'],
	['{"id":"1","foo":"bar"}', 'the body tells of no status'],
	[
		'{"task_id":"../../secrets","task_status":"succeed"}',
		'the task id has a form that no service uses',
	],
	[
		`{"task_id":"${'1'.repeat(129)}","task_status":"succeed"}`,
		'the task id has a form that no service uses',
	],
	['{"task_id":".","task_status":"succeed"}', 'the body tells of no task'],
	['{"task_id":"..","task_status":"succeed"}', 'the body tells of no task'],
	[`{"id":"${'.'.repeat(128)}","status":"succeeded"}`, 'the body tells of no task'],
	['{"code":1303,"message":"parallel task over resource pack limit"}', 'the body tells of no task'],
])('%s is no callback: %s', (text, why) => {
	expect(reason(text)).toBe(why);
});

test('a body that nests too deep is refused before anything walks it', () => {
	const depth = 100_000;
	const text = `{"task_id":"1","task_status":"succeed","a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
	expect(reason(text)).toBe('the body nests too deep or holds broken JSON');
});

test.each([
	['unpaired quotes', `{${'"\\'.repeat(400_000)}`],
	['escaped quotes', `{"task_id":"1","task_status":"succeed","data":"{${'\\"'.repeat(400_000)}"}`],
	[
		'text within text',
		JSON.stringify({ task_id: '1', task_status: 'succeed', data: `{${'"\\'.repeat(200_000)}` }),
	],
	['digits', `{"task_id":"1","task_status":"processing","n":${'9'.repeat(900_000)}}`],
])('a hostile body of %s costs no more than a second', (_name, text) => {
	const startedAt = cpuMs();
	readCallback(bytes(text));
	expect(cpuMs() - startedAt).toBeLessThan(1_000);
});

test('no bytes make it throw, and what is said of them holds nothing of them', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
			expect(['task', 'testEvent', 'notACallback']).toContain(readCallback(body).kind);
		}),
	);
	fc.assert(
		fc.property(fc.json({ maxDepth: 4 }), (text) => {
			const callback = readCallback(bytes(text));
			if (callback.kind === 'notACallback')
				expect(callback.why).toMatch(/^the (body|task id) [a-z ]+$/i);
		}),
	);
});

test('members that are missing, of another type or in the wrong place never make it throw', () => {
	const member = fc.constantFrom(
		...Object.keys(legacy),
		...Object.keys(newFormat),
		'data',
		'code',
		'__proto__',
	);
	const value = fc.oneof(
		fc.jsonValue({ maxDepth: 2 }),
		fc.constantFrom<unknown>('succeed', '913', { videos: [null, 7] }),
	);
	fc.assert(
		fc.property(
			fc.constantFrom<object>(legacy, newFormat, testEvent, {}),
			fc.dictionary(member, value),
			(base, changes) => {
				expect(['task', 'testEvent', 'notACallback']).toContain(read({ ...base, ...changes }).kind);
			},
		),
	);
});

/** What patterns of the package begin with, and what JSON, keys and reasons are made of. */
const HOSTILE = [
	'eyJ-',
	'eyJa.',
	'Bearer ',
	'sk-',
	'api_key=',
	'whsec_',
	'并发',
	'resource pack ',
	'task ',
	'internal ',
	'timed ',
	'"',
	'\\\\"',
	'{"',
	'{',
	'[',
	'\\u0000',
	' ',
	'9',
	'1e',
	'.',
	'http://',
];

const PLACES: Array<[string, (value: string) => string]> = [
	['the body', (value) => value],
	[
		'the reason',
		(value) => JSON.stringify({ ...legacy, task_status: 'failed', task_status_msg: value }),
	],
	['the envelope', (value) => JSON.stringify({ ...legacy, data: value })],
	['the id', (value) => JSON.stringify({ ...legacy, task_id: value })],
	['the message', (value) => JSON.stringify({ ...newFormat, status: 'failed', message: value })],
	['a refusal', (value) => JSON.stringify({ code: value, message: value })],
	['a name', (value) => JSON.stringify({ ...legacy, [value]: value })],
	['text in text', (value) => JSON.stringify({ data: `{"task_id":"1","a":"${value}` })],
];

test.each(PLACES)('1 MB made to hurt in %s is read within a second', (_, put) => {
	for (const piece of HOSTILE) {
		const body = bytes(put(piece.repeat(Math.floor(900_000 / piece.length))));
		const startedAt = cpuMs();
		readCallback(body);
		expect([piece, cpuMs() - startedAt < 1_000]).toEqual([piece, true]);
	}
});

test('any mixture of such pieces is read within a second', () => {
	const text = fc
		.array(fc.constantFrom(...HOSTILE), { minLength: 2, maxLength: 4 })
		.map((pieces) => pieces.join(''))
		.map((piece) => piece.repeat(Math.floor(900_000 / piece.length)));
	fc.assert(
		fc.property(text, fc.constantFrom(...PLACES), (value, [, put]) => {
			const body = bytes(put(value));
			const startedAt = cpuMs();
			readCallback(body);
			expect(cpuMs() - startedAt).toBeLessThan(1_000);
		}),
		{ numRuns: 60 },
	);
});
