// The images of one item, loaded twice: once to check them before anything is paid, once to send them.
import { createHash } from 'node:crypto';

import type { ImageLimits } from '../api/models';
import type { Opened } from '../api/urls';
import {
	fieldAdvice,
	imageName,
	refused,
	type BinaryField,
	type ImageSource,
	type Refused,
} from './collect';
import { inspectImage } from './inspect';
import { checkImage, tooBig } from './validate';

/** What reading a binary field of the item brought. */
export type ReadFile =
	| { kind: 'bytes'; bytes: Buffer }
	| { kind: 'tooBig'; bytes: number }
	| { kind: 'missing' }
	/** The item names the file, and n8n's storage does not give it. */
	| { kind: 'unreadable'; reason: string };

export interface ImagePorts {
	/** The binary fields of the item, for advice. */
	fields: BinaryField[];
	/** Reads a binary field unless it is bigger than allowed. */
	readBinary(property: string, maxBytes: number): Promise<ReadFile>;
	/** Present when links are to be loaded here (option `fetchImages`); else the service loads them. */
	download?(url: string, maxBytes: number): Promise<DownloadedImage>;
}

export interface ExaminedImage {
	/** SHA-256: of the link where the service loads it, else of the content. */
	digest: string;
	/** How many characters it takes in the request body. */
	bodyLength: number;
	/** What the user should know although the image can be sent. */
	hint?: string;
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
		else images.push({ ...examined(image), ...hintOn(image, imageName(index, source)) });
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

/** `isUnmarked`: the mark of its end is missing. */
type Loaded =
	| { kind: 'link'; url: string }
	| { kind: 'content'; bytes: Buffer; isUnmarked?: boolean }
	| Refused;

async function load(
	source: ImageSource,
	name: string,
	ports: ImagePorts,
	limits: ImageLimits,
): Promise<Loaded> {
	const loaded = await loadContent(source, name, ports, limits.maxBytes);
	if (loaded.kind !== 'content') return loaded;
	const facts = inspectImage(loaded.bytes);
	return checkImage(facts, limits, name) ?? { ...loaded, isUnmarked: facts.ending === 'unmarked' };
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

function hintOn(image: Loaded, name: string): { hint?: string } {
	if (image.kind !== 'content' || !image.isUnmarked) return {};
	const hint = `${name} has no mark at its end, as if its file were cut; it is sent as it is. Look at the image if the video is not as expected.`;
	return { hint };
}

function changed(name: string): Refused {
	return refused(
		`${name} changed between the check and the sending, so nothing was sent`,
		'Run the node again. If the link gives another image every time, load the image in an earlier node.',
	);
}

/** All at once, so that a user does not find one unfit image a run. */
function together(refusals: Refused[]): Refused {
	const steps = new Set(refusals.map(({ description }) => description));
	return refused(refusals.map(({ message }) => message).join('. '), [...steps].join(' '));
}

type Decoded =
	| { kind: 'bytes'; bytes: Buffer }
	| { kind: 'tooBig'; bytes: number }
	| { kind: 'malformed'; reason: string };

/** Raw Base64 without a data: prefix, as the service asks for. */
export function encodeImage(bytes: Buffer): string {
	return bytes.toString('base64');
}

/** How many characters the Base64 of so many bytes has. */
export function encodedLength(bytes: number): number {
	return Math.ceil(bytes / 3) * 4;
}

/** SHA-256 of the content, in hex: stands for the image in the task's fingerprint. */
export function digestOf(content: Buffer | string): string {
	return createHash('sha256').update(content).digest('hex');
}

/**
 * Reads Base64 strictly: Node.js itself skips over whatever does not belong. Blanks, line breaks,
 * the URL-safe alphabet and missing padding are allowed (RFC 4648, sections 3.2, 4 and 5).
 *
 * @param text without a data: prefix
 * @param maxBytes a text that stands for more is not decoded
 */
export function decodeBase64(text: string, maxBytes: number): Decoded {
	const compact = /\s/.test(text) ? text.replace(/\s+/g, '') : text;
	const padding = /={0,2}$/.exec(compact)?.[0].length ?? 0;
	const letters = compact.length - padding;
	const bytes = Math.floor((letters * 3) / 4);
	if (letters % 4 === 1 || (padding > 0 && compact.length % 4 !== 0)) {
		return {
			kind: 'malformed',
			reason: `its length of ${compact.length} characters is impossible`,
		};
	}
	const alien = /[^A-Za-z0-9+/_-]/.exec(compact.slice(0, letters));
	if (alien) {
		return {
			kind: 'malformed',
			reason: `character ${alien.index + 1} ("${alien[0]}") does not belong to Base64`,
		};
	}
	if (bytes > maxBytes) return { kind: 'tooBig', bytes };
	return { kind: 'bytes', bytes: Buffer.from(compact, 'base64') };
}

/** One request without the API key; never throws; the signal also ends a body that is under way. */
export type OpenImage = (url: string, signal: AbortSignal) => Promise<Opened>;

type DownloadedImage =
	| { kind: 'bytes'; bytes: Buffer }
	/** `bytes` as announced, or undefined when only known to be more than allowed. */
	| { kind: 'tooBig'; bytes?: number }
	| { kind: 'unavailable'; reason: string };

/** For the whole image, connection included. */
const TIMEOUT_MS = 60_000;

/**
 * @param url http or https
 * @param maxBytes what is longer is not loaded
 * @param stop the execution's cancel signal
 * @returns the bytes, or why there are none; never throws
 */
export async function downloadImage(
	url: string,
	maxBytes: number,
	open: OpenImage,
	stop?: AbortSignal,
): Promise<DownloadedImage> {
	const controller = new AbortController();
	const limits = [controller.signal, AbortSignal.timeout(TIMEOUT_MS)];
	const signal = AbortSignal.any(stop ? [...limits, stop] : limits);
	const downloaded = await receive(url, maxBytes, open, signal);
	// Frees the connection of a body that was not read to its end.
	controller.abort();
	return downloaded;
}

async function receive(
	url: string,
	maxBytes: number,
	open: OpenImage,
	signal: AbortSignal,
): Promise<DownloadedImage> {
	const opened = await open(url, signal);
	if (opened.kind === 'failed') return { kind: 'unavailable', reason: opened.reason };
	// A connection that breaks while nobody reads would end the process; a read reports it again.
	opened.body.on('error', () => undefined);
	if (opened.status !== 200) {
		return { kind: 'unavailable', reason: `the server answered with status ${opened.status}` };
	}
	const announced = Number(opened.headers['content-length'] ?? 0);
	if (announced > maxBytes) return { kind: 'tooBig', bytes: announced };
	try {
		return await gather(opened.body, maxBytes);
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		return { kind: 'unavailable', reason: `the connection broke (${reason})` };
	}
}

async function gather(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<DownloadedImage> {
	const pieces: Uint8Array[] = [];
	let bytes = 0;
	for await (const piece of body) {
		bytes += piece.length;
		if (bytes > maxBytes) return { kind: 'tooBig' };
		pieces.push(piece);
	}
	return { kind: 'bytes', bytes: Buffer.concat(pieces) };
}
