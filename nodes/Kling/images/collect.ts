// From the parameters of one item to its images, in the order in which they are sent, and their names in messages.
import { z } from 'zod';

import type { Issue } from '../api/errors/error';
import { plainJson } from '../api/reply/json';
import type { ImageRole } from '../api/request';

export type ImageSource = (
	| { kind: 'url'; url: string }
	/** A binary field of the item. */
	| { kind: 'binary'; property: string }
	/** As it was given: prefix, blanks and URL-safe letters are still in it. */
	| { kind: 'base64'; text: string }
) & {
	/** What the image is for. Default: a reference. */
	role?: ImageRole;
};

/** Names the image, but not the item, which the caller knows. */
export interface Refused extends Issue {
	kind: 'refused';
}

export function refused(message: string, description: string): Refused {
	return { kind: 'refused', message, description };
}

/** The values as n8n resolved them; expressions may have made anything of them. */
interface ImageParameters {
	imageInput: 'fields' | 'json';
	/** The fixed collection `images`. */
	images?: unknown;
	imagesJson?: unknown;
}

/** A binary field of the item. */
export interface BinaryField {
	name: string;
	mimeType: string;
}

type Collected = { kind: 'collected'; sources: ImageSource[] } | Refused;

const roleSchema = z.enum(['reference', 'first_frame', 'end_frame']);

const rowsSchema = z.object({
	image: z
		.array(
			z.object({
				source: z.enum(['url', 'binary', 'base64']).optional(),
				url: z.unknown().optional(),
				binaryPropertyName: z.unknown().optional(),
				base64: z.unknown().optional(),
				role: roleSchema.optional(),
			}),
		)
		.optional(),
});

type Row = NonNullable<z.infer<typeof rowsSchema>['image']>[number];

/**
 * @param fields the binary fields of the item, for `*`
 * @returns the sources, at least one; whether they are too many `checkCount` says
 */
export function collectImages(parameters: ImageParameters, fields: BinaryField[]): Collected {
	const collected =
		parameters.imageInput === 'json'
			? collectFromJson(parameters.imagesJson)
			: collectFromFields(parameters.images, fields);
	if (collected.kind === 'refused' || collected.sources.length > 0) return collected;
	const field = parameters.imageInput === 'json' ? 'Images (JSON)' : 'Images';
	return refused('No image was given', `Give at least one image in '${field}'.`);
}

function collectFromFields(images: unknown, fields: BinaryField[]): Collected {
	const parsed = rowsSchema.safeParse(images ?? {});
	if (!parsed.success) {
		return refused(
			"'Images' has a value that does not fit",
			"Give the images in the form's fields, or set 'Image Input' to JSON.",
		);
	}
	const sources: ImageSource[] = [];
	for (const row of parsed.data.image ?? []) {
		const found = collectRow(row, fields, sources.length + 1);
		if (found.kind === 'refused') return found;
		const { role } = row;
		sources.push(...withRole(found.sources, role));
	}
	return { kind: 'collected', sources };
}

function collectRow(row: Row, fields: BinaryField[], number: number): Collected {
	if (row.source === 'binary') return collectNames(row.binaryPropertyName, fields, number);
	if (row.source === 'base64') return collectText(row.base64, "'Base64'", number);
	return collectText(row.url, "'URL'", number);
}

/** One name, several separated by commas, or `*`: all images of the item that are not named. */
function collectNames(value: unknown, fields: BinaryField[], number: number): Collected {
	const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : [];
	const wanted = names.filter((name) => name !== '');
	if (wanted.length === 0) {
		return refused(
			`Image ${number} has no input field`,
			"Fill 'Input Data Field Name' with the name of a binary field, for example data.",
		);
	}
	const properties = wanted.flatMap((name) => (name === '*' ? unnamed(fields, wanted) : [name]));
	if (properties.length === 0) {
		return refused(
			"The * in 'Input Data Field Name' found no image in the item",
			fieldAdvice(fields),
		);
	}
	return {
		kind: 'collected',
		sources: properties.map((property) => ({ kind: 'binary', property })),
	};
}

/** In natural order: data, data_1, data_2, data_10. */
function unnamed(fields: BinaryField[], named: string[]): string[] {
	return fields
		.filter(({ name, mimeType }) => mimeType.startsWith('image/') && !named.includes(name))
		.map(({ name }) => name)
		.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** What to do when a binary field is not there. */
export function fieldAdvice(fields: BinaryField[]): string {
	if (fields.length === 0) {
		return 'The item holds no files: make sure that the previous node outputs a binary file.';
	}
	return `The item has these files: ${fields.map(({ name }) => name).join(', ')}.`;
}

function collectText(value: unknown, field: string, number: number): Collected {
	const text = textOf(value);
	if (text === undefined) {
		return refused(
			`Image ${number} is not text`,
			`Fill ${field} with a URL or Base64; check its expression.`,
		);
	}
	const read = readImageText(text);
	if (read.kind !== 'unclear') return { kind: 'collected', sources: [read] };
	return refused(
		`Image ${number} ${read.what}`,
		`Fill ${field} with a public http or https URL, or with the image as Base64. Images that an earlier node loaded are given with 'Source' set to Binary Field.`,
	);
}

function collectFromJson(value: unknown): Collected {
	const entries = jsonEntries(value);
	if (entries === undefined) {
		return refused(
			"'Images (JSON)' is not valid JSON",
			'Give an array such as ["https://example.com/front.jpg", "https://example.com/side.jpg"], or URLs separated by commas.',
		);
	}
	const sources: ImageSource[] = [];
	for (const entry of entries) {
		const number = sources.length + 1;
		const found = collectText(entry, "'Images (JSON)'", number);
		if (found.kind === 'refused') return found;
		const type = typedEntry.safeParse(entry).data?.type;
		const role = roleSchema.safeParse(type).data;
		// Money: a frame that is taken for a reference makes another video than the one that was asked for.
		if (role === undefined && /frame/i.test(type ?? '')) {
			return refused(
				`Image ${number} has the type "${excerpt(type ?? '')}"`,
				"In 'Images (JSON)' the type of an image is first_frame or end_frame; a reference has none.",
			);
		}
		sources.push(...withRole(found.sources, role));
	}
	return { kind: 'collected', sources };
}

/** Kling's own member of an image. Others use it for other things, as OpenAI for `image_url`. */
const typedEntry = z.object({ type: z.string() });

function withRole(sources: ImageSource[], role: ImageRole | undefined): ImageSource[] {
	return role === undefined ? sources : sources.map((source) => ({ ...source, role }));
}

/** @returns undefined when the text is meant as JSON but is none */
function jsonEntries(value: unknown): unknown[] | undefined {
	if (Array.isArray(value)) return value;
	if (value === undefined || value === null) return [];
	if (typeof value !== 'string') return [value];
	const text = value.trim();
	if (!/^[[{"]/.test(text)) return splitImageList(text);
	const parsed = plainJson(text);
	if (typeof parsed === 'string') return splitImageList(parsed);
	return parsed === undefined ? undefined : jsonEntries(parsed);
}

/** `{image_url: {url}}` is what exists; what is nested without end would exhaust the stack. */
const DEEPEST_OBJECT = 3;

const imageObject = z.object({
	image: z.unknown().optional(),
	image_url: z.unknown().optional(),
	url: z.unknown().optional(),
});

/** A text, or the text inside `{image}`, `{image_url}` or `{url}`, also one in the other. */
function textOf(value: unknown, depth = 0): string | undefined {
	if (typeof value === 'string') return value;
	if (value === undefined || value === null) return depth === 0 ? '' : undefined;
	const parsed = imageObject.safeParse(value);
	if (!parsed.success || depth === DEEPEST_OBJECT) return undefined;
	return textOf(parsed.data.image ?? parsed.data.image_url ?? parsed.data.url, depth + 1);
}

type ReadText =
	Extract<ImageSource, { kind: 'url' | 'base64' }> | { kind: 'unclear'; what: string };

/** How the next image of a list can begin: a URL, a data: URI, or the Base64 of a PNG or JPEG. */
const LIST_ENTRY = /^\s*(?:https?:\/\/|data:|iVBORw0KGgo|\/9j\/)/i;
/** White space alone parts URLs and data: URIs; Base64 may be wrapped. */
const SPACED_ENTRY = /\s(?=https?:\/\/|data:)/i;
/** Of a data: URI, before the comma that its content follows. */
const BASE64_HEAD = /;\s*base64\s*$/i;
/** How many characters of it are looked at. */
const HEAD_LENGTH = 200;
/** Shorter texts are names or words, not images. */
const SHORTEST_BASE64 = 24;

/** @param text blanks and quotes around it do not count */
function readImageText(text: string): ReadText {
	const bare = unquote(text.trim());
	if (bare === '') return { kind: 'unclear', what: 'is empty' };
	if (/^https?:/i.test(bare)) return readUrl(bare);
	if (/^data:/i.test(bare)) return readDataUri(bare);
	if (looksLikeBase64(bare)) return { kind: 'base64', text: bare };
	const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(bare)?.[1];
	if (scheme) return { kind: 'unclear', what: `begins with ${scheme}:// instead of https://` };
	return { kind: 'unclear', what: `is neither a URL nor Base64: "${excerpt(bare)}"` };
}

/**
 * Splits a comma-separated list, in time that grows no faster than the text. A comma counts only
 * where another image begins after it, so that commas inside URLs and data: URIs stay.
 */
export function splitImageList(text: string): string[] {
	const entries: string[] = [];
	let before = '';
	for (const part of text.split(',')) {
		const last = entries.length - 1;
		if (last < 0 || (LIST_ENTRY.test(part) && !BASE64_HEAD.test(before.slice(-HEAD_LENGTH)))) {
			entries.push(part);
		} else {
			entries[last] += `,${part}`;
		}
		before = part;
	}
	return entries
		.flatMap((entry) => entry.split(SPACED_ENTRY))
		.map(trimCommas)
		.filter((entry) => entry !== '');
}

function trimCommas(text: string): string {
	const isGap = (character: string | undefined) =>
		character !== undefined && /[\s,]/.test(character);
	let start = 0;
	let end = text.length;
	while (start < end && isGap(text[start])) start += 1;
	while (end > start && isGap(text[end - 1])) end -= 1;
	return text.slice(start, end);
}

function readUrl(text: string): ReadText {
	if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
		return { kind: 'unclear', what: `is not a complete URL: "${excerpt(text)}"` };
	}
	if (/\shttps?:\/\//i.test(text)) {
		return { kind: 'unclear', what: 'holds several URLs: give each its own row' };
	}
	return { kind: 'url', url: new URL(text).href };
}

/** The declared type is not looked at: the content decides. */
function readDataUri(text: string): ReadText {
	const comma = text.slice(0, HEAD_LENGTH).indexOf(',');
	if (comma === -1 || !BASE64_HEAD.test(text.slice(0, comma))) {
		return { kind: 'unclear', what: 'is a data: URI without Base64 content' };
	}
	return { kind: 'base64', text: text.slice(comma + 1) };
}

function looksLikeBase64(text: string): boolean {
	return text.length >= SHORTEST_BASE64 && /^[A-Za-z0-9+/_=\s-]+$/.test(text.slice(0, 200));
}

function unquote(text: string): string {
	return /^(["'`]).*\1$/s.test(text) ? text.slice(1, -1).trim() : text;
}

function excerpt(text: string): string {
	const withoutQuery = text.split('?')[0] ?? '';
	return withoutQuery.length > 40 ? `${withoutQuery.slice(0, 40)}…` : withoutQuery;
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
