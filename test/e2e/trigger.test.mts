// The trigger in a real n8n: who may call, what starts an execution and how often, what the caller is told.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { request } from 'undici';
import type { Item } from '../../lab/instance/api/execution.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { node, sink, workflow } from '../../lab/instance/workflows.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import { openStage, runKling, submitParameters, type Stage } from './stage.mts';

const TOKEN = 'token-of-the-test';
const SECRET = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';
const OLD_SECRET = 'whsec_b2xkc2VjcmV0b2xkc2VjcmV0b2xkc2VjcmV0b2xkc2U=';
const NAME = 'Kling AI Trigger';
const WORDS = [
	'accepted',
	'ignored',
	'not a callback',
	'not authorized',
	'too large',
	'try again later',
];

interface Answer {
	status: number;
	body: string;
	headers: Record<string, unknown>;
}

interface Trigger {
	url: string;
	post(body: unknown, headers?: Record<string, string>, query?: string): Promise<Answer>;
	/** The items that its executions started with, once `expected` of them have ended. */
	items(expected: number): Promise<Item[]>;
}

let stage: Stage;
/** Every test uses ids of its own, so that what one started is nothing to the others. */
let lastId = 913_827_032_000_000_000n;

const newId = () => String(++lastId);

before(async () => {
	stage = await openStage({ emulator: { lifetimeMs: 800 } });
});
after(async () => {
	await stage?.close();
});
beforeEach(() => stage.emulator.reset());

describe('what the trigger takes', () => {
	it('starts one execution with the task of a bare notification, and answers with a fixed word', async () => {
		const trigger = await publish({ fetchTask: false });
		const id = newId();
		const answer = await trigger.post(legacy(id));
		assert.equal(answer.status, 200);
		assert.equal(answer.body, 'accepted');
		const [item] = await trigger.items(1);
		assert.equal(item?.json.task_id, id);
		assert.equal(item?.json.task_status, 'succeed');
		assert.equal(item?.json.video_url, 'https://cdn.example.com/v.mp4');
		assert.equal(item?.json.duration, 5.041);
	});

	it('takes every documented shape, whatever content type it comes with', async () => {
		const trigger = await publish({ fetchTask: false });
		const ids = Array.from({ length: 6 }, newId);
		const [bare = '', fresh = '', wrapped = '', number = '', plain = '', form = ''] = ids;
		const shapes: Array<[unknown, Record<string, string>?]> = [
			[legacy(bare)],
			[newFormat(fresh)],
			[{ code: 0, message: 'SUCCEED', request_id: 'r', data: legacy(wrapped) }],
			[JSON.stringify(legacy(number)).replace(`"${number}"`, number)],
			[`\n ${JSON.stringify(legacy(plain), null, 2)} \n`, { 'content-type': 'text/plain' }],
			[JSON.stringify(legacy(form)), { 'content-type': 'application/x-www-form-urlencoded' }],
		];
		for (const [body, headers] of shapes) {
			assert.equal((await trigger.post(body, headers)).body, 'accepted', JSON.stringify(body));
		}
		const started = await trigger.items(shapes.length);
		assert.deepEqual(started.map((item) => item.json.task_id).sort(), ids.sort());
	});

	it('starts nothing for a status that was not chosen, and for the test button of the console', async () => {
		const trigger = await publish({ fetchTask: false, triggerOn: ['submitted', 'failed'] });
		assert.equal((await trigger.post(legacy(newId(), 'processing'))).body, 'ignored');
		assert.equal((await trigger.post(legacy(newId(), 'succeed'))).body, 'ignored');
		assert.equal(await stage.emulator.callbacks.sendTestEvent(trigger.url), 200);
		const id = newId();
		await trigger.post({ ...legacy(id, 'failed'), task_status_msg: 'Image pixel is invalid' });
		const [item] = await trigger.items(1);
		assert.equal(item?.json.task_id, id);
		assert.equal(item?.json.task_status_msg, 'Image pixel is invalid');
	});

	for (const [what, body, headers, status] of [
		['text', 'hello', {}, 400],
		['broken JSON', '{"task_id":"1","task_status":"succeed"', {}, 400],
		['no body', '', {}, 400],
		['a list', '[{"task_id":"1","task_status":"succeed"}]', {}, 400],
		[
			'a form',
			'task_id=1&task_status=succeed',
			{ 'content-type': 'application/x-www-form-urlencoded' },
			400,
		],
		[
			'a multipart form',
			'--x\r\n\r\n--x--\r\n',
			{ 'content-type': 'multipart/form-data; boundary=x' },
			400,
		],
		['XML', '<task id="1"/>', { 'content-type': 'application/xml' }, 400],
		['what claims to be gzip', 'plain', { 'content-encoding': 'gzip' }, 400],
		['more than 1 MB', `{"a":"${'x'.repeat(1_100_000)}"}`, {}, 413],
		['more than n8n itself takes', 'x'.repeat(20_000_000), {}, 413],
	] as const) {
		it(`answers ${status} to ${what}`, async () => {
			const trigger = await publish({ fetchTask: false });
			const answer = await trigger.post(body, headers);
			assert.equal(answer.status, status);
			assert.ok(WORDS.includes(answer.body), answer.body);
		});
	}

	it('answers every body with the right code and nothing of it', async () => {
		const trigger = await publish({ fetchTask: false, triggerOn: ['failed'] });
		const odd = fc.oneof(
			fc.json({ maxDepth: 3 }),
			fc.string({ unit: 'binary', maxLength: 200 }),
			fc
				.dictionary(
					fc.constantFrom(
						'task_id',
						'task_status',
						'status',
						'id',
						'data',
						'code',
						'task_result',
						'__proto__',
					),
					fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('succeed', 'constructor', '913')),
				)
				.map((body) => JSON.stringify(body)),
		);
		const seed = Date.now() % 1_000_000;
		await fc.assert(
			fc.asyncProperty(odd, async (body) => {
				const marked = body.replace(/}$/, ',"canary":"4f9d0c1b"}');
				const answer = await trigger.post(marked);
				assert.ok([200, 400].includes(answer.status), `${answer.status} to ${marked}`);
				assert.ok(['ignored', 'accepted', 'not a callback'].includes(answer.body), answer.body);
				assert.ok(!JSON.stringify(answer).includes('4f9d0c1b'));
			}),
			{ numRuns: 120, seed },
		);
	});
});

describe('who may call', () => {
	it('with a token, only whoever has it', async () => {
		const trigger = await publish({ authentication: 'token', fetchTask: false });
		for (const query of [
			'',
			'?token=',
			'?token=wrong',
			`?token=${TOKEN}x`,
			`?token=${TOKEN}&token=${TOKEN}`,
		]) {
			assert.equal((await trigger.post(legacy(newId()), {}, query)).status, 401, query);
		}
		const id = newId();
		assert.equal((await trigger.post(legacy(id), {}, `?token=${TOKEN}`)).status, 200);
		assert.deepEqual(
			(await trigger.items(1)).map((item) => item.json.task_id),
			[id],
		);
	});

	it('with a signature, only what was signed, now, with the secret, over these bytes', async () => {
		const trigger = await publish({ authentication: 'signature', fetchTask: false });
		const sign = (body: string, { secret = SECRET, ageMs = 0 } = {}) => {
			const at = new Date(Date.now() - ageMs);
			return {
				'webhook-id': randomUUID(),
				'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
				at,
				signature: (id: string) => new Webhook(secret).sign(id, at, body),
			};
		};
		const headersOf = (
			body: string,
			how: { secret?: string; ageMs?: number } = {},
			before = '',
		) => {
			const { at: _, signature, ...headers } = sign(body, how);
			return { ...headers, 'webhook-signature': `${before}${signature(headers['webhook-id'])}` };
		};
		const body = JSON.stringify(legacy(newId()));
		const refusals: Array<[string, Record<string, string>]> = [
			['unsigned', {}],
			['another secret', headersOf(body, { secret: OLD_SECRET })],
			['too old', headersOf(body, { ageMs: 310_000 })],
			['from the future', headersOf(body, { ageMs: -310_000 })],
			['another body', headersOf(`${body} `)],
		];
		for (const [why, headers] of refusals) {
			assert.equal((await trigger.post(body, headers)).status, 401, why);
		}
		const old = `v1,${Buffer.alloc(32).toString('base64')} `;
		assert.equal((await trigger.post(body, headersOf(body, {}, old))).status, 200);
		assert.equal((await trigger.items(1)).length, 1);
	});

	it('takes what the service signs, also with two secrets while they are rotated', async () => {
		const trigger = await publish({
			authentication: 'signature',
			triggerOn: ['submitted', 'processing', 'succeed'],
		});
		stage.emulator.settings.signingSecrets = [OLD_SECRET, SECRET];
		await createTask(trigger.url);
		await eventually(
			'the notices to be answered',
			15_000,
			async () => stage.emulator.callbacks.list().length >= 3,
		);
		stage.emulator.settings.signingSecrets = [];
		assert.deepEqual(
			stage.emulator.callbacks.list().map(({ answered }) => answered),
			[200, 200, 200],
		);
	});

	it('does not go live without what its settings need, and says what that is', async () => {
		// n8n tries for 15 seconds before it gives a trigger up, so all at once.
		await Promise.all([
			assert.rejects(publish({}, { credential: false }), /needs a Kling API credential/),
			assert.rejects(
				publish({ authentication: 'token' }, { changes: { callbackToken: '' } }),
				/no 'Callback Token'/,
			),
			assert.rejects(
				publish({ authentication: 'signature' }, { changes: { callbackSecret: '' } }),
				/no 'Callback Signing Secret'/,
			),
		]);
		await publish({ fetchTask: false }, { credential: false });
	});
});

describe('asking the service', () => {
	it('believes only the id: forged ids and forged ends start nothing, and cost one question each', async () => {
		const trigger = await publish();
		const running = await createTask(undefined, '10m');
		assert.equal((await trigger.post(legacy(newId()))).body, 'ignored');
		assert.equal((await trigger.post(legacy(running))).body, 'ignored');
		assert.equal((await trigger.post(legacy(running, 'processing'))).body, 'ignored');
		assert.deepEqual(questions(running), 1);

		const done = await createTask(undefined, '1ms');
		const forged = {
			...legacy(done),
			task_result: { videos: [{ id: 'x', url: 'https://forged.example/x.mp4' }] },
		};
		assert.equal((await trigger.post(forged)).body, 'accepted');
		const [item] = await trigger.items(1);
		assert.equal(item?.json.task_id, done);
		assert.ok(
			String(item?.json.video_url).startsWith(stage.emulator.cdnUrl),
			String(item?.json.video_url),
		);
	});

	it('asks once for duplicates that come at the same time, and starts once', async () => {
		const trigger = await publish();
		const id = await createTask(undefined, '1ms');
		const answers = await Promise.all(Array.from({ length: 12 }, () => trigger.post(legacy(id))));
		assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
		assert.equal(answers.filter(({ body }) => body === 'accepted').length, 1);
		assert.equal(questions(id), 1);
		assert.equal((await trigger.post(legacy(id))).body, 'ignored');
		assert.equal(questions(id), 1);
		assert.equal((await trigger.items(1)).length, 1);
	});

	it('finds a task of the other endpoint too, and looks there first next time', async () => {
		const trigger = await publish();
		const [first, second] = [
			await createTask(undefined, '1ms', 'omni'),
			await createTask(undefined, '1ms', 'omni'),
		];
		await trigger.post(legacy(first));
		await trigger.post(legacy(second));
		assert.deepEqual([questions(first), questions(second)], [2, 1]);
		const items = await trigger.items(2);
		assert.deepEqual(
			items.map((item) => item.json.endpoint),
			['omni-video', 'omni-video'],
		);
	});

	it('answers 503 while the service cannot be asked, and takes the repetition', async () => {
		const trigger = await publish();
		const id = await createTask(undefined, '1ms');
		const fault = stage.emulator.faults.add({
			kind: 'http',
			when: 'before',
			status: 503,
			on: { call: 'get' },
		});
		const refused = await trigger.post(legacy(id));
		assert.equal(refused.status, 503);
		assert.equal(refused.headers['retry-after'], '30');
		stage.emulator.faults.remove(fault);
		assert.equal((await trigger.post(legacy(id))).body, 'accepted');
		assert.equal((await trigger.items(1)).length, 1);
	});

	it('gives the same item as Get Task', async () => {
		const trigger = await publish();
		const id = await createTask(undefined, '1ms');
		await trigger.post(legacy(id));
		const [item] = await trigger.items(1);
		const { run } = await runKling(
			stage,
			{ resource: 'task', operation: 'get', taskId: { __rl: true, mode: 'id', value: id } },
			{ credential: await stage.credential() },
		);
		// The service signs each link anew; what stands before the signature is the same file.
		const shown = ({ json = {} }: Partial<Item> = {}) => ({
			...json,
			video_url: String(json.video_url).split('?')[0],
		});
		assert.deepEqual(shown(item), shown(run.items[0]));
	});
});

describe('once per task and status', () => {
	it('starts once for each status, in whatever order and however often they come', async () => {
		const all = ['submitted', 'processing', 'succeed'];
		const trigger = await publish({ fetchTask: false, triggerOn: [...all, 'failed'] });
		const id = newId();
		for (const status of [
			'succeed',
			'processing',
			'succeed',
			'submitted',
			'processing',
			'submitted',
		]) {
			assert.equal((await trigger.post(legacy(id, status))).status, 200);
		}
		const started = await trigger.items(3);
		assert.deepEqual(started.map((item) => item.json.task_status).sort(), all.sort());
	});

	it('still knows after n8n was killed and started again', async () => {
		const trigger = await publish({ fetchTask: false });
		const ids = Array.from({ length: 5 }, newId);
		await Promise.all(ids.map((id) => trigger.post(legacy(id))));
		await trigger.items(ids.length);
		await stage.n8n.kill();
		await stage.n8n.restart();
		const fresh = newId();
		await eventually(
			'the trigger to be back',
			30_000,
			async () => (await trigger.post('x')).status === 400,
		);
		for (const id of [...ids, fresh]) await trigger.post(legacy(id));
		const started = await trigger.items(ids.length + 1);
		assert.deepEqual(started.map((item) => item.json.task_id).sort(), [...ids, fresh].sort());
	});

	it('starts every time where the user wants that', async () => {
		const trigger = await publish({ fetchTask: false, options: { deduplicate: false } });
		const id = newId();
		for (let time = 0; time < 3; time += 1) await trigger.post(legacy(id));
		assert.equal((await trigger.items(3)).length, 3);
	});
});

describe('from a submit to the file', () => {
	it('one execution starts when the video is ready, and the file is in storage', async () => {
		const trigger = await publish({ options: { downloadVideo: true, outputFieldName: 'video' } });
		const parameters = submitParameters(stage.emulator, {
			additionalFields: { callbackUrl: trigger.url },
		});
		const { execution } = await runKling(stage, parameters, {
			credential: await stage.credential(),
		});
		assert.equal(execution.status, 'success', execution.error?.message);
		const [item] = await trigger.items(1);
		const [task] = stage.emulator.tasks.list();
		assert.equal(item?.json.task_id, task?.id);
		assert.equal(item?.json.task_status, 'succeed');
		const file = item?.binary?.video;
		assert.equal(file?.mimeType, 'video/mp4');
		const facts = videoFacts(await stage.client.downloadBinary(String(file?.id)));
		assert.ok(Math.abs(facts.durationSeconds - 5) < 0.5);
		assert.deepEqual(
			[...new Set(stage.emulator.callbacks.list().map(({ answered }) => answered))],
			[200],
		);
	});

	it('a file that cannot be had is a sentence in the item, not the end of it', async () => {
		const trigger = await publish({ fetchTask: false, options: { downloadVideo: true } });
		const dead = {
			videos: [{ id: 'v', url: `${stage.emulator.cdnUrl}/cdn/none.mp4`, duration: '5' }],
		};
		await trigger.post({ ...legacy(newId()), task_result: dead });
		const [item] = await trigger.items(1);
		assert.match(String(item?.json.download_message), /\w/);
		assert.equal(item?.binary, undefined);
	});

	it('listens for a test event from the editor, and takes the same task as often as it is sent', async () => {
		const id = newId();
		const { saved, webhookId } = await save({ fetchTask: false });
		for (let time = 0; time < 2; time += 1) {
			const executionId = await stage.client.startedBy(saved.id, async () => {
				await stage.client.rest.call({ parse: (answer: unknown) => answer } as never, {
					method: 'POST',
					path: `/rest/workflows/${saved.id}/run`,
					body: { workflowData: await workflowData(saved.id), triggerToStartFrom: { name: NAME } },
				});
				const answer = await call(`${stage.n8n.url}/webhook-test/${webhookId}/kling`, legacy(id));
				assert.equal(answer.status, 200, answer.body);
			});
			const execution = await stage.client.waitForExecution(executionId);
			assert.equal(runOf(execution, NAME).items[0]?.json.task_id, id);
		}
	});
});

/** How often the service was asked for a task. */
function questions(id: string): number {
	return stage.emulator.calls().filter((each) => each.kind === 'get' && each.path.includes(id))
		.length;
}

async function workflowData(id: string): Promise<unknown> {
	return await stage.client.rest.call({ parse: (answer: unknown) => answer } as never, {
		path: `/rest/workflows/${id}`,
	});
}

/** Makes a task at the service and returns its id; with a lifetime of "1ms" once it has ended. */
async function createTask(
	callbackUrl?: string,
	lifetime = '800ms',
	family: 'multiImage' | 'omni' = 'multiImage',
): Promise<string> {
	const image = stage.emulator.imageUrl('dog.png');
	const path = family === 'omni' ? 'omni-video' : 'multi-image2video';
	const body = {
		model_name: family === 'omni' ? 'kling-v3-omni' : 'kling-v1-6',
		prompt: `A dog [lifetime ${lifetime}]`,
		image_list: [family === 'omni' ? { image_url: image } : { image }],
		callback_url: callbackUrl,
	};
	const response = await request(`${stage.emulator.baseUrl('official')}/v1/videos/${path}`, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			authorization: `Bearer ${stage.emulator.keys.apiKey}`,
		},
		body: JSON.stringify(body),
	});
	const answer = (await response.body.json()) as { data?: { task_id: string } };
	assert.equal(response.statusCode, 200, JSON.stringify(answer));
	const id = String(answer.data?.task_id);
	if (lifetime === '1ms') {
		await eventually(
			'the task to end',
			5_000,
			async () => stage.emulator.tasks.get(id)?.status === 'succeed',
		);
	}
	return id;
}

async function save(
	parameters: Record<string, unknown> = {},
	{
		credential = true,
		changes = {},
	}: { credential?: boolean; changes?: Record<string, unknown> } = {},
) {
	const webhookId = randomUUID();
	const secrets = { callbackToken: TOKEN, callbackSecret: SECRET, ...changes };
	const known = credential ? await stage.credential('official', secrets) : undefined;
	const trigger = node(NAME, 'n8n-nodes-kling-video.klingTrigger', parameters, {
		webhookId,
		...(known && { credentials: { klingApi: { id: known.id, name: known.name } } }),
	});
	return { webhookId, saved: await stage.client.createWorkflow(workflow([trigger, sink('Good')])) };
}

/** Saves and publishes a workflow that starts with the trigger. */
async function publish(
	parameters: Record<string, unknown> = {},
	how: { credential?: boolean; changes?: Record<string, unknown> } = {},
): Promise<Trigger> {
	const { saved, webhookId } = await save(parameters, how);
	await stage.client.publish(saved);
	const url = `${stage.n8n.url}/webhook/${webhookId}/kling`;
	return {
		url,
		post: async (body, headers, query = '') => await call(url + query, body, headers),
		async items(expected) {
			const ended = async () =>
				(await stage.client.listExecutions(saved.id)).filter((e) => e.status === 'success');
			await eventually(
				`${expected} executions`,
				30_000,
				async () => (await ended()).length >= expected,
			);
			const all = await stage.client.listExecutions(saved.id);
			assert.equal(
				all.length,
				expected,
				`executions: ${all.map((each) => each.status).join(', ')}`,
			);
			const executions = await Promise.all(
				all.map(async ({ id }) => await stage.client.getExecution(id)),
			);
			return executions.flatMap((execution) => runOf(execution, 'Good').items);
		},
	};
}

/** Posts a body and reads the whole answer. */
async function call(
	url: string,
	body: unknown,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const response = await request(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...headers },
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
	return {
		status: response.statusCode,
		body: await response.body.text(),
		headers: response.headers,
	};
}

function legacy(id: string, status = 'succeed') {
	const videos = [{ id: 'v', url: 'https://cdn.example.com/v.mp4', duration: '5.041' }];
	return {
		task_id: id,
		task_status: status,
		task_status_msg: '',
		created_at: 1722769557708,
		updated_at: 1722769657708,
		task_info: {},
		task_result: status === 'succeed' ? { videos } : {},
	};
}

function newFormat(id: string) {
	return {
		id,
		status: 'succeeded',
		message: '',
		create_time: 1722769557708,
		update_time: 1722769657708,
		outputs: [{ type: 'video', id: 'v', url: 'https://cdn.example.com/v.mp4', duration: '5' }],
		billing: [],
	};
}
