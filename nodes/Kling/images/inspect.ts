// Facts of an image from its bytes: what it is, how big, and how it ends. Knows no limit, never throws.

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
	/** Only of JPEG and PNG, absent when the file is broken. */
	ending?: Ending;
}

/**
 * - `whole`: the mark of its end is there
 * - `unmarked`: a JPEG without that mark, which every decoder shows; it may be whole or cut
 * - `cut`: the file ends before its picture does
 */
type Ending = 'whole' | 'unmarked' | 'cut';

type Frame = { width: number; height: number };
type Picture = Required<Pick<ImageFacts, 'width' | 'height' | 'ending'>>;

const SIGNATURE_LENGTH = 8;
/** Length, type and checksum around the data of a chunk. */
const CHUNK_FRAME = 12;
/** The type of the last chunk, as a number: "IEND". */
const IEND = 0x49454e44;

/** Start of frame: C0 to CF but for C4 (tables), C8 (reserved) and CC (arithmetic coding tables). */
const isFrame = (marker: number) =>
	marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Markers that stand alone, without a length: TEM, RST0 to RST7, SOI. */
const standsAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const SCAN = 0xda;
const END = 0xd9;
const END_MARK = Buffer.from([0xff, END]);
const APP1 = 0xe1;
const ORIENTATION_TAG = 0x0112;

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

/**
 * @param bytes begin with the PNG signature
 * @returns undefined when the header is broken
 * @see https://www.w3.org/TR/png-3/#11IHDR (first chunk, sides at its start, never 0)
 */
function readPng(bytes: Buffer): Picture | undefined {
	const isHeader =
		bytes.length >= 33 &&
		bytes.readUInt32BE(SIGNATURE_LENGTH) === 13 &&
		bytes.toString('latin1', 12, 16) === 'IHDR';
	if (!isHeader) return undefined;
	const width = bytes.readUInt32BE(16);
	const height = bytes.readUInt32BE(20);
	if (width === 0 || height === 0) return undefined;
	return { width, height, ending: hasEnd(bytes) ? 'whole' : 'cut' };
}

/** Walks from chunk to chunk until IEND. */
function hasEnd(bytes: Buffer): boolean {
	let offset = SIGNATURE_LENGTH;
	while (offset + CHUNK_FRAME <= bytes.length) {
		if (bytes.readUInt32BE(offset + 4) === IEND) return true;
		offset += CHUNK_FRAME + bytes.readUInt32BE(offset);
	}
	return false;
}

/**
 * Walks the segments up to the first scan; fill bytes before a marker are allowed.
 *
 * @param bytes begin with FF D8
 * @returns undefined when no frame header with both sides comes before the picture's data
 * @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf (ITU-T T.81, annex B)
 */
function readJpeg(bytes: Buffer): Picture | undefined {
	let frame: Frame | undefined;
	let turned = false;
	let offset = 2;
	for (;;) {
		const marker = markerAt(bytes, offset);
		if (!marker) return undefined;
		offset = marker.next;
		if (standsAlone(marker.code)) continue;
		if (marker.code === END) return undefined;
		if (marker.code === SCAN) return frame && shown(frame, turned, endingOf(bytes, offset));
		const end = segmentEnd(bytes, offset);
		if (end === undefined) return undefined;
		const segment = bytes.subarray(offset + 2, end);
		if (isFrame(marker.code)) frame = readFrame(segment);
		if (marker.code === APP1) turned = turned || isTurned(segment);
		offset = end;
	}
}

function markerAt(bytes: Buffer, offset: number): { code: number; next: number } | undefined {
	if (bytes[offset] !== 0xff) return undefined;
	let next = offset + 1;
	while (bytes[next] === 0xff) next += 1;
	const code = bytes[next];
	return code === undefined || code === 0 ? undefined : { code, next: next + 1 };
}

function segmentEnd(bytes: Buffer, offset: number): number | undefined {
	if (offset + 2 > bytes.length) return undefined;
	const length = bytes.readUInt16BE(offset);
	return length < 2 || offset + length > bytes.length ? undefined : offset + length;
}

function readFrame(segment: Buffer): Frame | undefined {
	if (segment.length < 6) return undefined;
	const height = segment.readUInt16BE(1);
	const width = segment.readUInt16BE(3);
	return width === 0 || height === 0 ? undefined : { width, height };
}

/** @param scan where the segment before the picture's data begins */
function endingOf(bytes: Buffer, scan: number): Ending {
	const data = segmentEnd(bytes, scan);
	if (data === undefined || data === bytes.length) return 'cut';
	return bytes.lastIndexOf(END_MARK) >= data ? 'whole' : 'unmarked';
}

function shown({ width, height }: Frame, turned: boolean, ending: Ending): Picture {
	return turned ? { width: height, height: width, ending } : { width, height, ending };
}

/**
 * True for the orientations 5 to 8, which show the picture lying on its side.
 *
 * @see https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E (Exif, 4.6.4)
 */
function isTurned(segment: Buffer): boolean {
	if (segment.length < 14 || segment.toString('latin1', 0, 6) !== 'Exif\0\0') return false;
	const tiff = segment.subarray(6);
	const little = tiff.toString('latin1', 0, 2) === 'II';
	const uint16 = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
	const uint32 = (at: number) => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
	const directory = uint32(4);
	if (directory + 2 > tiff.length) return false;
	const entries = uint16(directory);
	for (let entry = 0; entry < entries; entry += 1) {
		const at = directory + 2 + entry * 12;
		if (at + 12 > tiff.length) return false;
		if (uint16(at) === ORIENTATION_TAG) return uint16(at + 8) >= 5 && uint16(at + 8) <= 8;
	}
	return false;
}
