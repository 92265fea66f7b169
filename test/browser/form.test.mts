// The editor as a newcomer meets it: finding the node, the credential, and a form that shows what the model takes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { takePicture } from '../../lab/browser/pictures.mts';
import type { Editor } from '../../lab/browser/editor.mts';
import type { Form } from '../../lab/browser/form.mts';
import { openEditor, type EditorStage } from './stage.mts';

let stage: EditorStage;
let editor: Editor;
let form: Form;

before(async () => {
	stage = await openEditor();
	({ editor } = stage);
	({ form } = editor);
});
after(async () => await stage.close());

const SUBMIT = 'Submit video from reference images';

/** An empty workflow with the node in it, opened. */
async function openSubmit(): Promise<void> {
	await editor.open();
	await editor.search('kling');
	await editor.pick('Kling AI');
	await editor.panel.getByText('Actions (3)').click();
	await editor.pick(SUBMIT);
	await editor.view.waitFor();
}

describe('The node panel', { timeout: 300_000 }, () => {
	it('finds the node and its trigger by "kling", with what they do', async () => {
		await editor.open();
		await editor.search('kling');
		await editor.panel.getByText('Make videos from reference images').waitFor();
		await editor.pick('Kling AI');
		await editor.panel.getByText('On video ready').waitFor();
		await editor.panel.getByText('Actions (3)').click();
		await editor.panel.getByText(SUBMIT).waitFor();
		const offered = await editor.panel.getByTestId('item-iterator-item').allInnerTexts();
		const named = offered.map((text) => text.split('\n')[0]?.trim());
		for (const wanted of ['On video ready', SUBMIT, 'Get video task', 'List video tasks']) {
			assert.ok(named.includes(wanted), `${wanted} is not among ${named.join(', ')}`);
		}
	});
});

describe('The credential', { timeout: 300_000 }, () => {
	it('is made and tested in its dialog, and says when the key is wrong', async () => {
		const { page, dialog, view } = editor;
		await openSubmit();
		await view.getByRole('button', { name: 'Connect to Kling' }).click();
		await dialog.waitFor();
		assert.ok((await form.choices('provider')).includes('Kling AI (Global)'));

		await form.fill('apiKey', 'a-wrong-key');
		await page.getByTestId('credential-save-button').click();
		await dialog.getByText('Couldn’t connect with these settings').waitFor();
		await dialog.getByText('More details').click();
		await dialog.getByText('The service did not accept the key').waitFor();

		await form.fill('apiKey', stage.emulator.keys.apiKey);
		await page.getByTestId('credential-save-button').click();
		await dialog.waitFor({ state: 'hidden' });
		await page.getByTestId('credential-edit-button').click();
		await dialog.getByText('Connection tested successfully').waitFor();
		await editor.dismissNotices();
		const box = await dialog.boundingBox();
		assert.ok(box);
		await takePicture(page, 'credential', box);
	});

	it("asks for what a service of one's own needs only when that is chosen", async () => {
		const { page, dialog } = editor;
		await openSubmit();
		await editor.addCredential();
		await dialog.waitFor();
		const before = await form.shown();
		await form.choose('provider', 'Custom');
		await form.input('baseUrl').waitFor();
		const added = (await form.shown()).filter((name) => !before.includes(name));
		assert.deepEqual(added.sort(), ['authScheme', 'baseUrl', 'modelField']);
		await page.keyboard.press('Escape');
	});
});

describe('The form of Submit', { timeout: 300_000 }, () => {
	before(async () => {
		await stage.preset('klingGlobal');
	});

	it('shows, with nothing set, what every model takes, and no notice', async () => {
		await openSubmit();
		assert.match(await form.input('model').getByTestId('rlc-input').inputValue(), /^Automatic/);
		assert.equal(await editor.view.getByText("Kling's partners report").count(), 0);
		assert.deepEqual(await form.shown(), [
			'resource',
			'operation',
			'model',
			'imageInput',
			'source',
			'url',
			'prompt',
			'mode',
			'duration',
			'aspectRatio',
			'afterSubmit',
			'downloadVideo',
		]);
		assert.deepEqual(await form.choices('mode'), ['Standard', 'Professional']);
		assert.deepEqual(await form.choices('duration'), ['5 Seconds', '10 Seconds']);
		const fields = await form.addable('Add Field');
		for (const label of ['Negative Prompt', 'Sound']) assert.ok(!fields.includes(label), label);
	});

	it('shows what kling-v1-6 takes, and what partners report about it, to who picks it', async () => {
		await openSubmit();
		await form.openList('model', 'kling-v1-6');
		await form.pickFromList('Kling 1.6');
		await editor.view.getByText("Kling's partners report").waitFor();
		assert.deepEqual(await form.choices('duration'), ['5 Seconds', '10 Seconds']);
		const fields = await form.addable('Add Field');
		assert.ok(fields.includes('Negative Prompt'));
		assert.ok(!fields.includes('Sound'));
	});

	it('follows a model picked from the list: seconds, 4K, sound and names of images', async () => {
		await openSubmit();
		const models = await form.openList('model', 'kling-video-o1');
		assert.equal(models.length, 4);
		assert.match(models[0] ?? '', /^Automatic \(now kling-v3-omni\)/);
		assert.match(models[3] ?? '', /kling-v1-6.*retired on 2026-09-15/);
		await form.pickFromList('Kling 3.0 Omni');
		await editor.view.getByText('Refer to the images as @1').waitFor();
		assert.equal(await editor.view.getByText("Kling's partners report").count(), 0);
		assert.deepEqual(await form.choices('mode'), ['Standard', 'Professional', '4K']);
		await form.fill('duration', '7');
		assert.deepEqual(await form.choices('role'), ['Reference', 'First Frame', 'Last Frame']);
		await form.choose('shots', 'Custom');
		await editor.view.getByText('Add Shot').waitFor();
		await form.input('seconds').waitFor();
		assert.equal(await editor.view.getByText('Refer to the images as @1').count(), 0);
		await form.choose('shots', 'One Shot');
		const fields = await form.addable('Add Field');
		assert.ok(fields.includes('Sound'));
		assert.ok(!fields.includes('Negative Prompt'));
	});

	it('follows a model given by its name', async () => {
		await openSubmit();
		await form.typeInto('model', 'id', 'kling-video-o1');
		await editor.view.getByText('Refer to the images as @1').waitFor();
		assert.deepEqual(await form.choices('mode'), ['Standard', 'Professional']);
		assert.ok(!(await form.shown()).includes('shots'));
		assert.ok((await form.shown()).includes('role'));
		assert.ok(!(await form.addable('Add Field')).includes('Sound'));
	});

	it("offers what belongs to a wait only with a wait, and the file's field only with a file", async () => {
		await openSubmit();
		const FILE_FIELD = 'Put Output File in Field';
		const waiting = await form.addable('Add Option');
		for (const label of ['On Timeout', 'Wait Using', FILE_FIELD]) {
			assert.ok(waiting.includes(label), label);
		}
		await form.toggle('downloadVideo');
		assert.ok(!(await form.addable('Add Option')).includes(FILE_FIELD));
		await form.choose('afterSubmit', 'Return the Task');
		assert.ok(!(await form.shown()).includes('downloadVideo'));
		const bare = await form.addable('Add Option');
		for (const label of ['On Timeout', 'Wait Using', FILE_FIELD]) {
			assert.ok(!bare.includes(label), label);
		}
	});
});
