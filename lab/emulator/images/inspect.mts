// Checks one reference image against the documented limits (official page "Multi-Image to Video").
import { createHash } from 'node:crypto';
import { imageSize } from 'image-size';

export const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const MIN_SIDE = 300;
const MAX_RATIO = 2.5;

export interface ImageFacts {
	readonly from: 'base64' | 'url';
	readonly url?: string;
	readonly type: string;
	readonly width: number;
	readonly height: number;
	readonly bytes: number;
	readonly sha256: string;
}

/** A bad image and the words that the service uses for it. */
export interface BadImage {
	readonly bad: string;
}

/** Decodes raw Base64 strictly; a `data:` prefix is refused as the service refuses it. */
export function decodeBase64(value: string): Buffer | BadImage {
	if (value.length > Math.ceil(MAX_IMAGE_BYTES / 3) * 4) return { bad: 'Image size exceeds 10MB' };
	const wellFormed = value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
	return wellFormed
		? Buffer.from(value, 'base64')
		: { bad: 'File is not in a valid base64 format' };
}

/** Reads type and size from the content and checks every limit. */
export function inspect(
	content: Buffer,
	from: 'base64' | 'url',
	url?: string,
): ImageFacts | BadImage {
	if (content.length > MAX_IMAGE_BYTES) return { bad: 'Image size exceeds 10MB' };
	const measured = measure(content);
	if (measured === undefined) return { bad: 'Image file is not readable' };
	const { type, width, height } = measured;
	if (type !== 'png' && type !== 'jpg') return { bad: `Image format ${type} is not supported` };
	if (Math.min(width, height) < MIN_SIDE) {
		return { bad: 'Image pixel is invalid: each side must be at least 300px' };
	}
	if (Math.max(width, height) / Math.min(width, height) > MAX_RATIO) {
		return { bad: 'Image aspect ratio is invalid: it must be between 1:2.5 and 2.5:1' };
	}
	const sha256 = createHash('sha256').update(content).digest('hex');
	return { from, url, type, width, height, bytes: content.length, sha256 };
}

function measure(content: Buffer): { type: string; width: number; height: number } | undefined {
	try {
		const { type, width, height } = imageSize(content);
		return type === undefined ? undefined : { type, width, height };
	} catch {
		return undefined;
	}
}
