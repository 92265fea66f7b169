// The node as a tool of an AI agent, with its own default: what the agent is told, at once and when a wait runs out.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startChatModel } from '../../lab/demo/chatModel.mts';
import { nodeNamed, readExample, withCredentials } from '../../lab/demo/example.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { openStage, sharedStage } from './stage.mts';

const stage = sharedStage(async () => await openStage({ emulator: { lifetimeMs: 60 * 60_000 } }));

/** The versions of the agent: the newest one runs its tools in another way. */
const AGENTS = [2.2, 3.1];

/** What the agent says after its tool was called once; it repeats what the tool told it. */
async function answerOf(version: number, changes: Record<string, unknown>): Promise<string> {
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
		const openAi = await stage.client.createCredential('Chat', 'openAiApi', {
			apiKey: 'sk-loopback',
			url: model.url,
		});
		const agent = withCredentials(await readExample('5-ai-agent.json'), [kling, openAi]);
		nodeNamed(agent, 'Agent').typeVersion = version;
		const tool = nodeNamed(agent, 'Make a Video');
		const { afterSubmit: _, ...parameters } = tool.parameters;
		tool.parameters = { ...parameters, ...changes };
		agent.pinData = {
			Chat: [{ json: { sessionId: 'test', action: 'sendMessage', chatInput: 'A video, please' } }],
		};
		const execution = await stage.client.runManually(
			await stage.client.createWorkflow(agent),
			120_000,
		);
		assert.equal(execution.status, 'success', execution.error?.message);
		return String(runOf(execution, 'Agent').items[0]?.json.output);
	} finally {
		await model.close();
	}
}

describe('As a tool of an AI agent', { timeout: 600_000 }, () => {
	for (const version of AGENTS) {
		it(`(agent ${version}) the node returns the task at once where nothing is said about waiting`, async () => {
			const answer = await answerOf(version, {});
			const [task] = stage.emulator.tasks.list();
			assert.match(answer, /submitted/);
			assert.ok(answer.includes(task?.id ?? 'no task'), answer);
			assert.equal(stage.emulator.counters().get, 0);
			assert.equal(stage.emulator.bill().total, 1);
		});

		for (const onTimeout of ['error', 'return']) {
			it(`(agent ${version}, On Timeout "${onTimeout}") a wait that runs out tells the ID and the advice to use Get Task`, async (t) => {
				const answer = await answerOf(version, {
					afterSubmit: 'wait',
					options: { maxWaitMinutes: 0.05, pollIntervalSeconds: 1, onTimeout },
				});
				t.diagnostic(answer);
				const [task] = stage.emulator.tasks.list();
				assert.ok(answer.includes(task?.id ?? 'no task'), answer);
				assert.match(answer, /Get Task/);
				assert.match(answer, /not submit (it )?again/i);
				assert.equal(stage.emulator.bill().total, 1);
			});
		}
	}
});
