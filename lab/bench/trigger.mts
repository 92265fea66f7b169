// `node lab/bench/trigger.mts`: callbacks under load in a real n8n; each genuine one starts once, beside n8n's Webhook node.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { z } from 'zod';
import { startEmulator } from '../emulator/emulator.mts';
import { connect } from '../instance/client.mts';
import { startN8n } from '../instance/n8n.mts';
import { packNode } from '../instance/pack.mts';
import { node, sink, webhook, workflow, type WorkflowNode } from '../instance/workflows.mts';
import { fire, residentMb, type Fired } from './trigger/fire.mts';
import { genuineIn, notice, planCalls } from './trigger/mix.mts';
import { startedTasks } from './trigger/started.mts';

const { values } = parseArgs({
	options: {
		calls: { type: 'string', default: '2000' },
		rounds: { type: 'string', default: '4' },
		seed: { type: 'string' },
		/** settings of n8n, as NAME=value; by default its expression engine makes an isolate per call of a trigger */
		env: { type: 'string', multiple: true, default: [] },
		/** executions at once; n8n has no limit of its own, and each one holds an isolate */
		limit: { type: 'string', default: '20' },
		package: { type: 'string' },
	},
});
const count = Number(values.calls);
const rounds = Number(values.rounds);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const TOKEN = 'token-of-the-bench';
console.log(
	`Seed ${seed}; ${count} calls over 20 connections; ${values.env.join(', ') || "n8n's defaults"}; ${values.limit} executions at once`,
);

const emulator = await startEmulator({ lifetimeMs: 1, concurrency: 100_000 });
const folder = values.package ?? (await packNode()).dir;
const n8n = await startN8n({
	packages: [folder],
	env: {
		N8N_CONCURRENCY_PRODUCTION_LIMIT: values.limit,
		...settingsOf(values.env),
	},
});
const client = await connect(n8n.url);
const lab = { n8n, client };
try {
	const credential = await client.createCredential('bench', 'klingApi', {
		provider: 'custom',
		baseUrl: emulator.baseUrl('official'),
		authType: 'apiKey',
		apiKey: emulator.keys.apiKey,
		callbackToken: TOKEN,
	});
	await compare();
	for (const fetchTask of [false, true]) await sort(fetchTask, credential);
} finally {
	await client.close();
	await n8n.close();
	await emulator.close();
}

/**
 * The same genuine calls to the Webhook node and to the trigger, by turns, with the same follow-up
 * node. n8n spares the Webhook node, and no other, an isolate of its expression engine per call, as
 * long as no parameter is an expression: with one it shows what n8n lets every other trigger reach.
 */
async function compare(): Promise<void> {
	const plain = webhook();
	const withExpression = webhook();
	withExpression.parameters.options = { noResponseBody: '={{ true }}' };
	const trigger = triggerNode({ fetchTask: false });
	const sides = await Promise.all(
		[
			{ name: "n8n's Webhook", first: plain, path: builtIn(plain) },
			{ name: "n8n's Webhook, expression", first: withExpression, path: builtIn(withExpression) },
			{ name: 'trigger, fetchTask off', first: trigger, path: pathOf(trigger) },
		].map(async ({ name, first, path }) => ({
			name,
			path,
			id: await publish(first),
			fired: [] as Fired[],
		})),
	);
	let next = 0;
	const calls = (path: string, many: number) =>
		Array.from({ length: many }, () => ({
			path,
			body: notice(`8${String((next += 1)).padStart(17, '0')}`),
		}));
	const perRound = Math.ceil(count / rounds);
	for (const { id, path } of sides) await fire(lab, id, calls(path, 40), 40);
	const rssBefore = await residentMb(n8n.pid());
	for (let round = 0; round < rounds; round += 1) {
		for (const side of sides)
			side.fired.push(await fire(lab, side.id, calls(side.path, perRound), perRound));
	}
	console.table(
		sides.map(({ name, fired }) => ({
			node: name,
			'answered/s': mean(fired.map(({ answered }) => answered)),
			'done/s': mean(fired.map(({ done }) => done)),
			'CPU ms': mean(fired.map(({ cpuMs }) => cpuMs)),
			'RSS MB by round': fired.map(({ rssMb }) => Math.round(rssMb)).join(' '),
		})),
	);
	const ours = sides.at(-1)?.fired ?? [];
	for (const { name, fired: theirs } of sides.slice(0, -1)) {
		const ratio = (of: (fired: Fired) => number) =>
			(mean(ours.map(of)) / mean(theirs.map(of))).toFixed(2);
		console.log(
			`Trigger against ${name}: answered ${ratio((fired) => fired.answered)}, done ${ratio((fired) => fired.done)}, CPU ${ratio((fired) => fired.cpuMs)}`,
		);
	}
	console.log(`RSS before: ${Math.round(rssBefore)} MB`);
}

/** All kinds of calls mixed: exactly the genuine, distinct, wanted ones start, once each. */
async function sort(fetchTask: boolean, credential: { id: string; name: string }): Promise<void> {
	const random = generator(seed);
	const ids = fetchTask ? await createTasks(genuineIn(count)) : inventIds(genuineIn(count));
	const planned = planCalls(count, ids, random);
	const trigger = triggerNode(
		{ authentication: fetchTask ? 'none' : 'token', fetchTask },
		{ credentials: { klingApi: { id: credential.id, name: credential.name } } },
	);
	const workflowId = await publish(trigger);
	const calls = planned.map(({ body, isTrusted }) => ({
		path: fetchTask || !isTrusted ? pathOf(trigger) : `${pathOf(trigger)}?token=${TOKEN}`,
		body,
	}));
	const fired = await fire(lab, workflowId, calls, ids.length);
	const started = await startedTasks(client, workflowId, trigger.name);
	const isExact = [...started].sort().join() === [...ids].sort().join();
	const asked = emulator
		.calls()
		.filter(({ kind }) => kind === 'get')
		.map(({ path }) => path.split('/').at(-1) ?? '');
	const genuine = new Set(ids);
	const askedGenuine = asked.filter((id) => genuine.has(id)).length;
	console.table([
		{
			fetchTask,
			calls: calls.length,
			wanted: ids.length,
			started: started.length,
			'once each': isExact,
			'answered/s': mean([fired.answered]),
			'done/s': mean([fired.done]),
			'questions, genuine': askedGenuine,
			'questions, forged': asked.length - askedGenuine,
			answers: JSON.stringify(fired.statuses),
			'RSS MB': Math.round(fired.rssMb),
		},
	]);
	if (!isExact || askedGenuine > ids.length) process.exitCode = 1;
}

function triggerNode(
	parameters: Record<string, unknown>,
	settings: Partial<WorkflowNode> = {},
): WorkflowNode {
	return node('Trigger', 'n8n-nodes-kling-video.klingTrigger', parameters, {
		webhookId: randomUUID(),
		...settings,
	});
}

/** The settings that come as NAME=value. */
function settingsOf(pairs: string[]): Record<string, string> {
	return Object.fromEntries(
		pairs.map((pair) => {
			const [name = '', ...value] = pair.split('=');
			return [name, value.join('=')];
		}),
	);
}

function builtIn({ parameters }: WorkflowNode): string {
	return `/webhook/${String(parameters.path)}`;
}

function pathOf({ webhookId }: WorkflowNode): string {
	return `/webhook/${String(webhookId)}/kling`;
}

async function publish(first: WorkflowNode): Promise<string> {
	const saved = await client.createWorkflow(workflow([first, sink('Follow-up')]));
	await client.publish(saved);
	return saved.id;
}

function inventIds(many: number): string[] {
	return Array.from({ length: many }, (_, index) => `7${String(index).padStart(17, '0')}`);
}

/** Makes tasks at the service that have succeeded by the time they are asked for. */
async function createTasks(many: number): Promise<string[]> {
	const body = JSON.stringify({
		model_name: 'kling-v1-6',
		prompt: 'A dog runs over the beach',
		image_list: [{ image: emulator.imageUrl('dog.png') }],
	});
	const headers = {
		'content-type': 'application/json',
		authorization: `Bearer ${emulator.keys.apiKey}`,
	};
	const url = `${emulator.baseUrl('official')}/v1/videos/multi-image2video`;
	const ids: string[] = [];
	const answered = z.object({ data: z.object({ task_id: z.string() }) });
	for (let made = 0; made < many; made += 1) {
		const answer = await request(url, { method: 'POST', headers, body });
		ids.push(answered.parse(await answer.body.json()).data.task_id);
	}
	return ids;
}

/** A small generator (mulberry32), so that a seed gives the same run again. */
function generator(start: number): () => number {
	let state = start;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
	};
}

function mean(numbers: number[]): number {
	return Number((numbers.reduce((sum, one) => sum + one, 0) / numbers.length).toFixed(1));
}
