// The images of one item, read twice: once to check them before anything is paid, once to send them.
import type { ImageLimits } from '../api/models';
import { checkImage, tooBig } from './check';
import { fieldAdvice, type BinaryField } from './collect';
import type { DownloadedImage } from './download';
import { decodeBase64, digestOf, encodedLength, encodeImage } from './encode';
import { inspectImage } from './inspect';
import { imageName, refused, type ImageSource, type Refused } from './source';

export interface ImagePorts {
	/** The binary fields of the item, for advice. */
	fields: BinaryField[];
	/** Reads a binary field unless it is bigger than allowed. */
	readBinary(
		property: string,
		maxBytes: number,
	): Promise<
		| { kind: 'bytes'; bytes: Buffer }
		| { kind: 'tooBig'; bytes: number }
		| { kind: 'missing' }
		| { kind: 'unreadable'; reason: string }
	>;
	/** Present when links are to be loaded here (option `fetchImages`); else the service loads them. */
	download?(url: string, maxBytes: number): Promise<DownloadedImage>;
}

export interface ExaminedImage {
	/** SHA-256: of the link where the service loads it, else of the content. */
	digest: string;
	/** How many characters it takes in the request body. */
	bodyLength: number;
}

type Examined = { kind: 'examined'; images: ExaminedImage[] } | Refused;
/** `values` are what goes into the body: links, or raw Base64. */
type Encoded = { kind: 'encoded'; values: string[] } | Refused;

/**
 * Reads and checks every image, one at a time, and keeps none.
 *
 * @returns digests for the fingerprint and sizes for the queue, or all refusals in one
 */
export async function examineImages(
	sources: ImageSource[],
	ports: ImagePorts,
	limits: ImageLimits,
): Promise<Examined> {
	const images: ExaminedImage[] = [];
	const refusals: Refused[] = [];
	for (const [index, source] of sources.entries()) {
		const image = await load(source, imageName(index, source), ports, limits);
		if (image.kind === 'refused') refusals.push(image);
		else images.push(examined(image));
	}
	return refusals.length > 0 ? together(refusals) : { kind: 'examined', images };
}

/**
 * Reads the images again, right before they are sent, and encodes them.
 *
 * Money rule: the task's key was made from the first reading, so an image that has changed since
 * is refused; else the key would stand for a request that was never checked.
 *
 * @param earlier what `examineImages` found, for the same sources
 */
export async function encodeImages(
	sources: ImageSource[],
	ports: ImagePorts,
	limits: ImageLimits,
	earlier: ExaminedImage[],
): Promise<Encoded> {
	const values: string[] = [];
	for (const [index, source] of sources.entries()) {
		const name = imageName(index, source);
		const image = await load(source, name, ports, limits);
		if (image.kind === 'refused') return image;
		if (examined(image).digest !== earlier[index]?.digest) return changed(name);
		values.push(image.kind === 'link' ? image.url : encodeImage(image.bytes));
	}
	return { kind: 'encoded', values };
}

type Loaded = { kind: 'link'; url: string } | { kind: 'content'; bytes: Buffer } | Refused;

async function load(
	source: ImageSource,
	name: string,
	ports: ImagePorts,
	limits: ImageLimits,
): Promise<Loaded> {
	const loaded = await loadContent(source, name, ports, limits.maxBytes);
	if (loaded.kind !== 'content') return loaded;
	return checkImage(inspectImage(loaded.bytes), limits, name) ?? loaded;
}

async function loadContent(
	source: ImageSource,
	name: string,
	ports: ImagePorts,
	maxBytes: number,
): Promise<Loaded> {
	const found = await find(source, ports, maxBytes);
	switch (found.kind) {
		case 'link':
			return found;
		case 'bytes':
			return { kind: 'content', bytes: found.bytes };
		case 'tooBig':
			return tooBig(found.bytes, maxBytes, name);
		case 'missing':
			return refused(`${name} is not in the item`, fieldAdvice(ports.fields));
		case 'unreadable':
			return refused(
				`${name} could not be read from n8n's storage: ${found.reason}`,
				'Run the node that gives this file again. If that does not help, check how this n8n keeps its binary data.',
			);
		case 'malformed':
			return refused(
				`${name} cannot be decoded: ${found.reason}`,
				"Give the whole Base64 text of the file; for a file of an earlier node set 'Source' to Binary Field.",
			);
		case 'unavailable':
			return refused(
				`${name} could not be downloaded: ${found.reason}`,
				'Open the link in a private browser window: it has to give the image file itself.',
			);
	}
}

async function find(source: ImageSource, ports: ImagePorts, maxBytes: number) {
	if (source.kind === 'binary') return await ports.readBinary(source.property, maxBytes);
	if (source.kind === 'base64') return decodeBase64(source.text, maxBytes);
	if (ports.download) return await ports.download(source.url, maxBytes);
	return { kind: 'link' as const, url: source.url };
}

function examined(image: Exclude<Loaded, Refused>): ExaminedImage {
	if (image.kind === 'link') return { digest: digestOf(image.url), bodyLength: image.url.length };
	return { digest: digestOf(image.bytes), bodyLength: encodedLength(image.bytes.length) };
}

function changed(name: string): Refused {
	return refused(
		`${name} changed between the check and the sending, so nothing was sent`,
		'Run the node again. If the link gives another image every time, load the image in an earlier node.',
	);
}

/** All at once, so that a user does not find one unfit image a run. */
function together(refusals: Refused[]): Refused {
	const steps = new Set(refusals.map(({ nextStep }) => nextStep));
	return refused(refusals.map(({ message }) => message).join('. '), [...steps].join(' '));
}
