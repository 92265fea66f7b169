// Drives n8n's editor in a browser: login, canvas, node panel, node view, run, output.
import type { Locator, Page } from 'playwright-core';
import type { Owner } from '../instance/client.mts';
import { eventually } from '../instance/eventually.mts';
import { formOf } from './form.mts';

export type Editor = ReturnType<typeof editorOf>;

/** @param url of n8n, without a slash at the end */
export function editorOf(page: Page, url: string) {
	const output = page.getByTestId('output-panel');
	const panel = page.getByTestId('node-creator');
	const entry = (text: string): Locator =>
		panel.getByTestId('item-iterator-item').filter({ hasText: text }).first();

	return {
		page,
		form: formOf(page),
		output,
		panel,
		/** The open node. */
		view: page.getByTestId('ndv'),
		/** The open credential. */
		dialog: page.getByTestId('editCredential-modal'),

		async logIn({ email, password }: Owner): Promise<void> {
			await page.goto(`${url}/signin`);
			await page.getByTestId('emailOrLdapLoginId').locator('input').fill(email);
			await page.getByTestId('password').locator('input').fill(password);
			await page.getByTestId('form-submit-button').click();
			await page.waitForURL((at) => !at.pathname.startsWith('/signin'));
		},

		/** Opens a workflow by its id, or an empty one. */
		async open(id = 'new'): Promise<void> {
			await page.goto(`${url}/workflow/${id}`);
			const first = id === 'new' ? 'canvas-plus-button' : 'canvas-node';
			await page.getByTestId(first).first().waitFor();
		},

		/** Opens the node panel and searches; on an empty canvas it offers triggers first. */
		async search(text: string): Promise<void> {
			const isEmpty = await page.getByTestId('canvas-plus-button').isVisible();
			await page.getByTestId(isEmpty ? 'canvas-plus-button' : 'node-creator-plus-button').click();
			await page.getByTestId('node-creator-search-bar').fill(text);
		},

		/** Clicks an entry of the panel: a node, or one of its actions. */
		async pick(text: string): Promise<void> {
			await entry(text).click();
		},

		/** Marks a node, so that the next one is connected to it. */
		async select(node: string): Promise<void> {
			await page.getByTestId('canvas-node').filter({ hasText: node }).click();
		},

		async openNode(node: string): Promise<void> {
			const named = page.getByText(node, { exact: true });
			await page.getByTestId('canvas-node').filter({ has: named }).dblclick();
			await page.getByTestId('ndv').waitFor();
		},

		async closeNode(): Promise<void> {
			await page.getByTestId('ndv-close-button').first().click();
			await page.getByTestId('ndv').waitFor({ state: 'hidden' });
		},

		/** Closes n8n's notices, which lie over the page for some seconds. */
		async dismissNotices(): Promise<void> {
			const close = page.locator('.el-notification__closeBtn').filter({ visible: true });
			await eventually('the notices to go', 30_000, async () => {
				// All at once: a notice may come or go by itself in between.
				const shown = await close.evaluateAll((buttons) => {
					for (const button of buttons) button.dispatchEvent(new Event('click'));
					return buttons.length;
				});
				return shown === 0;
			});
		},

		/** Opens the dialog of a new credential, whether or not the node has one already. */
		async addCredential(): Promise<void> {
			const first = page.getByRole('button', { name: 'Connect to Kling' });
			const select = page.getByTestId('node-credentials-select');
			await first.or(select).first().waitFor();
			if (await first.isVisible()) return await first.click();
			await select.click();
			await page.getByText('Create new credential').filter({ visible: true }).first().click();
		},

		/** The id of the open workflow, once n8n has saved it. */
		async save(): Promise<string> {
			await page.keyboard.press('Control+s');
			await page.waitForURL((at) => !at.pathname.endsWith('/new') && !at.searchParams.has('new'));
			return /\/workflow\/([^/]+)/.exec(new URL(page.url()).pathname)?.[1] ?? '';
		},

		/** Executes the open node with everything before it; what comes of it shows in the output. */
		async execute(): Promise<void> {
			await page.getByTestId('node-execute-button').click();
		},

		/** What the output panel says of a node that ended badly. */
		async refusal(): Promise<{ message: string; nextStep: string }> {
			const message = await output.getByTestId('node-error-message').innerText();
			const nextStep = await output.getByTestId('node-error-description').innerText();
			return { message, nextStep };
		},

		/** Takes the last execution's data off the canvas. */
		async clearExecution(): Promise<void> {
			const button = page.getByTestId('clear-execution-data-button');
			await button.click();
			await button.waitFor({ state: 'hidden' });
		},

		/** Shows the output as Schema, Table, JSON or Binary. */
		async showOutputAs(view: string): Promise<void> {
			await output.getByTestId(`radio-button-${view.toLowerCase()}`).click();
		},
	};
}
