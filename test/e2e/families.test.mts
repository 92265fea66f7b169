// Both model families in a real n8n: the same operations serve multi-image and omni, by picking another model.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { request } from 'undici';
import type { Item, NodeRun } from '../../lab/instance/api/execution.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import type { CredentialReference } from '../../lab/instance/client.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import {
	KLING,
	klingWorkflow,
	openStage,
	runKling,
	submitParameters,
	type RunSettings,
	type Stage,
} from './stage.mts';

const MULTI_IMAGE = 'kling-v1-6';
const O1 = 'kling-video-o1';
const V3 = 'kling-v3-omni';
const PATIENCE_MS = 120_000;
/** A public host that the emulator plays, so that no remark about private addresses is made. */
const PICTURES = 'https://pictures.example.com';

let stage: Stage;
let credential: CredentialReference;

before(async () => {
	stage = await openStage({ front: true });
	stage.emulator.settings.rewriteOrigins = { [PICTURES]: stage.emulator.url };
	credential = await stage.credential();
});
after(async () => {
	await stage.close();
});
beforeEach(() => {
	stage.emulator.reset();
	stage.emulator.settings.retiredModels = {};
});

const NAMES = ['dog.png', 'jacket.jpg', 'ball.png', 'garden.jpg', 'narrowest.png', 'dog.png', 'ball.png'];

/** As many links to pictures, as JSON. */
const pictures = (count: number) =>
	JSON.stringify(Array.from({ length: count }, (_, n) => `${PICTURES}/images/${NAMES[n % NAMES.length]}`));

/** The model as the form keeps it when a name was typed. */
const typed = (model: string) => ({ __rl: true, mode: 'id', value: model });

const picture = (model: string, count = 1, changes: Record<string, unknown> = {}) =>
	submitParameters(stage.emulator, {
		model: typed(model),
		imageInput: 'json',
		imagesJson: pictures(count),
		prompt: 'A dog runs over the beach',
		...changes,
	});

const polling = { afterSubmit: 'wait', options: { waitUsing: 'poll', pollIntervalSeconds: 1, downloadVideo: true } };

const run = async (parameters: Record<string, unknown>, settings: Partial<RunSettings> = {}) =>
	await runKling(stage, parameters, { credential, ...settings }, PATIENCE_MS);

async function good(parameters: Record<string, unknown>, settings?: Partial<RunSettings>): Promise<NodeRun> {
	const { execution, run: ended } = await run(parameters, settings);
	assert.equal(execution.status, 'success', `${execution.error?.message} ${execution.error?.description}`);
	return ended;
}

/** The words with which a run ended badly. */
async function refusal(parameters: Record<string, unknown>, settings?: Partial<RunSettings>): Promise<string> {
	const { execution } = await run(parameters, settings);
	assert.equal(execution.status, 'error');
	return `${execution.error?.message} ${execution.error?.description}`;
}

async function file(item: Item | undefined) {
	assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
	return videoFacts(await stage.client.downloadBinary(String(item?.binary?.data?.id)));
}

const newest = () => stage.emulator.tasks.list().at(-1);

/** How often the service was asked for single tasks. */
const questions = () => stage.emulator.calls().filter(({ kind }) => kind === 'get').length;

describe('A submit', { timeout: 900_000 }, () => {
	it(`with ${V3} takes seven images, 15 seconds, 4K and sound, and stores the video`, async () => {
		const prompt = '@1 and @2 play with @3 in @4; @5 looks at @6, then <<<image_7>>> rolls by. Mail me@1.example';
		const parameters = picture(V3, 7, {
			...polling,
			prompt,
			mode: '4k',
			duration: 15,
			aspectRatio: '9:16',
			additionalFields: { sound: 'on' },
		});
		const { items, hints } = await good(parameters);

		const task = newest();
		assert.equal(task?.family, 'omni-video');
		assert.equal(task?.model, V3);
		assert.equal(task?.images.length, 7);
		assert.equal(
			task?.request.prompt,
			'<<<image_1>>> and <<<image_2>>> play with <<<image_3>>> in <<<image_4>>>; ' +
				'<<<image_5>>> looks at <<<image_6>>>, then <<<image_7>>> rolls by. Mail me@1.example',
		);
		assert.equal(task?.request.mode, '4k');
		assert.equal(task?.request.duration, '15');
		assert.equal(task?.request.sound, 'on');
		assert.equal(task?.request.aspect_ratio, '9:16');
		assert.equal(items[0]?.json.task_id, task?.id);
		assert.equal(items[0]?.json.task_status, 'succeed');
		assert.equal(items[0]?.json.model, V3);
		assert.equal(items[0]?.json.endpoint, 'omni-video');
		const facts = await file(items[0]);
		assert.ok(Math.abs(facts.durationSeconds - 15) < 0.5, `it lasts ${facts.durationSeconds} s`);
		assert.ok(Math.abs(facts.width / facts.height - 9 / 16) < 0.02);
		assert.ok(!hints.some((hint) => hint.includes('never names')), hints.join('\n'));
		assert.equal(stage.emulator.bill().total, 1);
	});

	it(`with ${O1} takes 3 seconds and stores the video`, async () => {
		const { items } = await good(picture(O1, 2, { ...polling, prompt: '@1 wears @2', duration: 3 }));
		const task = newest();
		assert.equal(task?.family, 'omni-video');
		assert.equal(task?.request.duration, '3');
		assert.equal('sound' in (task?.request ?? {}), false);
		assert.equal(items[0]?.json.model, O1);
		assert.equal(items[0]?.json.endpoint, 'omni-video');
		const facts = await file(items[0]);
		assert.ok(Math.abs(facts.durationSeconds - 3) < 0.5, `it lasts ${facts.durationSeconds} s`);
	});

	it('tells which images the prompt never names, and pays all the same', async () => {
		const { hints } = await good(picture(V3, 4, { prompt: 'First @2, then <<<image_4>>>' }));
		const [hint] = hints.filter((each) => each.includes('never names'));
		assert.match(hint ?? hints.join('\n'), /@1, @3\b/);
		assert.equal(stage.emulator.bill().total, 1);
		const multiImage = await good(picture(MULTI_IMAGE, 4));
		assert.ok(!multiImage.hints.some((each) => each.includes('never names')));
	});

	it('tells it also when no image is on a public address', async () => {
		const urls = NAMES.map((name) => stage.emulator.imageUrl(name));
		const { hints } = await good(picture(V3, 7, { imagesJson: JSON.stringify(urls) }));
		assert.ok(hints.some((each) => each.includes('never names')), hints.join('\n'));
	});

	it('leaves an @1 alone for a model that knows no references', async () => {
		await good(picture(MULTI_IMAGE, 2, { prompt: '@1 wears the jacket' }));
		assert.equal(newest()?.request.prompt, '@1 wears the jacket');
		assert.equal(newest()?.family, 'multi-image2video');
	});

	it('carries items of both families in one run, each to its endpoint', async () => {
		const models = [V3, MULTI_IMAGE, O1, MULTI_IMAGE];
		const items = models.map((model, n) => ({ json: { model, prompt: `Scene ${n}` } }));
		const parameters = picture('', 1, {
			...polling,
			model: typed('={{ $json.model }}'),
			prompt: '={{ $json.prompt }}',
		});
		const { items: got } = await good(parameters, { items });
		assert.deepEqual(
			got.map(({ json, pairedItem }) => [json.model, json.endpoint, json.task_status, pairedItem]),
			models.map((model, item) => [
				model,
				model === MULTI_IMAGE ? 'multi-image2video' : 'omni-video',
				'succeed',
				{ item },
			]),
		);
		assert.equal(new Set(got.map(({ json }) => json.task_id)).size, 4);
		assert.equal(stage.emulator.bill().total, 4);
	});

	for (const [what, model, count, changes, words] of [
		['eight images', V3, 8, {}, /8 images.*1 to 7/],
		['five images with the older model', MULTI_IMAGE, 5, {}, /5 images.*1 to 4/],
		[`15 seconds with ${O1}`, O1, 1, { duration: 15 }, /Duration.*3 to 10/],
		[`7 seconds with ${MULTI_IMAGE}`, MULTI_IMAGE, 1, { duration: '7' }, /Duration.*5 or 10/],
		[`4K with ${O1}`, O1, 1, { mode: '4k' }, /Mode.*std or pro/],
		['an image that is not there', V3, 2, { prompt: '@1 meets @3' }, /names image 3.*2 images/],
		['a raw reference that is not there', O1, 1, { prompt: '<<<image_2>>>' }, /names image 2.*1 image/],
	] as const) {
		it(`with ${what} is refused before anything is sent`, async () => {
			const said = await refusal(picture(model, count, changes));
			assert.match(said, words);
			assert.deepEqual(stage.emulator.calls(), []);
		});
	}

	it('with a negative prompt is refused where an expression picks an omni model, and sent nowhere', async () => {
		const parameters = picture('', 1, {
			model: typed('={{ $json.model }}'),
			additionalFields: { negativePrompt: 'rain' },
		});
		const said = await refusal(parameters, { items: [{ json: { model: V3 } }] });
		assert.match(said, /Negative Prompt.*say in the prompt what to avoid/);
		assert.deepEqual(stage.emulator.calls(), []);
	});

	it('leaves out what an earlier choice of model left in the hidden fields', async () => {
		const leftOver = { negativePrompt: 'rain', sound: 'on' };
		await good(picture(O1, 1, { additionalFields: leftOver }));
		assert.equal('negative_prompt' in (newest()?.request ?? {}), false);
		assert.equal('sound' in (newest()?.request ?? {}), false);
		await good(picture(MULTI_IMAGE, 1, { additionalFields: leftOver }));
		assert.equal(newest()?.request.negative_prompt, 'rain');
		assert.equal('sound' in (newest()?.request ?? {}), false);
	});

	it(`with ${V3} sleeps until the service calls`, async () => {
		stage.emulator.settings.lifetimeMs = 60 * 60_000;
		try {
			const parameters = picture(V3, 2, {
				prompt: '@1 wears @2',
				afterSubmit: 'wait',
				options: { waitUsing: 'callback', downloadVideo: true },
			});
			const saved = await stage.client.createWorkflow(klingWorkflow(parameters, { credential }));
			const id = await stage.client.startManually(saved);
			await stage.client.waitForExecution(id, ['waiting', 'error', 'success'], PATIENCE_MS);
			const task = newest();
			assert.match(String(task?.callbackUrl), /\/webhook-waiting\//);
			stage.emulator.tasks.succeed(task?.id ?? '');
			const execution = await stage.client.waitForExecution(id, undefined, PATIENCE_MS);
			assert.equal(execution.status, 'success', execution.error?.message);
			const [item] = runOf(execution, KLING).items;
			assert.equal(item?.json.task_id, task?.id);
			assert.equal(item?.json.model, V3);
			assert.equal(item?.json.endpoint, 'omni-video');
			await file(item);
			assert.equal(stage.emulator.bill().total, 1);
		} finally {
			stage.emulator.settings.lifetimeMs = 1_500;
		}
	});

	it('that n8n repeats pays for no item of either family twice', async () => {
		stage.emulator.faults.add({ kind: 'code', code: 1301, on: { call: 'create', nth: 4 } });
		const items = [V3, MULTI_IMAGE, O1, V3].map((model, n) => ({ json: { model, prompt: `Scene ${n}` } }));
		const parameters = picture('', 1, {
			model: typed('={{ $json.model }}'),
			prompt: '={{ $json.prompt }}',
			options: { maxConcurrent: 1 },
		});
		const { items: got } = await good(parameters, {
			items,
			retryOnFail: true,
			maxTries: 2,
			waitBetweenTries: 100,
		});
		assert.deepEqual(
			got.map(({ json }) => json.task_id),
			stage.emulator.tasks.list().map(({ id }) => id),
		);
		assert.equal(stage.emulator.counters().create, 5);
		assert.equal(stage.emulator.bill().total, 4);
	});

	it('is reused by a later execution, but not by one with another model', async () => {
		const reuse = { options: { reuse: 'workflow' } };
		const saved = await stage.client.createWorkflow(
			klingWorkflow(picture('', 1, { model: typed('={{ $json.model }}'), ...reuse }), { credential }),
		);
		const idWith = async (model: string) => {
			const workflow = klingWorkflow(picture('', 1, { model: typed('={{ $json.model }}'), ...reuse }), {
				credential,
				items: [{ json: { model } }],
			});
			// The same nodes again: the key holds the node's id.
			workflow.nodes = workflow.nodes.map((node, n) => ({ ...node, id: saved.nodes[n]?.id ?? node.id }));
			const execution = await stage.client.runManually(await stage.client.updateWorkflow(saved, workflow));
			assert.equal(execution.status, 'success', execution.error?.message);
			return runOf(execution, KLING).items[0]?.json.task_id;
		};
		const first = await idWith(V3);
		assert.equal(await idWith(V3), first);
		assert.notEqual(await idWith(MULTI_IMAGE), first);
		assert.equal(stage.emulator.bill().total, 2);
	});
});

describe('Get Task', { timeout: 300_000 }, () => {
	const get = (taskId: unknown, mode = 'id', options = {}) => ({
		resource: 'task',
		operation: 'get',
		taskId: { __rl: true, mode, value: taskId },
		options,
	});

	it('finds a task of the other endpoint by itself, with the option, and by the item that Submit gave', async () => {
		const submitted = await good(picture(V3));
		const [item] = submitted.items;
		const id = item?.json.task_id;
		for (const [asked, parameters, items] of [
			[2, get(id), undefined],
			[1, get(id, 'id', { family: 'omni' }), undefined],
			[1, get('={{ $json.task_id }}'), [{ json: item?.json ?? {} }]],
		] as const) {
			const before = questions();
			const { items: got } = await good(parameters, items && { items: [...items] });
			assert.equal(got[0]?.json.task_id, id);
			assert.equal(got[0]?.json.endpoint, 'omni-video');
			assert.equal(questions() - before, asked);
		}
	});

	it('looks at the other endpoint too when the option names the wrong one', async () => {
		const { items } = await good(picture(MULTI_IMAGE));
		const { items: got } = await good(get(items[0]?.json.task_id, 'id', { family: 'omni' }));
		assert.equal(got[0]?.json.endpoint, 'multi-image2video');
	});

	it('finds an omni task by its external id, waits for it and downloads the video', async () => {
		await good(picture(O1, 1, { additionalFields: { externalTaskId: 'order-4711' } }));
		const options = { waitUntilFinished: true, pollIntervalSeconds: 1, downloadVideo: true };
		const { items } = await good(get('order-4711', 'externalId', options));
		assert.equal(items[0]?.json.task_id, newest()?.id);
		assert.equal(items[0]?.json.task_status, 'succeed');
		await file(items[0]);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('says that neither endpoint knows a task', async () => {
		const said = await refusal(get('1234567890'));
		assert.match(said, /knows no task 1234567890/);
		assert.equal(questions(), 2);
	});
});

describe('List Tasks', { timeout: 300_000 }, () => {
	it('shows both families, or the one that is asked for, and the picker offers both', async () => {
		const models = [MULTI_IMAGE, V3, O1];
		for (const model of models) await good(picture(model));
		const list = async (family?: string) => {
			const { items } = await good({ resource: 'task', operation: 'list', filters: family ? { family } : {} });
			return items.map(({ json }) => json.endpoint);
		};
		assert.deepEqual(await list(), ['omni-video', 'omni-video', 'multi-image2video']);
		assert.deepEqual(await list('omni'), ['omni-video', 'omni-video']);
		assert.deepEqual(await list('multiImage'), ['multi-image2video']);

		const { results } = await stage.client.listSearch({
			node: 'n8n-nodes-kling-video.kling',
			method: 'searchTasks',
			path: 'parameters.taskId',
			parameters: { resource: 'task', operation: 'get' },
			credential,
		});
		const ids = stage.emulator.tasks.list().map(({ id }) => id);
		assert.deepEqual(results.map(({ value }) => value).sort(), ids.sort());
	});
});

describe('The model picker', () => {
	const offered = async (of?: CredentialReference, filter?: string) =>
		(
			await stage.client.listSearch({
				node: 'n8n-nodes-kling-video.kling',
				method: 'searchModels',
				path: 'parameters.model',
				parameters: { resource: 'task', operation: 'submit' },
				credential: of,
				filter,
			})
		).results;

	it('lists the known models with their families, and finds by what is typed', async () => {
		const all = await offered(credential);
		assert.deepEqual(all.map(({ value }) => value), [MULTI_IMAGE, V3, O1]);
		assert.match(String(all[0]?.name), /Multi-Image/);
		assert.match(String(all[1]?.name), /Omni/);
		assert.deepEqual((await offered(credential, 'O1')).map(({ value }) => value), [O1]);
	});

	it('works before a credential is picked', async () => {
		assert.equal((await offered()).length, 3);
	});

	it("marks the model that Kling itself is reported to have retired, with Kling's own providers only", async () => {
		const nameWith = async (of: CredentialReference) =>
			String((await offered(of)).find(({ value }) => value === MULTI_IMAGE)?.name);
		assert.match(await nameWith(await stage.preset('klingGlobal')), /retired on 2026-09-15/);
		assert.doesNotMatch(await nameWith(await stage.preset('ezmodel')), /retired/);
		assert.doesNotMatch(await nameWith(credential), /retired/);
	});
});

describe('A model that Kling retired', { timeout: 300_000 }, () => {
	const isWarned = ({ hints }: NodeRun) => hints.some((hint) => /retired on 2026-09-15/.test(hint));

	it("is named in a remark with Kling's own provider, and with no gateway", async () => {
		const official = await stage.preset('klingGlobal');
		assert.ok(isWarned(await good(picture(MULTI_IMAGE), { credential: official })));
		assert.ok(!isWarned(await good(picture(V3), { credential: official })));
		for (const gateway of ['hingnet', 'ezmodel'] as const) {
			const other = await stage.preset(gateway);
			assert.ok(!isWarned(await good(picture(MULTI_IMAGE), { credential: other })), gateway);
		}
	});

	for (const code of [1203, 1201, 1103] as const) {
		it(`is refused with ${code}: the message says so and what to pick instead, and nothing is billed`, async () => {
			stage.emulator.settings.retiredModels = { official: [MULTI_IMAGE] };
			stage.emulator.settings.unknownModelCode = code;
			const official = await stage.preset('klingGlobal');
			const said = await refusal(picture(MULTI_IMAGE), { credential: official });
			assert.match(said, new RegExp(`${code}`));
			assert.match(said, /retired on 2026-09-15/);
			assert.match(said, new RegExp(V3));
			assert.match(said, new RegExp(O1));
			assert.equal(stage.emulator.counters().create, 1);
			assert.equal(stage.emulator.bill().total, 0);
			// The same workflow with another model.
			await good(picture(V3), { credential: official });
			assert.equal(stage.emulator.bill().total, 1);
		});
	}

	it('is no reason that another refusal is given', async () => {
		const official = await stage.preset('klingGlobal');
		const said = await refusal(picture(MULTI_IMAGE, 1, { prompt: 'A dog [refuse 1301]' }), {
			credential: official,
		});
		assert.doesNotMatch(said, /retired/);
	});
});

describe('An external id', { timeout: 300_000 }, () => {
	it('that a task of the other family has is said to be taken, and nothing is paid for', async () => {
		const additionalFields = { externalTaskId: 'order-4712' };
		await good(picture(MULTI_IMAGE, 1, { additionalFields }));
		const said = await refusal(picture(V3, 1, { additionalFields }));
		assert.match(said, /order-4712 exists already/);
		assert.equal(stage.emulator.bill().total, 1);
	});

	it('may not stand for two models in one run', async () => {
		const items = [{ json: { model: MULTI_IMAGE } }, { json: { model: V3 } }];
		const parameters = picture('', 1, {
			model: typed('={{ $json.model }}'),
			additionalFields: { externalTaskId: 'order-4713' },
		});
		assert.match(await refusal(parameters, { items }), /order-4713 is used for different requests/);
		assert.equal(stage.emulator.counters().create, 0);
	});
});

it('n8n offers the output fields before the first run', async () => {
	for (const operation of ['submit', 'get', 'list']) {
		const path = `schemas/n8n-nodes-kling-video.kling/1.0.0/task/${operation}.json`;
		const { statusCode, body } = await request(`${stage.n8n.url}/${path}`);
		assert.equal(statusCode, 200, path);
		const schema = (await body.json()) as { properties?: Record<string, unknown> };
		assert.ok(schema.properties?.task_id !== undefined);
	}
});
