// Each example workflow, as it is in the repository, imported into a real n8n and run against the emulator.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type ChatModel, startChatModel } from '../../lab/demo/chatModel.mts';
import {
	SAMPLE_IMAGES_URL,
	nodeNamed,
	readExample,
	withCredentials,
} from '../../lab/demo/example.mts';
import { type PictureServer, servePictures } from '../../lab/demo/pictures.mts';
import { type Emulator, startEmulator } from '../../lab/emulator/emulator.mts';
import { type Front, startFront } from '../../lab/front/front.mts';
import type { CredentialReference } from '../../lab/instance/api/credentials.mts';
import type { SavedWorkflow } from '../../lab/instance/api/workflows.mts';
import { type Execution, type Item, runOf } from '../../lab/instance/api/execution.mts';
import { type Client, connect } from '../../lab/instance/client.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import { type N8n, startN8n } from '../../lab/instance/n8n.mts';
import { packNode } from '../../lab/instance/pack.mts';
import type { WorkflowJson } from '../../lab/instance/workflows.mts';

/** How long the emulator takes for a video. */
const LIFETIME_MS = 1500;

describe('the examples in a real n8n', { timeout: 600_000 }, () => {
	let emulator: Emulator;
	let pictures: PictureServer;
	let front: Front;
	let n8n: N8n;
	let client: Client;
	let kling: CredentialReference;

	before(async () => {
		pictures = await servePictures();
		const { origin, host } = new URL(SAMPLE_IMAGES_URL);
		emulator = await startEmulator({
			lifetimeMs: LIFETIME_MS,
			rewriteOrigins: { [origin]: pictures.url },
		});
		front = await startFront({ emulatorUrl: emulator.url, also: { [host]: pictures.url } });
		const { dir } = await packNode();
		n8n = await startN8n({ packages: [dir], env: front.env, onProgress: console.log });
		client = await connect(n8n.url);
		kling = await client.createCredential('Kling API', 'klingApi', {
			provider: 'klingGlobal',
			authType: 'apiKey',
			apiKey: emulator.keys.apiKey,
		});
	});

	after(async () => {
		await client?.close();
		await n8n?.close();
		await front?.close();
		await emulator?.close();
		await pictures?.close();
	});

	beforeEach(() => emulator.reset());

	const load = async (name: string, change: (workflow: WorkflowJson) => void = () => {}) => {
		const workflow = withCredentials(await readExample(name), [kling]);
		change(workflow);
		return await client.createWorkflow(workflow);
	};

	it('1 generates a video of four pictures, waits for it and hands the MP4 on', async () => {
		const execution = await client.runManually(await load('1-generate-and-wait.json'));
		assertSuccess(execution);
		const [item] = runOf(execution, 'Keep the Video').items;
		assert.equal(item?.json.task_status, 'succeed');
		await assertVideo(item);
		const [task] = emulator.tasks.list();
		assert.equal(task?.images.length, 4);
		assert.deepEqual(
			task?.images.map(({ from, type, width }) => [from, type, width]),
			[
				['base64', 'png', 768],
				['base64', 'png', 768],
				['base64', 'jpg', 768],
				['base64', 'jpg', 960],
			],
		);
		assert.equal(emulator.bill().total, 1);
	});

	it('2a submits and ends at once; 2b starts once, when the video is ready, with the MP4', async () => {
		await withReceiver(async (receiver, callbackUrl) => {
			const submitted = await client.runManually(await submitter(callbackUrl));
			assertSuccess(submitted);
			assert.equal(runOf(submitted, 'Submit the Video').items[0]?.json.task_status, 'submitted');

			const started = await theOnlyExecution(receiver);
			await assertVideo(runOf(started, 'Keep the Video').items[0]);
			await emulator.callbacks.idle();
			assert.equal((await client.listExecutions(receiver.id)).length, 1);
			assert.equal(emulator.bill().total, 1);
		});
	});

	it('2b tells of a task that ended without a video', async () => {
		await withReceiver(async (receiver, callbackUrl) => {
			await client.runManually(await submitter(callbackUrl));
			const [task] = emulator.tasks.list();
			emulator.tasks.fail(task?.id ?? '', 'The picture was not to our taste');
			const started = await theOnlyExecution(receiver);
			const [item] = runOf(started, 'Tell Somebody').items;
			assert.equal(item?.json.task_status, 'failed');
			assert.match(String(item?.json.task_status_msg), /not to our taste/);
		});
	});

	it('3 pays for three rows a run, tells which row was left over, and makes only that one next time', async () => {
		const workflow = await load('3-scheduled-batch.json');
		const first = await client.runManually(workflow, 120_000);
		assertSuccess(first);
		const done = runOf(first, 'Keep the Videos').items;
		assert.equal(done.length, 3);
		for (const item of done) await assertVideo(item);
		const [left, ...others] = runOf(first, 'Look at These Rows').items;
		assert.deepEqual(others, []);
		assert.ok(runOf(first, 'Rows').items.some(({ json }) => json.name === left?.json.name));
		assert.match(String(left?.json.error), /Max New Tasks/);
		assert.equal(emulator.bill().total, 3);

		const second = await client.runManually(workflow, 120_000);
		assertSuccess(second);
		assert.equal(runOf(second, 'Keep the Videos').items.length, 4);
		assert.equal(emulator.bill().total, 4);
		const ratios = emulator.tasks.list().map(({ aspectRatio }) => aspectRatio);
		assert.deepEqual(ratios.sort(), ['16:9', '16:9', '1:1', '9:16']);
	});

	it('4 collects the videos of a run that was stopped, and pays for nothing', async () => {
		const interrupted = await load('1-generate-and-wait.json');
		emulator.settings.lifetimeMs = 4000;
		const id = await client.startManually(interrupted);
		await eventually('the task to be billed', 30_000, async () => emulator.bill().total === 1);
		await client.stopExecution(id);
		await client.waitForExecution(id);
		emulator.settings.lifetimeMs = LIFETIME_MS;

		const execution = await client.runManually(await load('4-collect-videos.json'));
		assertSuccess(execution);
		const { items } = runOf(execution, 'Keep the Videos');
		assert.deepEqual(
			items.map(({ json }) => json.task_id),
			emulator.tasks.list().map((task) => task.id),
		);
		await assertVideo(items[0]);
		assert.equal(emulator.bill().total, 1);
	});

	for (const [agent, version] of [
		['the agent of the example', undefined],
		['the newest agent, which runs tools in another way', 3.1],
	] as const) {
		it(`5 lets ${agent} pay for one video, and tell its task`, async () => {
			const model = await startChatModel({
				tool: 'Make_a_Video',
				input: {
					image_urls: `${SAMPLE_IMAGES_URL}/character.png, ${SAMPLE_IMAGES_URL}/place.jpg`,
					prompt: 'The fox walks along the jetty',
					aspect_ratio: '9:16',
				},
			});
			try {
				const execution = await chat(model, version);
				assertSuccess(execution);
				const tools = new Map(model.offered().map((tool) => [tool.name, tool.description]));
				assert.deepEqual([...tools.keys()].sort(), ['Look_Up_a_Video', 'Make_a_Video']);
				assert.match(tools.get('Make_a_Video') ?? '', /Costs money/);
				const [task] = emulator.tasks.list();
				assert.equal(emulator.bill().total, 1);
				assert.equal(task?.aspectRatio, '9:16');
				assert.equal(task?.images.length, 2);
				const answer = String(runOf(execution, 'Agent').items[0]?.json.output);
				assert.ok(answer.includes(task?.id ?? 'no task'), answer);
				assert.equal(model.calls(), 2);
			} finally {
				await model.close();
			}
		});
	}

	it('5 lets an agent look a video up without paying', async () => {
		await client.runManually(await load('2a-submit-and-carry-on.json'));
		const [task] = emulator.tasks.list();
		emulator.tasks.succeed(task?.id ?? '');
		const model = await startChatModel({ tool: 'Look_Up_a_Video', input: { task_id: task?.id } });
		try {
			const execution = await chat(model);
			assertSuccess(execution);
			const answer = String(runOf(execution, 'Agent').items[0]?.json.output);
			assert.match(answer, /succeed/);
			assert.match(answer, /\.mp4/);
			assert.equal(emulator.bill().total, 1);
		} finally {
			await model.close();
		}
	});

	it('6 makes one video of three shots from one picture, each of which names it', async () => {
		const execution = await client.runManually(await load('6-three-shot-advertisement.json'));
		assertSuccess(execution);
		await assertVideo(runOf(execution, 'Keep the Video').items[0]);
		const [task] = emulator.tasks.list();
		assert.equal(task?.model, 'kling-v3-omni');
		assert.equal(task?.images.length, 1);
		assert.equal(task?.request.shot_type, 'customize');
		const shots = task?.request.multi_prompt as Array<{ prompt: string; duration: string }>;
		assert.deepEqual(
			shots.map(({ prompt, duration }) => [prompt.includes('<<<image_1>>>'), duration]),
			[
				[true, '3'],
				[true, '3'],
				[true, '3'],
			],
		);
		assert.equal(emulator.bill().total, 1);
	});

	it("7 looks a task up again and again between n8n's own waits, and pays once", async () => {
		emulator.settings.lifetimeMs = 5_000;
		const workflow = await load('7-wait-and-look.json', (loaded) => {
			// Nobody waits 90 seconds here.
			nodeNamed(loaded, 'Wait a While').parameters.amount = 2;
		});
		try {
			const execution = await client.runManually(workflow);
			assertSuccess(execution);
			assert.ok((execution.nodes['Look It Up']?.length ?? 0) > 1);
			await assertVideo(runOf(execution, 'Keep the Video').items[0]);
			assert.equal(emulator.bill().total, 1);
		} finally {
			emulator.settings.lifetimeMs = LIFETIME_MS;
		}
	});

	it('called nothing but the service and the pictures', () => {
		assert.deepEqual(front.refusedHosts(), []);
	});

	/** Publishes example 2b for as long as it is used, as two workflows cannot share a webhook. */
	async function withReceiver(
		use: (receiver: SavedWorkflow, callbackUrl: string) => Promise<void>,
	): Promise<void> {
		const receiver = await load('2b-when-a-video-is-ready.json');
		const { webhookId } = nodeNamed(receiver, 'Video Finished');
		await client.publish(receiver);
		try {
			await use(receiver, `${n8n.url}/webhook/${webhookId}/kling`);
		} finally {
			await client.unpublish(receiver);
		}
	}

	/** Example 2a, after the one change that its note asks for. */
	async function submitter(callbackUrl: string): Promise<SavedWorkflow> {
		return await load('2a-submit-and-carry-on.json', (workflow) => {
			nodeNamed(workflow, 'Submit the Video').parameters.additionalFields = { callbackUrl };
		});
	}

	async function theOnlyExecution({ id }: SavedWorkflow): Promise<Execution> {
		let started: string | undefined;
		await eventually('the trigger to start an execution', 30_000, async () => {
			started = (await client.listExecutions(id))[0]?.id;
			return started !== undefined;
		});
		const execution = await client.waitForExecution(started ?? '');
		assertSuccess(execution);
		return execution;
	}

	/** Runs example 5 with one chat message and this model. */
	async function chat(model: ChatModel, agentVersion?: number): Promise<Execution> {
		const openAi = await client.createCredential('Chat model', 'openAiApi', {
			apiKey: 'sk-loopback',
			url: model.url,
		});
		const workflow = withCredentials(await readExample('5-ai-agent.json'), [kling, openAi]);
		if (agentVersion !== undefined) nodeNamed(workflow, 'Agent').typeVersion = agentVersion;
		workflow.pinData = {
			Chat: [{ json: { sessionId: 'test', action: 'sendMessage', chatInput: 'A video, please' } }],
		};
		return await client.runManually(await client.createWorkflow(workflow));
	}

	async function assertVideo(item: Item | undefined): Promise<void> {
		assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
		const file = await client.downloadBinary(item?.binary?.data?.id ?? '');
		assert.equal(file.toString('latin1', 4, 8), 'ftyp');
	}
});

function assertSuccess({ status, error }: Execution): void {
	assert.equal(status, 'success', `${error?.message}\n${error?.description}`);
}
