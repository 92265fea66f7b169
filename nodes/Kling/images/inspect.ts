// Facts of an image from its bytes: what it is and how big. Knows no limit and never throws.
import { readJpeg } from './jpeg';
import { readPng } from './png';

export type ContentType =
	| 'jpeg'
	| 'png'
	| 'webp'
	| 'heic'
	| 'avif'
	| 'gif'
	| 'bmp'
	| 'tiff'
	| 'svg'
	| 'pdf'
	| 'mp4'
	| 'html'
	| 'json'
	| 'empty'
	| 'unknown';

export interface ImageFacts {
	/** By content; names and declared types are not looked at. */
	type: ContentType;
	bytes: number;
	/** As shown, in pixels; only of JPEG and PNG, absent when the file is broken. */
	width?: number;
	height?: number;
	/** Of JPEG and PNG: false when the file is cut off. */
	complete?: boolean;
}

/** How much of a text is looked at to tell what it is. */
const TEXT_HEAD = 1024;

/** @param content the whole file */
export function inspectImage(content: Buffer): ImageFacts {
	const type = contentType(content);
	const facts: ImageFacts = { type, bytes: content.length };
	if (type === 'png') return { ...facts, ...readPng(content) };
	if (type === 'jpeg') return { ...facts, ...readJpeg(content) };
	return facts;
}

function contentType(content: Buffer): ContentType {
	if (content.length === 0) return 'empty';
	const head = content.toString('latin1', 0, 16);
	if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
	if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
	if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'webp';
	if (head.startsWith('GIF8')) return 'gif';
	if (head.startsWith('BM')) return 'bmp';
	if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'tiff';
	if (head.startsWith('%PDF')) return 'pdf';
	if (head.slice(4, 8) === 'ftyp') return boxedType(content);
	return textType(content);
}

/** HEIC, AVIF and MP4 share a container; its brands tell them apart. */
function boxedType(content: Buffer): ContentType {
	const length = Math.min(content.readUInt32BE(0), 256);
	const brands = content.toString('latin1', 8, length);
	if (/avi[fs]/.test(brands)) return 'avif';
	if (/hei[cxms]|hev[cxms]|mif1|msf1/.test(brands)) return 'heic';
	return 'mp4';
}

function textType(content: Buffer): ContentType {
	const text = content
		.toString('utf8', 0, TEXT_HEAD)
		.replace(/^\ufeff/, '')
		.trimStart();
	if (/^(<\?xml|<!--|<!doctype svg|<svg)/i.test(text) && /<svg[\s>]/i.test(text)) return 'svg';
	if (/^(<!doctype html|<html|<head|<body|<!--)/i.test(text)) return 'html';
	if (/^[{[]/.test(text) && /^[^\0]*$/.test(text)) return 'json';
	return 'unknown';
}
