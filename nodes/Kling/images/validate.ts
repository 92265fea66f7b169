// Holds the images of an item against the model family's limits; says what to change.
import { MEGABYTE, type Family, type ImageLimits, type ImageType } from '../api/models';
import type { ContentType, ImageFacts } from './inspect';
import { refused, type Refused } from './collect';

/**
 * @param count how many images there are, at least one
 * @returns undefined when the count fits
 */
export function checkCount(
	count: number,
	{ label, maxImages }: Pick<Family, 'label' | 'maxImages'>,
): Refused | undefined {
	if (count <= maxImages) return undefined;
	return refused(
		`${count} images were given; ${label} takes 1 to ${maxImages}`,
		`Remove ${count - maxImages} of the images. A * in 'Input Data Field Name' stands for all images of the item.`,
	);
}

/**
 * @param facts of `inspectImage`
 * @param limits of the model family
 * @param name of the image, for example "Image 2 (input field 'data')"
 * @returns undefined when the image can be sent
 * @see https://kling.ai/document-api "Multi-Image to Video", image_list
 */
export function checkImage(
	facts: ImageFacts,
	limits: ImageLimits,
	name: string,
): Refused | undefined {
	if (!isTaken(facts.type, limits)) return wrongType(facts.type, limits, name);
	if (facts.bytes > limits.maxBytes) return tooBig(facts.bytes, limits.maxBytes, name);
	const { width, height } = facts;
	if (width === undefined || height === undefined) {
		return refused(
			`${name} cannot be read: it begins like a ${label(facts.type)} image, but its header is broken`,
			'Open the file in an image program and save it again.',
		);
	}
	if (facts.ending === 'cut') {
		return refused(
			`${name} is cut off: the file ends before the picture does`,
			'Load the file again, and look whether the step before this one got all of it.',
		);
	}
	return checkSides(width, height, limits, name);
}

/** @param bytes size of the file, or undefined when only known to be above the limit */
export function tooBig(bytes: number | undefined, maxBytes: number, name: string): Refused {
	const limit = megabytes(maxBytes, 0);
	const size = bytes === undefined ? `more than ${limit}` : megabytes(bytes, 1);
	return refused(
		`${name} has ${size} MB; the service takes up to ${limit} MB`,
		"Make the image smaller, for example with n8n's Edit Image node, or save it as JPG.",
	);
}

function checkSides(
	width: number,
	height: number,
	limits: ImageLimits,
	name: string,
): Refused | undefined {
	const sides = `${name} is ${width} × ${height} pixels`;
	if (Math.min(width, height) < limits.minSide) {
		return refused(
			`${sides}; each side needs at least ${limits.minSide}`,
			'Use a larger version of the image.',
		);
	}
	if (Math.max(width, height) / Math.min(width, height) <= limits.maxRatio) return undefined;
	return refused(
		`${sides}; it may be at most ${limits.maxRatio} times as wide as high, or as high as wide`,
		"Crop the image, for example with n8n's Edit Image node.",
	);
}

function isTaken(type: ContentType, limits: ImageLimits): boolean {
	return limits.types.some((taken) => taken === type);
}

function wrongType(type: ContentType, limits: ImageLimits, name: string): Refused {
	const names = limits.types.map((one: ImageType) => label(one));
	const taken = names.join(' and ');
	if (type === 'empty')
		return refused(`${name} is empty`, 'Look whether the step before loaded it.');
	if (type === 'html' || type === 'json') {
		return refused(
			`${name} is ${type === 'html' ? 'a web page' : 'a JSON text'}, not an image`,
			'Use the direct link of the image file. A link that needs a login, or leads to a preview page, gives such an answer.',
		);
	}
	if (type === 'unknown') {
		return refused(
			`${name} is not an image that can be recognised`,
			`Give a ${names.join(' or ')} file; what counts is its content, not its name.`,
		);
	}
	return refused(`${name} is ${kindOf(type)}; the service takes ${taken}`, conversion(type));
}

function kindOf(type: ContentType): string {
	if (type === 'pdf') return 'a PDF document';
	if (type === 'mp4') return 'a video';
	return `a ${label(type)} image`;
}

function conversion(type: ContentType): string {
	if (type === 'pdf' || type === 'mp4') return 'Give an image file instead.';
	if (type === 'heic' || type === 'avif' || type === 'svg') {
		return "Convert it to JPG or PNG before this node; n8n's Edit Image node cannot read every such file.";
	}
	return "Convert it to JPG or PNG, for example with n8n's Edit Image node.";
}

function label(type: ContentType): string {
	if (type === 'jpeg') return 'JPG';
	if (type === 'webp') return 'WebP';
	return type.toUpperCase();
}

function megabytes(bytes: number, digits: number): string {
	// Rounded up, so that a file just above the limit does not read like the limit.
	const factor = 10 ** digits;
	return String(Math.ceil((bytes / MEGABYTE) * factor) / factor);
}
