// Checks the reference images of a request, whether they come as Base64 or as URLs.
import { ImageFetcher } from './fetch.mts';
import { decodeBase64, inspect, type BadImage, type ImageFacts } from './inspect.mts';

export type BadReference = BadImage & { readonly from: 'base64' | 'url' };
export type Checked = ImageFacts | BadReference;

export function isBad(image: Checked): image is BadReference {
	return 'bad' in image;
}

export function isGood(image: Checked): image is ImageFacts {
	return !isBad(image);
}

export class ImageChecker {
	readonly #fetcher = new ImageFetcher();
	readonly #rewrite: (url: string) => string;

	/** `rewrite` maps an image URL to the address under which it is really reached. */
	constructor(rewrite: (url: string) => string) {
		this.#rewrite = rewrite;
	}

	/** One image after the other, so that no more than one is decoded at a time. */
	async checkAll(references: readonly string[]): Promise<Checked[]> {
		const checked: Checked[] = [];
		for (const reference of references) checked.push(await this.#check(reference));
		return checked;
	}

	async close(): Promise<void> {
		await this.#fetcher.close();
	}

	async #check(reference: string): Promise<Checked> {
		const isUrl = /^https?:\/\//i.test(reference);
		const from = isUrl ? 'url' : 'base64';
		const content = isUrl
			? await this.#fetcher.fetch(reference, this.#rewrite)
			: decodeBase64(reference);
		const facts =
			'bad' in content ? content : inspect(content, from, isUrl ? reference : undefined);
		return 'bad' in facts ? { ...facts, from } : facts;
	}
}
