// The part of a request that is kept: every field, but a line about each image in place of its bytes.
import { createHash } from 'node:crypto';
import { isBad, type Checked } from '../images/check.mts';
import type { Family } from './families.mts';
import { objects, type Body } from './fields.mts';

/** The request with its images described; fields in alphabetical order. */
export function summarise(family: Family, body: Body, images: readonly Checked[]): Body {
	const list = objects(body, 'image_list');
	if (typeof list === 'string' || list.length === 0) return sorted(body);
	const lines = list.map((item, position) => ({
		...item,
		[family.imageKey]: describe(item[family.imageKey], images[position]),
	}));
	return sorted({ ...body, image_list: lines });
}

const NOT_WORK = ['external_task_id', 'callback_url'];

/** SHA-256 of the work that a summary asks for, whatever its key and callback URL. */
export function hashOf(summary: Body): string {
	const work = Object.entries(summary).filter(([name]) => !NOT_WORK.includes(name));
	return createHash('sha256').update(JSON.stringify(work)).digest('hex');
}

function describe(reference: unknown, image: Checked | undefined): unknown {
	if (image === undefined || isBad(image) || image.from === 'url') return reference;
	const { type, width, height, bytes, sha256 } = image;
	return `<base64 ${type} ${width}x${height}, ${bytes} bytes, sha256 ${sha256}>`;
}

function sorted(body: Body): Body {
	return Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1)));
}
