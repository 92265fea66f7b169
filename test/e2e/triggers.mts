// What the suites about the trigger share: workflows that start with it, calls to it, and tasks to tell of.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import type { Item } from '../../lab/instance/api/execution.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { node, sink, workflow } from '../../lab/instance/workflows.mts';
import { openStage, sharedStage, type Stage } from './stage.mts';

export const TOKEN = 'token-of-the-test';
export const SECRET = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';
export const OLD_SECRET = 'whsec_b2xkc2VjcmV0b2xkc2VjcmV0b2xkc2VjcmV0b2xkc2U=';
export const NAME = 'Kling AI Trigger';

interface Answer {
	status: number;
	body: string;
	headers: Record<string, unknown>;
}

export interface Trigger {
	url: string;
	workflowId: string;
	post(body: unknown, headers?: Record<string, string>, query?: string): Promise<Answer>;
	/** The items that its executions started with, once `expected` of them have ended. */
	items(expected: number): Promise<Item[]>;
}

/** The one stage of a test file, on which tasks end soon. */
export const sharedTriggerStage = (): Stage =>
	sharedStage(async () => await openStage({ emulator: { lifetimeMs: 800 } }));

let lastId = 913_827_032_000_000_000n;

/** Every test uses ids of its own, so that what one started is nothing to the others. */
export const newId = () => String(++lastId);

/** How often the service was asked for a task. */
export function questions({ emulator }: Stage, id: string): number {
	return emulator.calls().filter((each) => each.kind === 'get' && each.path.includes(id)).length;
}

/** Makes a task at the service and returns its id; with a lifetime of "1ms" once it has ended. */
export async function createTask(
	{ emulator }: Stage,
	callbackUrl?: string,
	lifetime = '800ms',
	family: 'multiImage' | 'omni' = 'multiImage',
	dialect = 'official',
): Promise<string> {
	const image = emulator.imageUrl('dog.png');
	const path = family === 'omni' ? 'omni-video' : 'multi-image2video';
	const body = {
		[dialect === 'ezmodel' ? 'model' : 'model_name']:
			family === 'omni' ? 'kling-v3-omni' : 'kling-v1-6',
		prompt: `A dog [lifetime ${lifetime}]`,
		image_list: [family === 'omni' ? { image_url: image } : { image }],
		...(family === 'omni' && { aspect_ratio: '16:9' }),
		callback_url: callbackUrl,
	};
	const response = await request(`${emulator.baseUrl(dialect)}/v1/videos/${path}`, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			authorization: `Bearer ${emulator.keys.apiKey}`,
		},
		body: JSON.stringify(body),
	});
	const answer = (await response.body.json()) as {
		data?: { task_id: string };
		task_id?: string;
	};
	assert.equal(response.statusCode, 200, JSON.stringify(answer));
	const id = String(answer.data?.task_id ?? answer.task_id);
	if (lifetime === '1ms') {
		await eventually(
			'the task to end',
			5_000,
			async () => emulator.tasks.get(id)?.status === 'succeed',
		);
	}
	return id;
}

/** Saves a workflow that starts with the trigger. */
export async function save(
	stage: Stage,
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
export async function publish(
	stage: Stage,
	parameters: Record<string, unknown> = {},
	how: { credential?: boolean; changes?: Record<string, unknown> } = {},
): Promise<Trigger> {
	const { saved, webhookId } = await save(stage, parameters, how);
	await stage.client.publish(saved);
	const url = `${stage.n8n.url}/webhook/${webhookId}/kling`;
	return {
		url,
		workflowId: saved.id,
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
export async function call(
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

/** The body of a notification as the service posts it. */
export function legacy(id: string, status = 'succeed') {
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
