// The editor while a workflow runs: the finished video, a refusal that can be read, recent tasks, the trigger's panel.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Editor } from '../../lab/browser/editor.mts';
import type { Form } from '../../lab/browser/form.mts';
import { takePicture } from '../../lab/browser/pictures.mts';
import type { CredentialReference } from '../../lab/instance/client.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	inLine,
	items,
	kling,
	manualTrigger,
	workflow,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import { binaryImage } from '../e2e/stage.mts';
import { IMAGES_URL, openEditor, PUBLIC_URL, type EditorStage } from './stage.mts';

let stage: EditorStage;
let editor: Editor;
let form: Form;
let credential: CredentialReference;

before(async () => {
	stage = await openEditor();
	({ editor } = stage);
	({ form } = editor);
	credential = await stage.client.createCredential('Kling account', 'klingApi', {
		provider: 'klingGlobal',
		authType: 'apiKey',
		apiKey: stage.emulator.keys.apiKey,
	});
});
after(async () => await stage.close());

const PICTURES = 'Pictures';
/** Seen from the emulator's samples. */
const EXAMPLES = '../../../examples/images';
const savedWorkflow = z.object({
	nodes: z.array(z.object({ parameters: z.record(z.string(), z.unknown()) })),
});

/** Saves Start → Pictures → more, and opens it; the item has two pictures in binary fields. */
async function openWithPictures(...more: WorkflowNode[]): Promise<void> {
	const pictures = {
		fox: { ...(await binaryImage(`${EXAMPLES}/character.png`, 'image/png')), fileName: 'fox.png' },
		jacket: await binaryImage(`${EXAMPLES}/jacket.png`, 'image/png'),
	};
	const nodes = [manualTrigger(), items([{ json: {}, binary: pictures }], PICTURES), ...more];
	const saved = await stage.client.createWorkflow(workflow(nodes, { wires: inLine(...nodes) }));
	await editor.open(saved.id);
}

describe('A run in the editor', { timeout: 300_000 }, () => {
	it('takes images from fields and links, waits, and shows the video', async () => {
		const { page, output, view } = editor;
		await openWithPictures();
		await editor.select(PICTURES);
		await editor.search('kling');
		await editor.pick('Kling AI');
		await editor.pick('Submit video from reference images');
		await view.waitFor();

		await form.openList('model', 'Kling 3.0 Omni');
		await form.pickFromList('Kling 3.0 Omni');
		await form.choose('source', 'Binary Field');
		await form.fill('binaryPropertyName', 'fox,jacket');
		await view.getByText('Add Image').click();
		await form.fill('url', `${IMAGES_URL}/garden.jpg`);
		await form.fill('prompt', '@1 puts on the jacket of @2 and waves at the camera in @3');
		await pictureOfForm();

		await editor.execute();
		// n8n shows why it sleeps while it sleeps; the resumed run has its own output.
		await output.getByText('sleeps').first().waitFor();
		await output.getByText('.mp4').first().waitFor();
		await output.getByRole('button', { name: 'View' }).click();
		const video = output.locator('video');
		await video.waitFor();
		await page.waitForFunction('document.querySelector("video")?.videoWidth > 0');
		await pictureOfRun();
		await output.getByText('Back to list').click();
		await editor.showOutputAs('json');
		await output.getByText('succeed', { exact: false }).first().waitFor();

		const made = stage.emulator.tasks.list().filter(({ model }) => model === 'kling-v3-omni');
		assert.deepEqual(
			made.map(({ images }) => images.length),
			[3],
		);
	});

	it('says in plain words why an item was refused', async () => {
		const parameters = {
			images: { image: [{ source: 'url', url: `${IMAGES_URL}/picture.webp` }] },
			prompt: 'A dog runs over the beach',
		};
		await openWithPictures(kling(parameters, credential));
		await editor.openNode('Kling AI');
		await editor.execute();
		await editor.output.getByText('Image format webp is not supported').first().waitFor();
	});

	it('lists recent tasks in Get Task, with time, status and id', async () => {
		await openWithPictures(
			kling(
				{
					images: { image: [{ source: 'url', url: `${IMAGES_URL}/dog.png` }] },
					prompt: 'A dog runs over the beach',
					afterSubmit: 'return',
				},
				credential,
			),
		);
		await editor.openNode('Kling AI');
		await editor.execute();
		await editor.output.getByText('task_id').first().waitFor();
		const task = stage.emulator.tasks.list().at(-1);
		assert.ok(task);

		await form.choose('operation', 'Get Task');
		const rows = await form.openList('taskId', task.id);
		const row = rows.find((text) => text.includes(task.id)) ?? '';
		assert.match(row, /^\d{4}-\d\d-\d\d \d\d:\d\d · (submitted|processing|succeed) · /);
		await form.pickFromList(task.id);
		await editor.execute();
		await editor.output.getByText('omni-video').first().waitFor();
	});
});

describe('The trigger in the editor', { timeout: 300_000 }, () => {
	it('shows the URL to paste, and keeps the raw body when an option is added', async () => {
		const { page, view } = editor;
		await editor.open();
		await editor.search('kling');
		await editor.pick('Kling AI');
		await editor.pick('On video ready');
		await view.waitFor();
		await view.getByText("Copy the URL under 'Webhook URLs'").waitFor();
		await view.getByText('Webhook URLs', { exact: true }).click();
		await view.getByTestId('radio-button-production').click();
		await view.getByText(new RegExp(`^${PUBLIC_URL}/webhook/[\\w-]+/kling$`)).waitFor();
		await form.add('Add Option', 'Download Video');
		await form.toggle('downloadVideo');
		await view.getByText('When will this node trigger my flow?').click();
		await view.getByText('While you build').waitFor();
		await pictureOfTrigger();

		await editor.closeNode();
		await page.getByText('succeeded', { exact: true }).waitFor();
		const id = await editor.save();
		await eventually('the trigger to be saved', 30_000, async () => {
			const { nodes } = await stage.client.rest.call(savedWorkflow, {
				path: `/rest/workflows/${id}`,
			});
			return isDeepStrictEqual(nodes[0]?.parameters, {
				triggerOn: ['succeed'],
				options: { binaryData: true, downloadVideo: true },
			});
		});
	});
});

/** The whole form at once: the window is as high as it needs. */
async function pictureOfForm(): Promise<void> {
	const { page, view } = editor;
	await page.setViewportSize({ width: 1440, height: 1800 });
	const tab = await view.getByTestId('tab-params').boundingBox();
	const run = await view.getByTestId('node-execute-button').boundingBox();
	const end = await view
		.getByText('Add Option')
		.or(view.getByPlaceholder('Add Option'))
		.last()
		.boundingBox();
	assert.ok(tab && run && end);
	const x = tab.x - 16;
	const y = run.y - 12;
	const width = run.x + run.width + 12 - x;
	await takePicture(page, 'form', { x, y, width, height: end.y + end.height + 24 - y });
	await page.setViewportSize({ width: 1440, height: 1000 });
}

async function pictureOfRun(): Promise<void> {
	const { page, view } = editor;
	await editor.dismissNotices();
	await page.setViewportSize({ width: 1440, height: 820 });
	const box = await view.boundingBox();
	assert.ok(box);
	await takePicture(page, 'run', box);
	await page.setViewportSize({ width: 1440, height: 1000 });
}

async function pictureOfTrigger(): Promise<void> {
	const { page, view } = editor;
	await page.setViewportSize({ width: 1300, height: 720 });
	const box = await view.boundingBox();
	assert.ok(box);
	await takePicture(page, 'trigger', box);
	await page.setViewportSize({ width: 1440, height: 1000 });
}
