// The action node inside n8n's real engine and helpers, against the emulated service.
import { KLING, removeUserFolder, runInEngine, storedRows } from './support/core';
import { spawnEmulator, type RunningEmulator } from './support/emulator';

jest.setTimeout(120_000);

let emulator: RunningEmulator;

beforeAll(async () => {
	emulator = await spawnEmulator();
	await emulator.control('PATCH', 'settings', { retiredModels: {} });
});
afterAll(async () => {
	await emulator.stop();
	removeUserFolder();
});
beforeEach(async () => {
	await emulator.control('POST', 'reset');
});

interface Call {
	kind: string;
	outcome: string;
}

const submit = (changes: Record<string, unknown> = {}) => ({
	parameters: {
		resource: 'task',
		operation: 'submit',
		model: { __rl: true, mode: 'list', value: 'kling-v1-6' },
		imageInput: 'fields',
		images: { image: [{ source: 'url', url: emulator.image }] },
		prompt: 'A dog runs over the beach',
		afterSubmit: 'return',
		downloadVideo: false,
		...changes,
	} as never,
	credential: emulator.credential('official'),
});
const creates = async () =>
	(await emulator.control<Call[]>('GET', 'calls')).filter((call) => call.kind === 'create');
const billed = async () => (await emulator.control<{ total: number }>('GET', 'bill')).total;

describe("One submit through n8n's own helper", () => {
	it('makes one task and gives it back', async () => {
		const { run, items } = await runInEngine(submit());
		expect(run.data.resultData.error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({
			task_status: 'submitted',
			endpoint: 'multi-image2video',
		});
		expect(await billed()).toBe(1);
	});

	it('is not repeated by the host when the service answers 401', async () => {
		const { run } = await runInEngine({
			...submit(),
			credential: { ...emulator.credential('official'), apiKey: 'not-the-key' },
		});
		expect(run.data.resultData.error?.message).toMatch(/key|authoriz/i);
		expect(await creates()).toHaveLength(1);
	});

	it('is not sent again when the connection breaks after the task was made, and names the key', async () => {
		await emulator.control('POST', 'faults', {
			kind: 'reset',
			when: 'after',
			on: { call: 'create' },
		});
		const { run } = await runInEngine({ ...submit(), credential: emulator.credential('ezmodel') });
		expect(run.data.resultData.error?.message).toMatch(/may exist/i);
		expect(await creates()).toHaveLength(1);
		expect(await billed()).toBe(1);
	});

	it('claims its key in a row of its own of the store, and leaves none when the execution has ended', async () => {
		const credential = emulator.credential('ezmodel');
		const { items } = await runInEngine({ ...submit(), credential });
		const key = String(items[0]?.json.external_task_id);
		expect(storedRows().ever).toContain(`engine/kling-node:${key}`);
		expect(storedRows().now.filter((name) => name.includes(key))).toEqual([]);
		expect(storedRows().ever).not.toContain('engine/kling-node');
	});

	it('follows no redirect', async () => {
		await emulator.control('POST', 'faults', { kind: 'http', status: 307, on: { call: 'create' } });
		const { run } = await runInEngine(submit());
		expect(run.data.resultData.error).toBeDefined();
		expect(await creates()).toHaveLength(1);
	});
});

describe('Two different requests with the same external task ID', () => {
	const clash = () => ({
		...submit({
			prompt: '={{ $json.p }}',
			additionalFields: { externalTaskId: '={{ $json.id }}' },
		}),
		items: ['A dog', 'A cat', 'A cow'].map((p) => ({
			json: { p, id: p === 'A cow' ? 'other' : 'order-1' },
		})),
	});

	it('keep the whole batch from being submitted where On Error is Stop', async () => {
		const { run } = await runInEngine(clash());
		expect(run.data.resultData.error?.message).toMatch(/order-1/);
		expect(await creates()).toHaveLength(0);
	});

	it('end their own items only where On Error continues', async () => {
		const { items } = await runInEngine({ ...clash(), node: { onError: 'continueRegularOutput' } });
		expect(items.map(({ json }) => typeof json.error)).toEqual(['string', 'string', 'undefined']);
		expect(await billed()).toBe(1);
	});
});

describe('A task that is used again', () => {
	const own = (externalTaskId: string, prompt: string) =>
		submit({ prompt, additionalFields: { externalTaskId } });
	const hintsOf = ({ run }: Awaited<ReturnType<typeof runInEngine>>) =>
		(run.data.resultData.runData[KLING]?.at(-1)?.hints ?? [])
			.map(({ message }) => message)
			.join('\n');

	it('is said so, in its item and in a remark with its ID', async () => {
		const first = await runInEngine(own('order-7', 'A dog'));
		expect(first.items[0]?.json).not.toHaveProperty('reused');
		expect(hintsOf(first)).not.toContain('used again');
		const second = await runInEngine(own('order-7', 'A dog'));
		const id = String(first.items[0]?.json.task_id);
		expect(second.items[0]?.json).toMatchObject({ task_id: id, reused: true });
		expect(hintsOf(second)).toMatch(
			new RegExp(`Task ${id} of 2.* is used again.*nothing new was paid for`),
		);
		expect(await billed()).toBe(1);
	});

	it('under an ID of the user is named as the video of the first request', async () => {
		await runInEngine(own('order-8', 'A dog'));
		const changed = await runInEngine(own('order-8', 'A cat'));
		expect(hintsOf(changed)).toMatch(/order-8 stands for the video that was made first/);
		expect(await billed()).toBe(1);
	});
});

describe('Retry On Fail', () => {
	it('submits only what is missing', async () => {
		const items = [{ json: { p: 'A dog' } }, { json: { p: 'A cat [refuse 1301]' } }];
		const { run } = await runInEngine({
			...submit({ prompt: '={{ $json.p }}' }),
			items,
			node: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
		});
		expect(run.data.resultData.error?.message).toMatch(/policy|refus|content/i);
		expect(await billed()).toBe(1);
	});
});

describe('Stop', () => {
	it('ends a poll within a second and a half', async () => {
		let stoppedAt = 0;
		await runInEngine({
			...submit({
				prompt: 'A dog [lifetime 5m]',
				afterSubmit: 'wait',
				options: { waitUsing: 'poll', pollIntervalSeconds: 30 },
			}),
			onStart: (stop) => {
				setTimeout(() => {
					stoppedAt = Date.now();
					stop();
				}, 3_000);
			},
		});
		expect(Date.now() - stoppedAt).toBeLessThan(1_500);
		expect(await billed()).toBe(1);
	});
});

describe('A sleep', () => {
	it('is put to the engine with a date that reaches the timer alone, and with its real input to run on again', async () => {
		const { data } = await runInEngine(
			submit({
				prompt: 'A dog [lifetime 5m]',
				afterSubmit: 'wait',
				options: { waitUsing: 'callback', onTimeout: 'return', maxWaitMinutes: 10 },
			}),
		);
		expect(data.waitTill).toBeInstanceOf(Date);
		expect(JSON.stringify({ waitTill: data.waitTill })).toBe('{}');
		const [emptied, whole] = data.executionData?.nodeExecutionStack ?? [];
		expect(emptied?.data.main).toEqual([]);
		expect(whole?.node.name).toBe(KLING);
		expect(whole?.data.main?.[0]).toHaveLength(1);
		const [task] = await emulator.control<Array<{ callbackUrl: string }>>('GET', 'tasks');
		expect(task?.callbackUrl).toMatch(/webhook-waiting\/\d+\/kling/);
	});
});
