// Wait Using "Automatic": sleeps where the service can call, asks where it cannot, says why; never sleeps under an agent.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { startChatModel } from '../../lab/demo/chatModel.mts';
import { nodeNamed, readExample, withCredentials } from '../../lab/demo/example.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { asleep, awake, finishAll, putToSleep, scenes } from './sleepers.mts';
import { KLING, openStage, runKling, sharedStage, submitParameters } from './stage.mts';

const PUBLIC = 'https://n8n.example.com';

const stage = sharedStage(async () => await openStage({ emulator: { lifetimeMs: 2_500 } }));

/** The parameters of a submit that waits as the node thinks best. */
const automatic = (options: Record<string, unknown> = {}, changes: Record<string, unknown> = {}) =>
	submitParameters(stage.emulator, {
		afterSubmit: 'wait',
		options: { pollIntervalSeconds: 1, ...options },
		...changes,
	});

async function hintsOf(parameters: Record<string, unknown>): Promise<string> {
	const { execution, run } = await runKling(stage, parameters, { credential: await stage.credential() });
	assert.equal(execution.status, 'success', execution.error?.message);
	assert.equal(run.items[0]?.json.task_status, 'succeed');
	return run.hints.join('\n');
}

describe('With an address that only this machine can reach', { timeout: 300_000 }, () => {
	it('it asks, and the output pane says why', async () => {
		const hints = await hintsOf(automatic());
		assert.match(hints, /waited for by polling.*cannot be reached from the internet.*WEBHOOK_URL/s);
		assert.equal(stage.emulator.counters().callback, 0);
	});

	it('it asks when asking is wanted', async () => {
		assert.match(await hintsOf(automatic({ waitUsing: 'poll' })), /set to Polling/);
	});

	it('it sleeps when that is wanted all the same, with a word of doubt', async () => {
		const parameters = asleep(stage, {}, { prompt: 'A dog [lifetime 1h]' });
		const sleeper = await putToSleep(stage, parameters);
		const parked = await stage.client.getExecution(sleeper.id);
		assert.match(runOf(parked, KLING).hints.join('\n'), /sleeps.*cannot be reached/s);
		finishAll(stage, sleeper);
		await awake(stage, sleeper);
	});

	it('it refuses to sleep beside a callback URL of the user\'s own, before anything is paid', async () => {
		const parameters = asleep(stage, {}, { additionalFields: { callbackUrl: `${PUBLIC}/mine` } });
		const { execution } = await runKling(stage, parameters, { credential: await stage.credential() });
		assert.equal(execution.status, 'error');
		assert.match(execution.error?.message ?? '', /'Callback URL' is given/);
		assert.equal(stage.emulator.bill().total, 0);
	});
});

describe('With a public https address', { timeout: 300_000 }, () => {
	before(async () => {
		stage.emulator.settings.rewriteOrigins = { [PUBLIC]: stage.n8n.url };
		await stage.n8n.restart({ WEBHOOK_URL: `${PUBLIC}/`, N8N_WEBHOOK_URL: `${PUBLIC}/` });
	});

	it('it sleeps, and the output pane says why for as long as it does', async () => {
		const parameters = automatic({ downloadVideo: true }, { prompt: 'A dog [lifetime 1h]' });
		const sleeper = await putToSleep(stage, parameters, { items: scenes(1) });
		assert.ok(sleeper.resumeUrl.startsWith(`${PUBLIC}/webhook-waiting/`));
		const parked = await stage.client.getExecution(sleeper.id);
		assert.match(runOf(parked, KLING).hints.join('\n'), /sleeps until the service calls back/);
		finishAll(stage, sleeper);
		const { run } = await awake(stage, sleeper);
		assert.ok(run.items[0]?.binary?.data?.id);
		// n8n drops the hints of a run that it resumes; this line tells when it no longer does.
		assert.deepEqual(run.hints, []);
	});

	it('it asks when the wait is too short to sleep', async () => {
		assert.match(await hintsOf(automatic({ maxWaitMinutes: 1 })), /'Max Wait \(Minutes\)' is short/);
	});

	it('it asks beside a callback URL of the user\'s own, which is called', async () => {
		const own = `${PUBLIC}/webhook/mine`;
		const hints = await hintsOf(automatic({}, { additionalFields: { callbackUrl: own } }));
		assert.match(hints, /'Callback URL' is given/);
		assert.ok(stage.emulator.callbacks.list().every(({ url }) => url === own));
	});

	for (const waitUsing of ['auto', 'callback']) {
		it(`it never sleeps as the tool of an agent, also with Wait Using "${waitUsing}"`, async () => {
			const model = await startChatModel({
				tool: 'Make_a_Video',
				input: { image_urls: stage.emulator.imageUrl('dog.png'), prompt: 'A dog', aspect_ratio: '16:9' },
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
					Chat: [{ json: { sessionId: 'test', action: 'sendMessage', chatInput: 'A video, please' } }],
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
