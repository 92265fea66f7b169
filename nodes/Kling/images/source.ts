// What an image is given as, how it is called in messages, and how its refusal travels.

export type ImageSource =
	| { kind: 'url'; url: string }
	/** A binary field of the item. */
	| { kind: 'binary'; property: string }
	/** As it was given: prefix, blanks and URL-safe letters are still in it. */
	| { kind: 'base64'; text: string };

export interface Refused {
	kind: 'refused';
	/** What is wrong, naming the image; without the item, which the caller knows. */
	message: string;
	/** What to change. */
	nextStep: string;
}

export function refused(message: string, nextStep: string): Refused {
	return { kind: 'refused', message, nextStep };
}

/**
 * "Image 2 (input field 'data_1')".
 *
 * @param index counts from 0, in the order in which the images are sent
 */
export function imageName(index: number, source: ImageSource): string {
	if (source.kind === 'binary') return `Image ${index + 1} (input field '${source.property}')`;
	if (source.kind === 'base64') return `Image ${index + 1} (Base64)`;
	return `Image ${index + 1} (${shortUrl(source.url)})`;
}

/** Without user, password and query, which may hold secrets. */
function shortUrl(url: string): string {
	if (!URL.canParse(url)) return 'URL';
	const { origin, pathname } = new URL(url);
	const shown = origin + pathname;
	return shown.length > 80 ? `${shown.slice(0, 40)}…${shown.slice(-35)}` : shown;
}
