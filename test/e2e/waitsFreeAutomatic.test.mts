// Wait Using "Automatic": who sleeps and who polls, and what the output pane says of it; never asleep under an agent.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { startChatModel } from '../../lab/demo/chatModel.mts';
import { nodeNamed, readExample, withCredentials } from '../../lab/demo/example.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { kling, webhook, workflow } from '../../lab/instance/workflows.mts';
import { asleep, awake, finishAll, putToSleep, scenes, sleeperOf } from './sleepers.mts';
import { KLING, openStage, runKling, sharedStage, submitParameters } from './stage.mts';

const PUBLIC = 'https://n8n.example.com';

const stage = sharedStage(async () => await openStage({ emulator: { lifetimeMs: 2_500 } }));

/** The parameters of a submit that waits as the node thinks best. */
const automatic = (
	{ downloadVideo = false, ...options }: Record<string, unknown> = {},
	changes: Record<string, unknown> = {},
) =>
	submitParameters(stage.emulator, {
		afterSubmit: 'wait',
		downloadVideo,
		options: { pollIntervalSeconds: 1, ...options },
		...changes,
	});

async function hintsOf(parameters: Record<string, unknown>): Promise<string> {
	const { execution, run } = await runKling(stage, parameters, {
		credential: await stage.credential(),
	});
	assert.equal(execution.status, 'success', execution.error?.message);
	assert.equal(run.items[0]?.json.task_status, 'succeed');
	return run.hints.join('\n');
}

describe('With an address that only this machine can reach', { timeout: 300_000 }, () => {
	it('a manual run polls, because a person is watching', async () => {
		const hints = await hintsOf(automatic());
		assert.match(hints, /polls: this is a manual run.*cannot be reached.*WEBHOOK_URL/s);
		assert.equal(stage.emulator.counters().callback, 0);
	});

	it('it polls when that is wanted', async () => {
		assert.match(await hintsOf(automatic({ waitUsing: 'poll' })), /set to Polling/);
	});

	it('a production run sleeps, and gives nobody its address', async () => {
		const node = kling(automatic({}, { prompt: 'A dog [lifetime 1h]' }), await stage.credential(), {
			name: KLING,
		});
		const saved = await stage.client.createWorkflow(workflow([webhook(), node]));
		await stage.client.publish(saved);
		const sleeper = await sleeperOf(stage, await stage.client.startByWebhook(saved));
		assert.equal(sleeper.tasks[0]?.callbackUrl, undefined);
		const suspended = await stage.client.getExecution(sleeper.id);
		assert.match(runOf(suspended, KLING).hints.join('\n'), /sleeps.*asks the service/s);
		await stage.client.stopExecution(sleeper.id);
	});

	it('it sleeps and gives out the address when that is wanted all the same, with a word of doubt', async () => {
		const parameters = asleep(stage, {}, { prompt: 'A dog [lifetime 1h]' });
		const sleeper = await putToSleep(stage, parameters);
		const suspended = await stage.client.getExecution(sleeper.id);
		assert.match(runOf(suspended, KLING).hints.join('\n'), /sleeps.*cannot be reached/s);
		finishAll(stage, sleeper);
		const { run } = await awake(stage, sleeper);
		assert.match(run.hints.join('\n'), /sleeps.*It woke up once/s);
	});

	it('options of the whole run that differ between items are named', async () => {
		const credential = await stage.credential();
		const parameters = automatic({ maxConcurrent: '={{ $itemIndex + 1 }}', waitUsing: 'poll' });
		const { run } = await runKling(stage, parameters, { credential, items: scenes(2) });
		assert.match(run.hints.join('\n'), /'Max Concurrent Requests' differs.*first item \(1\)/);
	});
});

describe('With a public https address', { timeout: 300_000 }, () => {
	before(async () => {
		stage.emulator.settings.rewriteOrigins = { [PUBLIC]: stage.n8n.url };
		await stage.n8n.restart({ WEBHOOK_URL: `${PUBLIC}/`, N8N_WEBHOOK_URL: `${PUBLIC}/` });
	});

	it('it sleeps, and the output pane says why for as long as it does', async () => {
		const parameters = automatic({}, { prompt: 'A dog [lifetime 1h]', downloadVideo: true });
		const sleeper = await putToSleep(stage, parameters, { items: scenes(1) });
		assert.ok(sleeper.resumeUrl.startsWith(`${PUBLIC}/webhook-waiting/`));
		assert.match(sleeper.resumeUrl, /\/webhook-waiting\/\d+\/kling\?signature=/);
		const suspended = await stage.client.getExecution(sleeper.id);
		assert.match(runOf(suspended, KLING).hints.join('\n'), /sleeps.*when the service calls/);
		finishAll(stage, sleeper);
		const { run } = await awake(stage, sleeper);
		assert.ok(run.items[0]?.binary?.data?.id);
		assert.match(run.hints.join('\n'), /when the service calls.*It woke up once/s);
	});

	it('it polls when the wait is too short to sleep', async () => {
		assert.match(
			await hintsOf(automatic({ maxWaitMinutes: 1 })),
			/'Max Wait \(Minutes\)' is too short/,
		);
	});

	it("beside a callback URL of the user's own it sleeps, and that one is called", async () => {
		const own = `${PUBLIC}/webhook/mine`;
		const changes = { additionalFields: { callbackUrl: own }, prompt: 'A dog [lifetime 1h]' };
		const sleeper = await putToSleep(stage, automatic({}, changes));
		assert.equal(sleeper.tasks[0]?.callbackUrl, own);
		const suspended = await stage.client.getExecution(sleeper.id);
		assert.match(runOf(suspended, KLING).hints.join('\n'), /sleeps.*'Callback URL' is given/s);
		await stage.client.stopExecution(sleeper.id);
	});

	for (const waitUsing of ['auto', 'callback']) {
		it(`it never sleeps as the tool of an agent, also with Wait Using "${waitUsing}"`, async () => {
			const model = await startChatModel({
				tool: 'Make_a_Video',
				input: {
					image_urls: stage.emulator.imageUrl('dog.png'),
					prompt: 'A dog',
					aspect_ratio: '16:9',
				},
			});
			try {
				const kling = await stage.credential();
				const openAi = await stage.client.createCredential(`Chat ${waitUsing}`, 'openAiApi', {
					apiKey: 'sk-loopback',
					url: model.url,
				});
				const agent = withCredentials(await readExample('5-ai-agent.json'), [kling, openAi]);
				const { parameters } = nodeNamed(agent, 'Make a Video');
				parameters.afterSubmit = 'wait';
				parameters.options = { waitUsing, pollIntervalSeconds: 1 };
				agent.pinData = {
					Chat: [
						{ json: { sessionId: 'test', action: 'sendMessage', chatInput: 'A video, please' } },
					],
				};
				const id = await stage.client.startManually(await stage.client.createWorkflow(agent));
				const execution = await stage.client.waitForExecution(
					id,
					['success', 'error', 'waiting'],
					90_000,
				);
				assert.equal(execution.status, 'success', execution.error?.message);
				const answer = String(runOf(execution, 'Agent').items[0]?.json.output);
				assert.match(answer, /succeed/);
				assert.equal(stage.emulator.bill().total, 1);
				assert.equal(stage.emulator.counters().callback, 0);
			} finally {
				await model.close();
			}
		});
	}
});
