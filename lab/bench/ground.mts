// What a measurement stands on: an emulated service, a real n8n with the packed node, a credential, and ways to run workflows.
import { request } from 'undici';
import { z } from 'zod';
import { startEmulator, type Emulator, type EmulatorOptions } from '../emulator/emulator.mts';
import { NOTHING_RETIRED } from '../emulator/settings.mts';
import { runOf, type NodeRun } from '../instance/api/execution.mts';
import type { SavedWorkflow } from '../instance/api/workflows.mts';
import { connect, type Client, type CredentialReference } from '../instance/client.mts';
import { startN8n, type N8n } from '../instance/n8n.mts';
import { packNode } from '../instance/pack.mts';
import {
	node,
	referTo,
	workflow,
	type WorkflowJson,
	type WorkflowNode,
} from '../instance/workflows.mts';
import { openExecutions, type Executions } from './database.mts';

export interface Ground {
	emulator: Emulator;
	n8n: N8n;
	client: Client;
	executions: Executions;
	/** leads to the emulator's dialect of Kling itself */
	credential: CredentialReference;
	/** what a plain HTTP client has to send */
	authorization: string;
	/** the same for n8n's HTTP Request node: *Header Auth* */
	headerAuth: CredentialReference;
	/** the endpoint for multi-image tasks */
	createUrl: string;
	/** Restarts n8n, so that its memory is that of a fresh process. */
	restart(): Promise<void>;
	close(): Promise<void>;
}

interface GroundOptions {
	emulator?: EmulatorOptions;
	/** n8n's environment on top of the lab's */
	env?: Record<string, string>;
	/** more fields of the credential */
	credential?: Record<string, unknown>;
}

/** No limit of the emulated plan, no rendering time: where only the way there is measured. */
export const INSTANT: EmulatorOptions = { lifetimeMs: 1, concurrency: 1_000_000 };

const RUN_TIMEOUT_MS = 300_000;

/** Boots everything, about 15 seconds; the caller closes it. */
export async function openGround(options: GroundOptions = {}): Promise<Ground> {
	const packed = await packNode();
	const emulator = await startEmulator({ ...NOTHING_RETIRED, ...options.emulator });
	const n8n = await startN8n({ packages: [packed.dir], env: options.env });
	let client = await connect(n8n.url);
	let executions = openExecutions(n8n.userFolder);
	const credential = await client.createCredential('Bench', 'klingApi', {
		provider: 'custom',
		baseUrl: emulator.baseUrl('official'),
		authType: 'apiKey',
		apiKey: emulator.keys.apiKey,
		...options.credential,
	});
	const authorization = `Bearer ${emulator.keys.apiKey}`;
	const headerAuth = await client.createCredential('Bench', 'httpHeaderAuth', {
		name: 'Authorization',
		value: authorization,
	});
	return {
		emulator,
		n8n,
		credential,
		authorization,
		headerAuth,
		createUrl: `${emulator.baseUrl('official')}/v1/videos/multi-image2video`,
		get client() {
			return client;
		},
		get executions() {
			return executions;
		},
		async restart() {
			await client.close();
			executions.close();
			await n8n.restart();
			client = await connect(n8n.url);
			executions = openExecutions(n8n.userFolder);
		},
		async close() {
			await client.close();
			executions.close();
			await n8n.close();
			await emulator.close();
		},
	};
}

/** Saves a workflow whose first node is a trigger for runs by hand. */
export async function saved(
	{ client }: Ground,
	nodes: WorkflowNode[],
	settings: Record<string, unknown> = {},
): Promise<SavedWorkflow> {
	return await client.createWorkflow(workflow(nodes, { settings }));
}

/** Saves and publishes a workflow. */
export async function published({ client }: Ground, json: WorkflowJson): Promise<SavedWorkflow> {
	const made = await client.createWorkflow(json);
	await client.publish(made);
	return made;
}

/** Runs a saved workflow by hand and returns once it has ended, without loading what it put out. */
export async function runToEnd(
	{ client, executions }: Ground,
	made: SavedWorkflow,
	timeoutMs = RUN_TIMEOUT_MS,
): Promise<string> {
	const before = executions.count(made.id, 'success');
	const id = await client.startManually(made);
	await executions.succeeded(made.id, before + 1, timeoutMs);
	return id;
}

/** The run of one node in an execution that has ended. */
export async function nodeRun({ client }: Ground, id: string, name: string): Promise<NodeRun> {
	return runOf(await client.getExecution(id), name);
}

/** n8n's HTTP Request node as a user without this package would set it. */
export function httpRequest(
	name: string,
	parameters: Record<string, unknown>,
	headerAuth?: CredentialReference,
): WorkflowNode {
	const asked = { options: {}, ...parameters };
	const type = 'n8n-nodes-base.httpRequest';
	if (headerAuth === undefined) return node(name, type, asked, { typeVersion: 4.2 });
	const authentication = {
		authentication: 'genericCredentialType',
		genericAuthType: 'httpHeaderAuth',
	};
	const credentials = referTo(headerAuth);
	return node(name, type, { ...authentication, ...asked }, { typeVersion: 4.2, credentials });
}

/** The HTTP Request node that submits one task for each item, at most `atOnce` every `everyMs`. */
export function httpSubmit(
	{ createUrl, headerAuth, emulator }: Ground,
	batch?: { atOnce: number; everyMs: number },
): WorkflowNode {
	const body = {
		model_name: 'kling-v1-6',
		prompt: '{{ $json.prompt }}',
		image_list: [{ image: emulator.imageUrl('dog.png') }],
	};
	const batching = { batch: { batchSize: batch?.atOnce, batchInterval: batch?.everyMs } };
	return httpRequest(
		'HTTP Request',
		{
			method: 'POST',
			url: createUrl,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `=${JSON.stringify(body)}`,
			options: batch === undefined ? {} : { batching },
		},
		headerAuth,
	);
}

/** The parameters of this package's node that submits one task for each item. */
export function submitParameters(
	{ emulator }: Ground,
	changes: Record<string, unknown> = {},
): Record<string, unknown> {
	return {
		resource: 'task',
		operation: 'submit',
		imageInput: 'fields',
		images: { image: [{ source: 'url', url: emulator.imageUrl('dog.png') }] },
		prompt: '={{ $json.prompt }}',
		model: { __rl: true, mode: 'id', value: 'kling-v1-6' },
		...changes,
	};
}

const snapshot = z.object({
	data: z.object({
		task_id: z.string(),
		task_result: z.object({ videos: z.array(z.object({ url: z.string() })).optional() }).optional(),
	}),
});

/** Creates a task without n8n and returns it as the service tells of it when it has ended. */
export async function createTask(
	ground: Ground,
	prompt: string,
): Promise<{ id: string; videos: Array<{ url: string }> }> {
	const { emulator, createUrl, authorization } = ground;
	const headers = { 'content-type': 'application/json', authorization };
	const body = JSON.stringify({
		model_name: 'kling-v1-6',
		prompt,
		image_list: [{ image: emulator.imageUrl('dog.png') }],
	});
	const created = await request(createUrl, { method: 'POST', headers, body });
	const { task_id: id } = snapshot.parse(await created.body.json()).data;
	emulator.tasks.succeed(id);
	const asked = await request(`${createUrl}/${id}`, { headers });
	const { task_result: result } = snapshot.parse(await asked.body.json()).data;
	return { id, videos: result?.videos ?? [] };
}

/** Creates many tasks, ten at a time, and returns their ids. */
export async function createTasks(ground: Ground, count: number): Promise<string[]> {
	const ids: string[] = [];
	const left = Array.from({ length: count }).keys();
	const worker = async (): Promise<void> => {
		for (const n of left) ids.push((await createTask(ground, `Task ${n}`)).id);
	};
	await Promise.all(Array.from({ length: 10 }, worker));
	return ids;
}
