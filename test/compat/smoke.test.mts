// The whole way of the node on the newest n8n 1.x: what that host lacks is done another way, and nothing is paid twice.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type ChatModel, startChatModel } from '../../lab/demo/chatModel.mts';
import { type Execution, runOf } from '../../lab/instance/api/execution.mts';
import type { CredentialReference } from '../../lab/instance/client.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { N8N_1_VERSION } from '../../lab/instance/install.mts';
import {
	klingTrigger,
	node,
	referTo,
	sink,
	workflow,
	type Wire,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import { openSleepers, scenes } from '../e2e/sleepers.mts';
import {
	BAD,
	GOOD,
	binaryImage,
	customCredential,
	runKling,
	submitParameters,
	type RunSettings,
	type Stage,
} from '../e2e/stage.mts';

const PACKAGE = 'n8n-nodes-kling-video';
const PATIENCE_MS = 180_000;
const polling = { waitUsing: 'poll', pollIntervalSeconds: 1 };

let stage: Stage;
let credential: CredentialReference;

before(async () => {
	stage = await openSleepers({ version: N8N_1_VERSION });
	credential = await stage.credential();
});
after(async () => {
	await stage.close();
});
beforeEach(() => stage.emulator.reset());

const run = async (parameters: Record<string, unknown>, settings: Partial<RunSettings> = {}) =>
	await runKling(stage, parameters, { credential, ...settings }, PATIENCE_MS);

/** Runs that are to end well. */
async function good(parameters: Record<string, unknown>, settings?: Partial<RunSettings>) {
	const ended = await run(parameters, settings);
	assertSuccess(ended.execution);
	return ended;
}

function assertSuccess({ status, error }: Execution): void {
	assert.equal(status, 'success', `${error?.message} ${error?.description}`);
}

const soon = (lifetime: string, more = '') => `A dog runs [lifetime ${lifetime}] ${more}`;

describe(`n8n ${N8N_1_VERSION}`, { timeout: 900_000 }, () => {
	it('loads the packed node, the trigger, and the tool that it makes of the node', async () => {
		const names = (await stage.client.nodeTypes()).map(({ name }) => name);
		for (const name of ['kling', 'klingTrigger', 'klingTool']) {
			assert.ok(names.includes(`${PACKAGE}.${name}`), name);
		}
	});

	it('tests the credential, and tells a wrong key', async () => {
		const test = async (changes: Record<string, unknown>) =>
			await stage.client.testCredential(
				await stage.credential('official', changes),
				customCredential(stage.emulator, 'official', changes),
			);
		assert.equal((await test({})).status, 'OK');
		const wrong = await test({ apiKey: 'api-key-kling-of-somebody-else' });
		assert.equal(wrong.status, 'Error');
		assert.match(wrong.message, /key/i);
	});

	it('submits a link, a file and Base64, waits by polling and stores the video', async () => {
		const binary = { data: await binaryImage('images/jacket.jpg', 'image/jpeg') };
		const base64 = (await binaryImage('images/ball.png', 'image/png')).data;
		const parameters = submitParameters(stage.emulator, {
			images: {
				image: [
					{ source: 'url', url: stage.emulator.imageUrl('dog.png') },
					{ source: 'binary', binaryPropertyName: 'data' },
					{ source: 'base64', base64 },
				],
			},
			afterSubmit: 'wait',
			downloadVideo: true,
			options: polling,
		});
		const { run: ended } = await good(parameters, {
			items: [{ json: { prompt: soon('1s') }, binary }],
		});
		const [item] = ended.items;
		assert.equal(stage.emulator.tasks.list()[0]?.images.length, 3);
		assert.equal(item?.json.task_status, 'succeed');
		assert.deepEqual(item?.pairedItem, { item: 0 });
		assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
		const facts = videoFacts(await stage.client.downloadBinary(String(item?.binary?.data?.id)));
		assert.ok(Math.abs(facts.durationSeconds - 5) < 0.5);
		assert.ok(
			ended.hints.some((hint) => hint.includes("'Wait Using'")),
			ended.hints.join(),
		);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('serves the omni models too', async () => {
		const parameters = submitParameters(stage.emulator, {
			model: { __rl: true, mode: 'list', value: 'kling-v3-omni' },
			prompt: '@1 runs',
			duration: 12,
			mode: '4k',
		});
		const { run: ended } = await good(parameters);
		assert.equal(ended.items[0]?.json.endpoint, 'omni-video');
		const [task] = stage.emulator.tasks.list();
		assert.equal(task?.request.prompt, '<<<image_1>>> runs');
		assert.equal(task?.seconds, 12);
	});

	it('gets and lists tasks, and offers them in the task picker', async () => {
		const { run: submitted } = await good(
			submitParameters(stage.emulator, { prompt: soon('300ms') }),
		);
		const id = submitted.items[0]?.json.task_id;
		const taskId = { __rl: true, mode: 'id', value: id };
		const options = { waitUntilFinished: true, pollIntervalSeconds: 1, downloadVideo: true };
		const got = await good({ resource: 'task', operation: 'get', taskId, options });
		assert.equal(got.run.items[0]?.json.task_status, 'succeed');
		assert.equal(got.run.items[0]?.binary?.data?.mimeType, 'video/mp4');
		const listed = await good({ resource: 'task', operation: 'list', returnAll: true });
		assert.deepEqual(
			listed.run.items.map(({ json }) => json.task_id),
			[id],
		);
		const search = { node: `${PACKAGE}.kling`, parameters: { resource: 'task' }, credential };
		const tasks = await stage.client.listSearch({
			...search,
			method: 'searchTasks',
			path: 'parameters.taskId',
		});
		assert.deepEqual(
			tasks.results.map(({ value }) => value),
			[id],
		);
		const models = await stage.client.listSearch({
			...search,
			method: 'searchModels',
			path: 'parameters.model',
		});
		assert.equal(models.results.length, 4);
	});

	for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const) {
		it(`follows On Error "${onError}" when one of three items is refused`, async () => {
			stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 2 } });
			const { execution } = await run(
				submitParameters(stage.emulator, { options: { maxConcurrent: 1 } }),
				{
					items: scenes(3),
					onError,
				},
			);
			const tasks = stage.emulator.tasks.list().map(({ id }) => id);
			assert.equal(tasks.length, 2);
			if (onError === 'stopWorkflow') {
				assert.equal(execution.status, 'error');
				const words = `${execution.error?.message} ${execution.error?.description}`;
				for (const id of tasks) assert.ok(words.includes(id), words);
				return;
			}
			assertSuccess(execution);
			const passed = runOf(execution, GOOD).items;
			const refused = onError === 'continueErrorOutput' ? runOf(execution, BAD).items : [passed[1]];
			assert.equal(passed.length, onError === 'continueErrorOutput' ? 2 : 3);
			assert.match(String(refused[0]?.json.error), /1301/);
			// This host knows no third member for such an item, so the facts are in the text.
			assert.match(String(refused[0]?.json.message), /\(.*code: 1301/);
		});
	}

	it('pays once for what it submits again with Retry On Fail', async () => {
		stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 3 } });
		const { run: ended } = await good(
			submitParameters(stage.emulator, { options: { maxConcurrent: 1 } }),
			{
				items: scenes(4),
				retryOnFail: true,
				maxTries: 3,
				waitBetweenTries: 100,
			},
		);
		assert.equal(new Set(ended.items.map(({ json }) => json.task_id)).size, 4);
		assert.equal(stage.emulator.bill().total, 4);
	});
});

describe('The trigger', { timeout: 300_000 }, () => {
	it('starts one execution for a task that is finished, whatever is repeated or forged', async () => {
		const webhookId = randomUUID();
		const trigger = klingTrigger({ options: { downloadVideo: true } }, credential, {
			name: 'Finished',
			webhookId,
		});
		const receiver = await stage.client.createWorkflow(workflow([trigger, sink(GOOD)]));
		await stage.client.publish(receiver);
		const url = `${stage.n8n.url}/webhook/${webhookId}/kling`;
		try {
			const additionalFields = { callbackUrl: url };
			await good(submitParameters(stage.emulator, { additionalFields }));
			const [task] = stage.emulator.tasks.list();
			assert.ok(task);
			const forged = { task_id: task.id, task_status: 'succeed' };
			assert.equal(await stage.emulator.callbacks.send(url, forged), 200);
			stage.emulator.tasks.succeed(task.id);
			await stage.emulator.callbacks.idle();
			for (let time = 0; time < 3; time++) {
				assert.equal(
					await stage.emulator.callbacks.send(url, stage.emulator.callbacks.bodyOf(task)),
					200,
				);
			}
			await eventually('the trigger to start an execution', 30_000, async () => {
				return (await stage.client.listExecutions(receiver.id)).length > 0;
			});
			const [started, ...others] = await stage.client.listExecutions(receiver.id);
			assert.deepEqual(others, []);
			const execution = await stage.client.waitForExecution(started?.id ?? '');
			assertSuccess(execution);
			const [item] = runOf(execution, GOOD).items;
			assert.equal(item?.json.task_id, task.id);
			assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
		} finally {
			await stage.client.unpublish(receiver);
		}
	});
});

describe('As a tool of an AI agent', { timeout: 300_000 }, () => {
	it('the node never sleeps, although this host does not say that it is a tool', async () => {
		stage.emulator.settings.lifetimeMs = 1_000;
		const model = await startChatModel({ tool: 'Make_a_Video', input: { prompt: 'A dog runs' } });
		try {
			const execution = await chat(model, {
				prompt: "={{ $fromAI('prompt', 'What happens', 'string') }}",
				afterSubmit: 'wait',
				options: { waitUsing: 'callback', pollIntervalSeconds: 1 },
			});
			assertSuccess(execution);
			const [task] = stage.emulator.tasks.list();
			assert.equal(task?.callbackUrl, undefined);
			assert.equal(task?.request.prompt, 'A dog runs');
			const answer = String(runOf(execution, 'Agent').items[0]?.json.output);
			assert.ok(answer.includes(task?.id ?? 'no task'), answer);
			assert.match(answer, /succeed/);
			assert.equal(stage.emulator.bill().total, 1);
		} finally {
			stage.emulator.settings.lifetimeMs = 60 * 60_000;
			await model.close();
		}
	});

	/** One chat message to an agent that has the node as its tool. */
	async function chat(model: ChatModel, changes: Record<string, unknown>): Promise<Execution> {
		const openAi = await stage.client.createCredential('Chat model', 'openAiApi', {
			apiKey: 'sk-loopback',
			url: model.url,
		});
		const langchain = '@n8n/n8n-nodes-langchain';
		const nodes: WorkflowNode[] = [
			node(
				'Chat',
				`${langchain}.chatTrigger`,
				{ options: {} },
				{ typeVersion: 1.1, webhookId: randomUUID() },
			),
			node('Agent', `${langchain}.agent`, { options: {} }, { typeVersion: 2.2 }),
			node(
				'Model',
				`${langchain}.lmChatOpenAi`,
				{ model: { __rl: true, mode: 'id', value: 'loopback-model' }, options: {} },
				{ typeVersion: 1.2, credentials: referTo(openAi) },
			),
			node('Make a Video', `${PACKAGE}.klingTool`, submitParameters(stage.emulator, changes), {
				credentials: referTo(credential),
			}),
		];
		const wires: Wire[] = [
			{ from: 'Chat', to: 'Agent' },
			{ from: 'Model', to: 'Agent', type: 'ai_languageModel' },
			{ from: 'Make a Video', to: 'Agent', type: 'ai_tool' },
		];
		const chatInput = { sessionId: 'test', action: 'sendMessage', chatInput: 'A video, please' };
		const saved = workflow(nodes, { wires });
		saved.pinData = { Chat: [{ json: chatInput }] };
		return await stage.client.runManually(await stage.client.createWorkflow(saved), PATIENCE_MS);
	}
});
