// From the parameters of one item to its images, in the order in which they are sent.
import { z } from 'zod';

import { refused, type ImageSource, type Refused } from './source';
import { readImageText, splitImageList } from './text';

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

const rowsSchema = z.object({
	image: z
		.array(
			z.object({
				source: z.enum(['url', 'binary', 'base64']).optional(),
				url: z.unknown().optional(),
				binaryPropertyName: z.unknown().optional(),
				base64: z.unknown().optional(),
			}),
		)
		.optional(),
});

type Row = NonNullable<z.infer<typeof rowsSchema>['image']>[number];

/**
 * @param fields the binary fields of the item, for `*`
 * @returns the sources, at least one; whether they are too many is `checkCount`'s to say
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

/**
 * @param count how many images there are
 * @param limits the model family's
 * @returns undefined when the count fits
 */
export function checkCount(
	count: number,
	limits: { label: string; minImages: number; maxImages: number },
): Refused | undefined {
	const { label, minImages, maxImages } = limits;
	if (count >= minImages && count <= maxImages) return undefined;
	const given = count === 1 ? '1 image was given' : `${count} images were given`;
	return refused(
		`${given}; ${label} takes ${minImages} to ${maxImages}`,
		count > maxImages
			? `Remove ${count - maxImages} of the images. A * in 'Input Data Field Name' stands for all images of the item.`
			: `Add ${minImages - count} more.`,
	);
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
		sources.push(...found.sources);
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
		const found = collectText(entry, "'Images (JSON)'", sources.length + 1);
		if (found.kind === 'refused') return found;
		sources.push(...found.sources);
	}
	return { kind: 'collected', sources };
}

/** @returns undefined when the text is meant as JSON but is none */
function jsonEntries(value: unknown): unknown[] | undefined {
	if (Array.isArray(value)) return value;
	if (value === undefined || value === null) return [];
	if (typeof value !== 'string') return [value];
	const text = value.trim();
	if (!/^[[{"]/.test(text)) return splitImageList(text);
	const parsed = parseJson(text);
	if (typeof parsed === 'string') return splitImageList(parsed);
	return parsed === undefined ? undefined : jsonEntries(parsed);
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

const imageObject = z.object({ image: z.unknown().optional(), image_url: z.unknown().optional(), url: z.unknown().optional() });

/** A text, or the text inside `{image}`, `{image_url}` or `{url}`, also one in the other. */
function textOf(value: unknown): string | undefined {
	if (typeof value === 'string') return value;
	if (value === undefined || value === null) return '';
	const parsed = imageObject.safeParse(value);
	if (!parsed.success) return undefined;
	const inner = parsed.data.image ?? parsed.data.image_url ?? parsed.data.url;
	return inner === undefined || inner === null ? undefined : textOf(inner);
}
