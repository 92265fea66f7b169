// What cannot work is refused before it costs anything, by item, in words that say what to change.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GivenItem } from '../../lab/instance/workflows.mts';
import {
	BAD,
	binaryImage,
	GOOD,
	openStage,
	runKling,
	sharedStage,
	submitParameters,
} from './stage.mts';

const stage = sharedStage(openStage);

/** A submit that must be refused by the node itself. */
interface LocalCase {
	name: string;
	parameters: Record<string, unknown>;
	item?: () => Promise<GivenItem>;
	says: RegExp;
}

const withBinary = (name: string, mimeType: string) => async (): Promise<GivenItem> => ({
	json: {},
	binary: { data: await binaryImage(name, mimeType) },
});
const fromBinary = { images: { image: [{ source: 'binary', binaryPropertyName: 'data' }] } };
const url = 'https://example.com/a.jpg';

const local: LocalCase[] = [
	{ name: 'an empty prompt', parameters: { prompt: '={{ "" }}' }, says: /'Prompt' is empty/ },
	{
		name: 'a prompt of 2501 characters',
		parameters: { prompt: '🐕'.repeat(2501) },
		says: /'Prompt' has 2501 characters; at most 2500 are allowed/,
	},
	{
		name: 'five images',
		parameters: { images: { image: Array.from({ length: 5 }, () => ({ source: 'url', url })) } },
		says: /5 images.*1 to 4/,
	},
	{
		name: 'no image',
		parameters: { imageInput: 'json', imagesJson: '[]' },
		says: /No image/i,
	},
	{
		name: 'a binary field that is not there',
		parameters: { images: { image: [{ source: 'binary', binaryPropertyName: 'missing' }] } },
		says: /'missing'/,
	},
	{
		name: 'an image with too few pixels',
		parameters: fromBinary,
		item: withBinary('images/too-small.png', 'image/png'),
		says: /Image 1.*at least 300/,
	},
	{
		name: 'an image that is too wide',
		parameters: fromBinary,
		item: withBinary('images/too-wide.png', 'image/png'),
		says: /Image 1.*2\.5/,
	},
	{
		name: 'a webp that says it is a JPEG',
		parameters: fromBinary,
		item: withBinary('images/picture.webp', 'image/jpeg'),
		says: /Image 1.*web ?p/i,
	},
	{
		name: 'Base64 that is no image',
		parameters: {
			images: { image: [{ source: 'base64', base64: Buffer.from('<html>').toString('base64') }] },
		},
		says: /Image 1/,
	},
	{
		name: 'a URL without http',
		parameters: { images: { image: [{ source: 'url', url: 'ftp://example.com/a.jpg' }] } },
		says: /Image 1/,
	},
];

describe('A submit that cannot work', () => {
	for (const { name, parameters, item, says } of local) {
		it(`is refused locally, by item and field: ${name}`, async () => {
			const credential = await stage.credential();
			const given = (await item?.()) ?? { json: {} };
			const items = [given, given];
			const { execution } = await runKling(stage, submitParameters(stage.emulator, parameters), {
				credential,
				items,
			});
			assert.equal(execution.status, 'error');
			assert.match(execution.error?.message ?? '', says);
			assert.match(execution.error?.message ?? '', /\[item \d\]/);
			assert.equal(stage.emulator.bill().total, 0);
			assert.equal(stage.emulator.counters().create, 0);
		});
	}

	it('leaves the other items alone when On Error continues, and goes to the error branch', async () => {
		const credential = await stage.credential();
		const items = [
			{ json: { prompt: 'A dog' } },
			{ json: { prompt: '' } },
			{ json: { prompt: 'A cat' } },
		];
		const parameters = submitParameters(stage.emulator, { prompt: '={{ $json.prompt }}' });
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			stage.emulator.reset();
			const { execution, run } = await runKling(stage, parameters, { credential, items, onError });
			assert.equal(execution.status, 'success', execution.error?.message);
			assert.equal(stage.emulator.bill().total, 2);
			if (onError === 'continueRegularOutput') {
				assert.equal(run.items.length, 3);
				assert.match(String(run.items[1]?.json.error), /'Prompt' is empty/);
			} else {
				assert.equal(execution.nodes[GOOD]?.[0]?.items.length, 2);
				const bad = execution.nodes[BAD]?.[0]?.items ?? [];
				assert.equal(bad.length, 1);
				assert.match(String(bad[0]?.json.error), /'Prompt' is empty/);
			}
		}
	});

	it('stops before the first send when one of several items is unfit and On Error is Stop', async () => {
		const credential = await stage.credential();
		const items = [{ json: { prompt: 'A dog' } }, { json: { prompt: '' } }];
		const parameters = submitParameters(stage.emulator, { prompt: '={{ $json.prompt }}' });
		const { execution } = await runKling(stage, parameters, { credential, items });
		assert.equal(execution.status, 'error');
		assert.match(execution.error?.message ?? '', /\[item 1\]$/);
		assert.equal(stage.emulator.bill().total, 0);
	});
});

describe('The service', () => {
	it('refuses a wrong key: the message says so and never shows the key', async () => {
		const apiKey = 'api-key-kling-not-the-right-one';
		const credential = await stage.credential('official', { apiKey });
		const { execution } = await runKling(stage, submitParameters(stage.emulator), { credential });
		assert.equal(execution.status, 'error');
		assert.match(execution.error?.message ?? '', /key|authoriz/i);
		assert.ok(!JSON.stringify(execution).includes(apiKey));
		assert.ok(!stage.n8n.logs().includes(apiKey));
		assert.equal(stage.emulator.bill().total, 0);
	});

	it('cannot be reached: the message says that nothing was sent', async () => {
		const credential = await stage.credential('official', { baseUrl: 'http://127.0.0.1:9' });
		const { execution } = await runKling(
			stage,
			submitParameters(stage.emulator),
			{ credential },
			120_000,
		);
		assert.equal(execution.status, 'error');
		const words = `${execution.error?.message} ${execution.error?.description}`;
		assert.match(words, /reach|connect/i);
	});

	it('knows no such task: the message names the id', async () => {
		const credential = await stage.credential();
		const { execution } = await runKling(
			stage,
			{
				resource: 'task',
				operation: 'get',
				taskId: { __rl: true, mode: 'id', value: '1234567890' },
			},
			{ credential },
		);
		assert.equal(execution.status, 'error');
		const words = `${execution.error?.message} ${execution.error?.description}`;
		assert.match(words, /1234567890/);
	});

	it('cannot open one of the links: the item says which, and which option helps', async () => {
		const credential = await stage.credential();
		const row = (name: string) => ({ source: 'url', url: stage.emulator.imageUrl(name) });
		const base64 = (await binaryImage('images/ball.png', 'image/png')).data;
		const one = submitParameters(stage.emulator, {
			images: { image: [{ source: 'base64', base64 }, row('nothing-here.png')] },
		});
		const { execution } = await runKling(stage, one, { credential });
		assert.match(execution.error?.message ?? '', /Failed to download image/);
		assert.match(
			execution.error?.description ?? '',
			/It is about Image 2 \(.*nothing-here\.png\)\. .*'Download Images First'/,
		);

		const two = submitParameters(stage.emulator, {
			images: { image: [row('dog.png'), row('nothing-here.png')] },
		});
		const second = await runKling(stage, two, { credential });
		assert.match(
			second.execution.error?.description ?? '',
			/It is about one of these: Image 1 \(.*\); Image 2 \(/,
		);
		assert.equal(stage.emulator.bill().total, 0);
	});

	it('ends a waited-for task as failed: the item ends with the reason and the task id', async () => {
		const credential = await stage.credential();
		const parameters = submitParameters(stage.emulator, {
			prompt: 'A dog [fail: Failure to pass the risk control system] [lifetime 1s]',
			afterSubmit: 'wait',
			options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
		});
		const { execution } = await runKling(stage, parameters, { credential });
		const [task] = stage.emulator.tasks.list();
		assert.equal(execution.status, 'error');
		assert.match(execution.error?.message ?? '', /risk control/);
		assert.match(execution.error?.message ?? '', new RegExp(task?.id ?? 'no task'));
	});

	for (const kind of ['html', 'empty'] as const) {
		it(`answers a Get with ${kind === 'html' ? 'a web page' : 'nothing'}: the item ends with what to check`, async () => {
			const credential = await stage.credential();
			stage.emulator.faults.add({ kind, on: { call: 'get' } });
			const { execution } = await runKling(
				stage,
				{
					resource: 'task',
					operation: 'get',
					taskId: { __rl: true, mode: 'id', value: '1234567890' },
				},
				{ credential },
				120_000,
			);
			assert.equal(execution.status, 'error');
			assert.match(
				`${execution.error?.message} ${execution.error?.description}`,
				/Base URL|reply|answer/i,
			);
		});
	}
});
