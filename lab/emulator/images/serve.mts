// Serves test images: good ones, and one for each way to be refused.
import type { ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const FOLDER = new URL('../samples/images/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
	png: 'image/png',
	jpg: 'image/jpeg',
	webp: 'image/webp',
};

/** The images in the samples folder, by name. */
export const IMAGE_NAMES = [
	'dog.png',
	'jacket.jpg',
	'ball.png',
	'garden.jpg',
	'narrowest.png',
	'too-small.png',
	'too-wide.png',
	'picture.webp',
] as const;

const HUGE_BYTES = 11 * 1024 * 1024;

/**
 * Answers `/images/<name>`: the samples, `huge.png` (over 10 MB), `not-an-image.png` (text),
 * `hang.png` (never answers) and `redirect/<name>`. Returns the HTTP status, undefined for `hang.png`.
 */
export async function serveImage(
	response: ServerResponse,
	path: string,
): Promise<number | undefined> {
	const name = path.replace(/^\/images\//, '');
	if (name === 'hang.png') return undefined;
	if (name.startsWith('redirect/')) {
		response.writeHead(302, { location: `/images/${name.slice('redirect/'.length)}` }).end();
		return 302;
	}
	const content = await contentOf(name);
	if (content === undefined) {
		response.writeHead(404, { 'content-type': 'text/plain' }).end('Not Found');
		return 404;
	}
	const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
	response.writeHead(200, { 'content-type': type, 'content-length': content.length }).end(content);
	return 200;
}

async function contentOf(name: string): Promise<Buffer | undefined> {
	if (name === 'not-an-image.png') return Buffer.from('This is a text, whatever its name says.\n');
	if (name === 'huge.png') return pad(await readFile(new URL('ball.png', FOLDER)), HUGE_BYTES);
	const known = IMAGE_NAMES.find((listed) => listed === name);
	return known === undefined ? undefined : readFile(new URL(known, FOLDER));
}

/** Puts a private chunk of zeros before IEND; the file stays a valid PNG. */
export function pad(png: Buffer, bytes: number): Buffer {
	const zeros = Buffer.alloc(Math.max(0, bytes - png.length - 12));
	const typed = Buffer.concat([Buffer.from('paDd', 'latin1'), zeros]);
	const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
	length.writeUInt32BE(zeros.length);
	check.writeUInt32BE(crc32(typed));
	const end = png.length - 12;
	return Buffer.concat([png.subarray(0, end), length, typed, check, png.subarray(end)]);
}
