// A submit with nothing set but an image and a prompt, with each provider: the model is chosen, the video is there.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultSettings } from '../../lab/emulator/settings.mts';
import { openStage, runKling, sharedStage, type Preset } from './stage.mts';

const { retiredModels } = defaultSettings;
const stage = sharedStage(
	async () => await openStage({ front: true, emulator: { retiredModels } }),
);

const MODELS: Record<Preset, string> = {
	klingGlobal: 'kling-v3-omni',
	klingChina: 'kling-v3-omni',
	hingnet: 'kling-v1-6',
	ezmodel: 'kling-v1-6',
	cometapi: 'kling-v1-6',
};

const bare = () => ({
	images: { image: [{ source: 'url', url: stage.emulator.imageUrl('dog.png') }] },
	prompt: 'The dog runs',
});

describe('A submit with the defaults of the form', { timeout: 300_000 }, () => {
	for (const [provider, model] of Object.entries(MODELS) as Array<[Preset, string]>) {
		it(`with ${provider} uses ${model}, says so, waits, and has the video`, async () => {
			const credential = await stage.preset(provider);
			const { execution, run } = await runKling(stage, bare(), { credential });
			assert.equal(execution.status, 'success', execution.error?.message);
			const [item] = run.items;
			assert.equal(item?.json.task_status, 'succeed');
			assert.equal(item?.json.model, model);
			assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
			const [task] = stage.emulator.tasks.list();
			assert.equal(task?.model, model);
			const hints = run.hints.join('\n');
			assert.match(hints, new RegExp(`\\(${model}\\), the model that 'Automatic' stands for`));
			assert.match(hints, new RegExp(`pin this output, or use Get Task with the ID ${task?.id}`));
			assert.doesNotMatch(hints, /retired/);
			assert.equal(stage.emulator.bill().total, 1);
		});
	}

	it('is the same task as one that names the model, so it is not paid twice', async () => {
		const credential = await stage.preset('klingGlobal');
		const options = { reuse: 'workflow' };
		const model = { __rl: true, mode: 'id', value: 'kling-v3-omni' };
		const items = [{ json: { model: 'auto' } }, { json: { model: 'kling-v3-omni' } }];
		const parameters = {
			...bare(),
			model: { ...model, value: '={{ $json.model }}' },
			duration: '5',
			options,
		};
		const { execution } = await runKling(stage, parameters, { credential, items });
		assert.equal(execution.status, 'success', execution.error?.message);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('says that a model picked by hand is retired, and in a refusal too', async () => {
		const credential = await stage.preset('klingGlobal');
		const picked = { ...bare(), model: { __rl: true, mode: 'id', value: 'kling-v1-6' } };
		const { execution } = await runKling(stage, picked, { credential });
		assert.equal(execution.status, 'error');
		assert.match(execution.error?.description ?? '', /retired on 2026-09-15/);
		stage.emulator.settings.retiredModels = {};
		try {
			const good = await runKling(stage, picked, { credential });
			assert.match(good.run.hints.join('\n'), /kling-v1-6 was retired on 2026-09-15/);
		} finally {
			stage.emulator.settings.retiredModels = retiredModels;
		}
	});
});
