// What the browser suites stand on: a real n8n under a public address, the emulated service behind it, a logged-in editor.
import { openBrowser } from '../../lab/browser/browser.mts';
import { editorOf, type Editor } from '../../lab/browser/editor.mts';
import { PICTURE_SCALE } from '../../lab/browser/pictures.mts';
import { defaultSettings } from '../../lab/emulator/settings.mts';
import { openStage, type Stage } from '../e2e/stage.mts';

export interface EditorStage extends Stage {
	editor: Editor;
}

/** Where this n8n says that it is reached; the emulator finds it on loopback. */
export const PUBLIC_URL = 'https://n8n.example.com';
/** Where the sample images seem to be. */
export const IMAGES_URL = 'https://images.example.com/images';

/** About half a minute. */
export async function openEditor(): Promise<EditorStage> {
	// First what may be missing on this machine: a test that cannot start leaves nothing running.
	const browser = await openBrowser(PICTURE_SCALE);
	const stage = await openStage({
		front: true,
		// Long enough that a wait by callback is a wait, short enough to watch it. Models are sold as they are today.
		emulator: { lifetimeMs: 8_000, retiredModels: defaultSettings.retiredModels },
		env: { WEBHOOK_URL: `${PUBLIC_URL}/`, N8N_WEBHOOK_URL: `${PUBLIC_URL}/` },
	}).catch(async (reason: unknown) => {
		await browser.close();
		throw reason;
	});
	stage.emulator.settings.rewriteOrigins = {
		[PUBLIC_URL]: stage.n8n.url,
		[new URL(IMAGES_URL).origin]: stage.emulator.url,
	};
	const editor = editorOf(browser.page, stage.n8n.url);
	await editor.logIn(stage.client.owner);
	return {
		...stage,
		editor,
		async close() {
			await browser.close();
			await stage.close();
		},
	};
}
