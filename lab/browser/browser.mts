// Starts a headless Chromium with an empty profile; it talks to nothing but the pages that a test opens.
import { chromium, selectors, type Page } from 'playwright-core';

interface Browser {
	page: Page;
	close(): Promise<void>;
}

/** n8n's own mark for what its tests click. */
const TEST_ID = 'data-test-id';
/** Two cores and several n8n: slow is not broken. */
const PATIENCE_MS = 60_000;

const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/**
 * Starts the Chromium at `CHROMIUM_PATH`, by default Debian's.
 * @param scale pixels of a picture per pixel of the page
 * @throws Error that says how to install it when there is none
 */
export async function openBrowser(scale = 1): Promise<Browser> {
	selectors.setTestIdAttribute(TEST_ID);
	const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
	const browser = await chromium.launch({ executablePath, args: FLAGS }).catch((cause: unknown) => {
		throw new Error(
			`No Chromium starts from ${executablePath}. On Debian: apt-get install chromium. Elsewhere set CHROMIUM_PATH.`,
			{ cause },
		);
	});
	const page = await browser.newPage({
		viewport: { width: 1440, height: 1000 },
		deviceScaleFactor: scale,
		reducedMotion: 'reduce',
	});
	page.setDefaultTimeout(PATIENCE_MS);
	return { page, close: async () => await browser.close() };
}
