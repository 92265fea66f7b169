// Every preset of the credential, in a real n8n that believes to talk to the providers' own addresses.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SAMPLE_IMAGES } from '../../lab/demo/example.mts';
import { type Emulator, startEmulator } from '../../lab/emulator/emulator.mts';
import { type Front, startFront } from '../../lab/front/front.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import { type Client, connect } from '../../lab/instance/client.mts';
import { type N8n, startN8n } from '../../lab/instance/n8n.mts';
import { packNode } from '../../lab/instance/pack.mts';
import { kling, manualTrigger, workflow } from '../../lab/instance/workflows.mts';

const PRESETS = {
	klingGlobal: 'official',
	klingChina: 'official',
	hingnet: 'hingnet',
	ezmodel: 'ezmodel',
	cometapi: 'cometapi',
} as const;

describe('a preset of the credential', { timeout: 600_000 }, () => {
	let emulator: Emulator;
	let front: Front;
	let n8n: N8n;
	let client: Client;
	let picture: string;

	before(async () => {
		picture = (await readFile(join(SAMPLE_IMAGES, 'character.png'))).toString('base64');
		emulator = await startEmulator({ lifetimeMs: 500 });
		front = await startFront({ emulatorUrl: emulator.url });
		const { dir } = await packNode();
		n8n = await startN8n({ packages: [dir], env: front.env, onProgress: console.log });
		client = await connect(n8n.url);
	});

	after(async () => {
		await client?.close();
		await n8n?.close();
		await front?.close();
		await emulator?.close();
	});

	for (const [provider, dialect] of Object.entries(PRESETS)) {
		it(`${provider} is tested, takes a task with its picture, and gives the MP4`, async () => {
			emulator.reset();
			const data = { provider, authType: 'apiKey', apiKey: emulator.keys.apiKey };
			const credential = await client.createCredential(provider, 'klingApi', data);
			const verdict = await client.testCredential(credential, data);
			assert.equal(verdict.status, 'OK', verdict.message);

			const submit = kling(
				{
					resource: 'task',
					operation: 'submit',
					imageInput: 'fields',
					images: { image: [{ source: 'base64', base64: picture }] },
					prompt: 'The fox nods',
					afterSubmit: 'wait',
					options: { pollIntervalSeconds: 1 },
				},
				credential,
				{ name: 'Kling AI' },
			);
			const saved = await client.createWorkflow(workflow([manualTrigger(), submit]));
			const execution = await client.runManually(saved);
			assert.equal(execution.status, 'success', execution.error?.message);
			const [item] = runOf(execution, 'Kling AI').items;
			assert.equal(item?.json.task_status, 'succeed');
			assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
			assert.deepEqual(emulator.bill().perDialect, { [dialect]: 1 });
			assert.ok(emulator.downloads().every(({ carriedKey }) => !carriedKey));
		});
	}

	it('called no other host', () => {
		assert.deepEqual(front.refusedHosts(), []);
	});
});
