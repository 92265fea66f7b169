// Submit from end to end in milliseconds: it submits, sleeps, is run again by n8n, and hands over.
import type { IDataObject } from 'n8n-workflow';

import { executeSubmit } from '../../../nodes/Kling/actions/task/submit/submit.operation';
import { answerCall } from '../../../nodes/Kling/actions/task/submit/asleep';
import { FakeService, fakeRun, type FakeRun, type StoredExecution } from '../support/fakeContext';

const parameters = {
	model: { __rl: true, mode: 'id', value: 'kling-v1-6' },
	imageInput: 'json',
	imagesJson: ['https://example.com/dog.png'],
	prompt: 'A dog',
	afterSubmit: 'wait',
	downloadVideo: false,
};

let service: FakeService;
let executions = 100;

beforeEach(() => {
	jest.useFakeTimers();
	service = new FakeService();
	executions += 1;
});
afterEach(() => jest.useRealTimers());

const fresh = (): StoredExecution => ({ id: String(executions), mode: 'trigger', memory: {} });

/** Runs `execute()`, however long it takes. @returns the items that go on, or the error, or that it sleeps */
async function run(fake: FakeRun) {
	const running = executeSubmit(fake.context);
	let ended = false;
	const end = () => (ended = true);
	running.then(end, end);
	while (!ended) await jest.advanceTimersByTimeAsync(500);
	const result = await running;
	if (result.kind === 'asleep') return { kind: 'asleep' as const, items: result.items };
	const [outcome] = result.outcomes;
	return outcome !== undefined && 'error' in outcome
		? { kind: 'issue' as const, issue: outcome.error }
		: { kind: 'items' as const, json: outcome?.items[0]?.json ?? ({} as IDataObject) };
}

async function asleep(changes: Record<string, unknown> = {}, count = 1): Promise<FakeRun> {
	const fake = fakeRun(service, { ...parameters, ...changes }, fresh(), count);
	expect(await run(fake)).toMatchObject({ kind: 'asleep' });
	return fake;
}

/** n8n runs the node again, from what it has stored. */
const again = (fake: FakeRun, over: Partial<StoredExecution> = {}, count = 1) =>
	fakeRun(service, parameters, { ...fake.stored(), ...over }, count);

function endTasks(status: string): void {
	for (const task of service.tasks.values()) task.status = status;
}

describe('the sleep', () => {
	it('has a date that n8n can store in its table and not in the execution', async () => {
		const { wakeAt } = await asleep();
		expect(wakeAt?.getTime()).toBe(Date.now() + 300_000);
		expect(JSON.stringify({ wakeAt })).toBe('{}');
	});

	it('leaves the node with its own input on the stack, behind an empty entry', async () => {
		const { context, stack } = await asleep({}, 2);
		expect(context.getExecuteData().data.main).toEqual([]);
		expect(stack).toHaveLength(1);
		expect(stack[0]).toMatchObject({ runIndex: 0, data: { main: [[{}, {}]] } });
	});

	it('of a batch is ended by calls of its last 10 tasks, and has items without a call', async () => {
		const fake = await asleep({}, 13);
		const callers = [...service.tasks.values()].map(({ calls }) => calls !== undefined);
		expect(callers).toEqual(Array.from({ length: 13 }, (_, item) => item >= 3));
		endTasks('succeed');
		expect(await run(again(fake, {}, 13))).toMatchObject({ kind: 'items' });
	});

	it('of equal rows that are one task, which none of the last 10 sent, does not count on a call', async () => {
		const { wakeAt } = await asleep({ additionalFields: { externalTaskId: 'order-1' } }, 12);
		expect(service.creates).toBe(1);
		expect(wakeAt?.getTime()).toBe(Date.now() + 65_000);
	});

	it('shows items without an error', async () => {
		const fake = fakeRun(service, parameters, fresh());
		const result = await run(fake);
		expect(result).toMatchObject({ items: [{ json: { task_id: 'task-1' } }] });
		expect(JSON.stringify(result)).not.toContain('"error"');
	});

	it('does not happen for a video that is ready within seconds', async () => {
		const fake = fakeRun(service, parameters, fresh());
		setTimeout(() => endTasks('succeed'), 2_000);
		expect(await run(fake)).toMatchObject({ kind: 'items', json: { task_status: 'succeed' } });
		expect(fake.wakeAt).toBeUndefined();
	});
});

describe('a wake-up', () => {
	it('asks, and sleeps on while the video is not ready', async () => {
		const first = again(await asleep());
		expect((await run(first)).kind).toBe('asleep');
		const second = again(first);
		endTasks('succeed');
		expect(await run(second)).toMatchObject({ kind: 'items', json: { task_status: 'succeed' } });
		expect(second.hints[0]).toMatch(/^The execution sleeps .* It woke up 2 times to ask/);
		expect(service.creates).toBe(1);
	});

	it('asks for a batch with one request', async () => {
		const fake = await asleep({}, 20);
		const before = service.reads;
		expect((await run(again(fake, {}, 20))).kind).toBe('asleep');
		expect(service.reads - before).toBe(1);
		expect(service.creates).toBe(20);
	});

	it('past the deadline takes what is ready', async () => {
		const fake = await asleep();
		jest.setSystemTime(Date.now() + 60 * 60_000);
		endTasks('succeed');
		expect(await run(again(fake))).toMatchObject({ kind: 'items' });
	});

	it('past the deadline names the task that is not', async () => {
		const fake = await asleep();
		jest.setSystemTime(Date.now() + 60 * 60_000);
		const result = await run(again(fake));
		expect(result).toMatchObject({ issue: { message: expect.stringContaining('task-1') } });
	});

	it('pays for nothing from a stale copy of the execution, which n8n may run', async () => {
		const fake = await asleep();
		const copies = [again(fake), again(fake), fakeRun(service, parameters, fresh())];
		endTasks('succeed');
		for (const copy of copies) expect(await run(copy)).toMatchObject({ kind: 'items' });
		expect(service.creates).toBe(1);
	});

	it('pays for nothing in a retry of the execution', async () => {
		const fake = await asleep();
		endTasks('succeed');
		const retry = again(fake, { id: `${executions}-retried`, mode: 'retry' });
		expect(await run(retry)).toMatchObject({ kind: 'items', json: { task_id: 'task-1' } });
		expect(service.creates).toBe(1);
	});

	it.each(['trigger', 'retry'])(
		'collects the tasks of an execution that version 0.1 put to sleep (%s)',
		async (mode) => {
			service.tasks.set('task-9', { status: 'succeed', key: 'key-9' });
			const options = {
				downloadVideo: false,
				outputFieldName: 'data',
				simplify: true,
				watermark: false,
				onTimeout: 'error',
			};
			const lastKnown = { task: { id: 'task-9', status: 'submitted', videos: [] }, raw: {} };
			const item = {
				item: 0,
				family: 'multiImage',
				id: 'task-9',
				key: 'key-9',
				lastKnown,
				options,
			};
			const state = { version: 1, parkedAt: 0, deadline: 1, maxWaitMinutes: 30, items: [item] };
			const klingSleep = { state, count: 1, run: 0, stopOnError: true, done: {} };
			const fake = fakeRun(service, parameters, { ...fresh(), mode, memory: { klingSleep } });
			expect(await run(fake)).toMatchObject({ kind: 'items', json: { task_id: 'task-9' } });
			expect(service.creates).toBe(0);
		},
	);
});

describe('a call', () => {
	/** What n8n gives the webhook: the stored execution, its first entry disabled. */
	function call(fake: FakeRun, body: object) {
		const answers: Array<[number, string]> = [];
		const send = (status: number) => ({ send: (text: string) => answers.push([status, text]) });
		const context = {
			...fake.context,
			getResponseObject: () => ({ headersSent: false, status: send }),
			getRequestObject: () => ({ rawBody: Buffer.from(JSON.stringify(body)) }),
			getBodyData: () => body,
		};
		return { result: answerCall(context as never), answers };
	}

	it('that tells of an end wakes it up, and is answered at once', async () => {
		const fake = await asleep();
		const body = { task_id: 'task-1', task_status: 'succeed', task_result: { videos: [] } };
		const reads = service.reads;
		const { result, answers } = call(fake, body);
		expect(result).toHaveProperty('workflowData');
		expect(answers).toEqual([[200, 'resuming']]);
		expect(service.reads).toBe(reads);
	});

	it('that tells of progress does not', async () => {
		const fake = await asleep();
		const { result, answers } = call(fake, { task_id: 'task-1', task_status: 'processing' });
		expect(result).not.toHaveProperty('workflowData');
		expect(answers).toEqual([[200, 'ignored']]);
	});
});
