// Reads the sides of a JPEG as it is shown, from its frame header and its EXIF orientation.
import type { Picture } from './png';

/** Start of frame: C0 to CF but for C4 (tables), C8 (reserved) and CC (arithmetic coding tables). */
const isFrame = (marker: number) =>
	marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Markers that stand alone, without a length: TEM, RST0 to RST7, SOI. */
const standsAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const SCAN = 0xda;
const END = 0xd9;
const APP1 = 0xe1;
const ORIENTATION_TAG = 0x0112;

/**
 * Walks the segments up to the first scan; fill bytes before a marker are allowed.
 *
 * @param bytes begin with FF D8
 * @returns undefined when no frame header with both sides comes before the picture's data
 * @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf (ITU-T T.81, annex B)
 */
export function readJpeg(bytes: Buffer): Picture | undefined {
	let frame: { width: number; height: number } | undefined;
	let turned = false;
	let offset = 2;
	for (;;) {
		const marker = markerAt(bytes, offset);
		if (!marker) return undefined;
		offset = marker.next;
		if (standsAlone(marker.code)) continue;
		if (marker.code === END) return undefined;
		if (marker.code === SCAN) return frame && picture(frame, turned, bytes, offset);
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

function readFrame(segment: Buffer): { width: number; height: number } | undefined {
	if (segment.length < 6) return undefined;
	const height = segment.readUInt16BE(1);
	const width = segment.readUInt16BE(3);
	return width === 0 || height === 0 ? undefined : { width, height };
}

function picture(
	frame: { width: number; height: number },
	turned: boolean,
	bytes: Buffer,
	scanStart: number,
): Picture {
	const complete = bytes.lastIndexOf(Buffer.from([0xff, END])) >= scanStart;
	if (!turned) return { ...frame, complete };
	return { width: frame.height, height: frame.width, complete };
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
