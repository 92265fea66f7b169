// Takes the pictures of the README from a running editor, when UPDATE_SCREENSHOTS=1 asks for it.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';

const FOLDER = resolve(import.meta.dirname, '..', '..', 'docs', 'images');
/** Pixels; wider ones are made smaller, and high ones too, so that a form fits a screen. */
const MAX_SIZE = { width: 1800, height: 1800 };

const takesPictures = process.env.UPDATE_SCREENSHOTS === '1';

/** Pixels of a picture per pixel of the page. */
export const PICTURE_SCALE = takesPictures ? 2 : 1;

interface Area {
	x: number;
	y: number;
	width: number;
	height: number;
}

/**
 * Saves the whole page as `<folder>/<name>.png`, in the folder that `RECORD_SCREENSHOTS` names: a record of
 * what a user sees step by step, to be looked at.
 */
export async function record(page: Page, name: string): Promise<void> {
	const folder = process.env.RECORD_SCREENSHOTS ?? '';
	if (folder === '') return;
	await mkdir(folder, { recursive: true });
	await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** Saves a part of the page as `docs/images/<name>.png`, in few colours: small, and sharp for text. */
export async function takePicture(page: Page, name: string, area: Area): Promise<void> {
	if (!takesPictures) return;
	const png = await page.screenshot({ clip: area, animations: 'disabled', caret: 'hide' });
	await mkdir(FOLDER, { recursive: true });
	await sharp(png)
		.resize({ ...MAX_SIZE, fit: 'inside', withoutEnlargement: true })
		.png({ palette: true, colours: 128, effort: 10, compressionLevel: 9 })
		.toFile(join(FOLDER, `${name}.png`));
}
