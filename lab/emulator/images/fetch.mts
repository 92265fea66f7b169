// Fetches an image URL as the service would: bounded in size and time, a few redirects, no credentials.
import { Agent, interceptors, request } from 'undici';
import { MAX_IMAGE_BYTES, type BadImage } from './inspect.mts';

const TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;

export class ImageFetcher {
	#dispatcher = new Agent({
		connections: 20,
		headersTimeout: TIMEOUT_MS,
		bodyTimeout: TIMEOUT_MS,
	}).compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTS }));

	/** The bytes behind a URL, or why they cannot be had. `rewrite` maps origins to other addresses. */
	async fetch(url: string, rewrite: (url: string) => string): Promise<Buffer | BadImage> {
		if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return { bad: `Image URL is invalid` };
		try {
			const { statusCode, body } = await request(rewrite(url), {
				dispatcher: this.#dispatcher,
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			if (statusCode !== 200) {
				await body.dump();
				return { bad: `Failed to download image, HTTP ${statusCode}` };
			}
			return await readBounded(body);
		} catch {
			return { bad: 'Failed to download image, the address could not be reached' };
		}
	}

	async close(): Promise<void> {
		await this.#dispatcher.destroy();
	}
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<Buffer | BadImage> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of body) {
		size += chunk.length;
		if (size > MAX_IMAGE_BYTES) return { bad: 'Image size exceeds 10MB' };
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, size);
}
