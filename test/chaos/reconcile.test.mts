// The reconciliation itself: it accepts honest books, and finds each kind of difference that was planted in them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionFacts, Put } from '../../lab/chaos/evidence.mts';
import { reconcile, type BilledTask, type Books } from '../../lab/chaos/reconcile.mts';

const WORKFLOW = 'w1';
const TRIGGER = 't1';

const order = (n: number) => ({
	name: `order-1-${n}-`,
	prompt: `order-1-${n}- [lifetime 5s]`,
	workflowId: WORKFLOW,
	isStarted: true,
});

const task = (n: number, changes: Partial<BilledTask> = {}): BilledTask => ({
	id: `80000000000000000${n}`,
	key: `key-${n}`,
	prompt: order(n).prompt,
	createdAt: 1_000 * n,
	finishedAt: 1_000 * n + 500,
	status: 'succeed',
	...changes,
});

const put = (n: number, changes: Partial<Put> = {}): Put => ({
	taskId: task(n).id,
	status: 'succeed',
	isBad: false,
	hasVideo: true,
	hasLink: true,
	timedOut: false,
	...changes,
});

const execution = (changes: Partial<ExecutionFacts> = {}): ExecutionFacts => ({
	id: '11',
	workflowId: WORKFLOW,
	status: 'success',
	retryOf: undefined,
	startedAt: 0,
	stoppedAt: 1,
	orders: [order(1).name, order(2).name],
	puts: [put(1), put(2)],
	runs: 1,
	messages: '',
	...changes,
});

/** Two orders, two tasks, delivered. */
const books = (changes: Partial<Books> = {}): Books => ({
	orders: [order(1), order(2)],
	tasks: [task(1), task(2)],
	submits: [
		{
			workflowId: WORKFLOW,
			name: 'Submit',
			waits: true,
			downloads: true,
			loops: false,
			tries: 1,
		},
	],
	executions: [execution()],
	triggers: [],
	log: '',
	outages: [],
	endless: [],
	...changes,
});

const kindsOf = (changes: Partial<Books>) =>
	reconcile(books(changes)).differences.map(({ kind }) => kind);

describe('The reconciliation of bill and executions', () => {
	it('has nothing to say about honest books', () => {
		const sum = reconcile(books());
		assert.deepEqual(sum.differences, []);
		assert.deepEqual([sum.orders, sum.billed, sum.delivered], [2, 2, 2]);
	});

	it('finds an order that was paid twice', () => {
		const twice = task(3, { prompt: order(1).prompt });
		const executions = [execution(), execution({ id: '12', puts: [put(1), put(2), put(3)] })];
		const found = kindsOf({ tasks: [task(1), task(2), twice], executions });
		assert.ok(found.includes('paid twice'));
	});

	it('accepts a second task that a message names, by its ID or its key', () => {
		const twice = task(3, { prompt: order(1).prompt });
		for (const messages of [`A task may exist under ${twice.key}`, `Task ${twice.id} may exist`]) {
			const sum = reconcile(
				books({ tasks: [task(1), task(2), twice], executions: [execution({ messages })] }),
			);
			assert.deepEqual(sum.differences, []);
			assert.equal(sum.extraNamed, 1);
		}
	});

	it('accepts a new task after one that had failed, and only after', () => {
		const executions = [
			execution({ status: 'error', puts: [], messages: `Task ${task(1).id} failed` }),
			execution({ id: '12', retryOf: '11', puts: [put(3), put(2)] }),
		];
		const failed = task(1, { status: 'failed' });
		const next = task(3, { prompt: order(1).prompt });
		assert.deepEqual(kindsOf({ tasks: [failed, task(2), next], executions }), []);
		const silent = [execution({ puts: [put(3), put(2)] })];
		const early = task(3, { prompt: order(1).prompt, createdAt: 1_100 });
		const kinds = kindsOf({ tasks: [failed, task(2), early], executions: silent });
		assert.ok(kinds.includes('paid twice'));
	});

	it('finds an order that was tried more often than n8n and the user have asked for', () => {
		const failed = [3, 4, 5].map((n) =>
			task(n, { prompt: order(1).prompt, status: 'failed', createdAt: n * 1_000 }),
		);
		const tasks = [...failed, task(6, { prompt: order(1).prompt }), task(2)];
		const executions = [execution({ puts: [put(6), put(2)] })];
		assert.deepEqual(kindsOf({ tasks, executions }), ['tried too often']);
		const again = [2, 3].map((n) => execution({ id: `${n}`, puts: [put(6), put(2)] }));
		assert.deepEqual(kindsOf({ tasks, executions: [...executions, ...again] }), []);
	});

	it('finds a task that nobody was told of', () => {
		const executions = [execution({ status: 'error', puts: [put(1)], messages: 'It ended' })];
		assert.deepEqual(kindsOf({ executions }), ['lost']);
	});

	it('takes the log for an answer only where the user had stopped the execution', () => {
		const log = `Submitted task ${task(2).id}`;
		const ended = { puts: [put(1)], messages: 'It ended' };
		const stopped = reconcile(
			books({ log, executions: [execution({ ...ended, status: 'canceled' })] }),
		);
		assert.deepEqual([stopped.differences, stopped.inLogOnly], [[], 1]);
		assert.deepEqual(kindsOf({ log, executions: [execution({ ...ended, status: 'error' })] }), [
			'lost',
		]);
	});

	it('finds an order without any item in an execution that succeeded', () => {
		const tasks = [task(1)];
		assert.deepEqual(kindsOf({ tasks, executions: [execution({ puts: [put(1)] })] }), ['silent']);
	});

	it('finds a task that was given to another order, and one that does not exist', () => {
		const orders = [order(1), order(2), order(3)];
		const other = execution({ id: '12', orders: [order(3).name], puts: [put(3)] });
		const mixed = execution({ puts: [put(1), put(3)], messages: task(2).id });
		const tasks = [task(1), task(2), task(3)];
		assert.deepEqual(kindsOf({ orders, tasks, executions: [mixed, other] }), ['mixed up']);
		const unknown = execution({ puts: [put(1), put(9)], messages: task(2).id });
		assert.deepEqual(kindsOf({ executions: [unknown] }), ['mixed up']);
	});

	it('finds a video that was waited for and not delivered', () => {
		for (const missing of [{ hasVideo: false }, { status: 'processing' }]) {
			const executions = [execution({ puts: [put(1), put(2, missing)] })];
			assert.deepEqual(kindsOf({ executions }), ['not delivered']);
		}
		const timedOut = put(2, { hasVideo: false, status: 'processing', timedOut: true });
		assert.deepEqual(kindsOf({ executions: [execution({ puts: [put(1), timedOut] })] }), []);
	});

	it('finds a node that ran twice, and an execution that does not end', () => {
		assert.deepEqual(kindsOf({ executions: [execution({ runs: 2 })] }), ['ran twice']);
		assert.deepEqual(kindsOf({ endless: ['12'] }), ['endless']);
	});
});

describe('The reconciliation of callbacks and started executions', () => {
	const call = (n: number) => ({
		trigger: 'open',
		taskId: task(n).id,
		status: 'succeed',
		at: 10_000,
	});
	const started = (n: number, changes: Partial<Put> = {}) =>
		execution({ id: `2${n}`, workflowId: TRIGGER, orders: [], puts: [put(n, changes)] });
	const trigger = (
		executions: ExecutionFacts[],
		calls = [call(1), call(2)],
		downloads = false,
	) => ({
		triggers: [{ workflowId: TRIGGER, name: 'open', downloads, executions, answered: calls }],
	});

	it('has nothing to say where each call started one execution', () => {
		assert.deepEqual(kindsOf(trigger([started(1), started(2)])), []);
	});

	it('finds a start for a task that is not so, and for one that does not exist', () => {
		const untrue = started(2, { status: 'failed' });
		const unknown = started(9);
		const found = kindsOf(trigger([started(1), untrue, unknown], [call(1)]));
		assert.deepEqual(found, ['not genuine', 'not genuine']);
	});

	it('finds a call that started two executions', () => {
		const executions = [started(1), started(1), started(2)];
		assert.deepEqual(kindsOf(trigger(executions)), ['started twice']);
	});

	it('finds a call that was answered 200 and started nothing, unless n8n was killed right then', () => {
		assert.deepEqual(kindsOf(trigger([started(1)])), ['not started']);
		const outages = [{ from: 11_000, to: 20_000 }];
		const cutOff = reconcile(books({ ...trigger([started(1)]), outages }));
		assert.deepEqual([cutOff.differences, cutOff.cutOff], [[], 1]);
		const later = [{ from: 30_000, to: 40_000 }];
		assert.deepEqual(kindsOf({ ...trigger([started(1)]), outages: later }), ['not started']);
		const downloading = trigger([started(1)], [call(1), call(2)], true);
		assert.equal(reconcile(books({ ...downloading, outages: later })).cutOff, 1);
	});
});
