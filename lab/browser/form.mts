// Fills the form of the node that is open in the editor (or of a credential), as a user does: by clicks and keys.
import type { Locator, Page } from 'playwright-core';

/** What can be typed into: plain fields, and n8n's own editors. */
const TYPABLE = 'input, textarea, [contenteditable="true"]';

export type Form = ReturnType<typeof formOf>;

/** The open form; a field is named as in the node's description, and a row of a list by its number from 0. */
export function formOf(page: Page) {
	const input = (name: string, row = 0): Locator =>
		page.getByTestId(`parameter-input-${name}`).nth(row);
	/** By its title: a description may name other choices. */
	const offered = (label: string): Locator =>
		page
			.getByRole('option')
			.filter({ visible: true, has: page.getByText(label, { exact: true }) })
			.first();
	const adder = (button: string): Locator =>
		page.getByTestId('collection-parameter-add').filter({ has: page.getByPlaceholder(button) });

	return {
		input,

		async fill(name: string, text: string, row = 0): Promise<void> {
			await input(name, row).locator(TYPABLE).first().fill(text);
		},

		/** Picks from a drop-down by what a user reads there. */
		async choose(name: string, label: string, row = 0): Promise<void> {
			await input(name, row).click();
			await offered(label).click();
			await offered(label).waitFor({ state: 'hidden' });
		},

		/** What a drop-down offers: titles, without descriptions. */
		async choices(name: string): Promise<string[]> {
			await input(name).click();
			const options = page.getByRole('option').filter({ visible: true });
			await options.first().waitFor();
			const texts = await options.allInnerTexts();
			await page.keyboard.press('Escape');
			await options.first().waitFor({ state: 'hidden' });
			return texts.map((text) => text.split('\n')[0]?.trim() ?? '');
		},

		/** Clicks a switch. */
		async toggle(name: string): Promise<void> {
			await input(name).locator('.el-switch').click();
		},

		/** Adds a field of a collection, e.g. "Add Option", "Download Video". */
		async add(button: string, label: string): Promise<void> {
			await adder(button).click();
			await page
				.getByTestId('collection-parameter-option')
				.filter({ hasText: label, visible: true })
				.click();
		},

		/** What a collection still offers. */
		async addable(button: string): Promise<string[]> {
			await adder(button).click();
			const options = page.getByTestId('collection-parameter-option').filter({ visible: true });
			await options.first().waitFor();
			const texts = await options.allInnerTexts();
			await adder(button).click();
			await options.first().waitFor({ state: 'hidden' });
			return texts.map((text) => text.trim());
		},

		/** Opens the list of a resource locator and returns its rows, once one with this text is there. */
		async openList(name: string, text: string): Promise<string[]> {
			await input(name).getByTestId('rlc-input').click();
			const rows = page.getByTestId('rlc-item').filter({ visible: true });
			await rows.filter({ hasText: text }).first().waitFor();
			return (await rows.allInnerTexts()).map((row) => row.trim());
		},

		/** Picks from the open list. */
		async pickFromList(text: string): Promise<void> {
			await page.getByTestId('rlc-item').filter({ hasText: text, visible: true }).first().click();
		},

		/** Switches a resource locator to another mode, e.g. `id`, and types. */
		async typeInto(name: string, mode: string, text: string): Promise<void> {
			await input(name).getByTestId('rlc-mode-selector').click();
			await page.getByTestId(`mode-${mode}`).filter({ visible: true }).click();
			await input(name).getByTestId('rlc-input').fill(text);
		},

		/** The names of the fields that are shown. */
		async shown(): Promise<string[]> {
			const inputs = page.getByTestId(/^parameter-input-(?!item|field)/).filter({ visible: true });
			const names = await inputs.evaluateAll((all) =>
				all.map((each) => each.getAttribute('data-test-id')?.replace('parameter-input-', '') ?? ''),
			);
			return names;
		},
	};
}
