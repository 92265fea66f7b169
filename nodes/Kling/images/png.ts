// Reads the sides of a PNG from its first chunk, and whether its last chunk is there.

export interface Picture {
	/** As shown, in pixels. */
	width: number;
	height: number;
	/** False when the file ends before its last part. */
	complete: boolean;
}

const SIGNATURE_LENGTH = 8;
/** Length, type and checksum around the data of a chunk. */
const CHUNK_FRAME = 12;

/**
 * @param bytes begin with the PNG signature
 * @returns undefined when the header is broken
 * @see https://www.w3.org/TR/png-3/#11IHDR (first chunk, sides at its start, never 0)
 */
export function readPng(bytes: Buffer): Picture | undefined {
	const isHeader =
		bytes.length >= 33 &&
		bytes.readUInt32BE(SIGNATURE_LENGTH) === 13 &&
		bytes.toString('latin1', 12, 16) === 'IHDR';
	if (!isHeader) return undefined;
	const width = bytes.readUInt32BE(16);
	const height = bytes.readUInt32BE(20);
	if (width === 0 || height === 0) return undefined;
	return { width, height, complete: hasEnd(bytes) };
}

/** Walks from chunk to chunk until IEND. */
function hasEnd(bytes: Buffer): boolean {
	let offset = SIGNATURE_LENGTH;
	while (offset + CHUNK_FRAME <= bytes.length) {
		if (bytes.toString('latin1', offset + 4, offset + 8) === 'IEND') return true;
		offset += CHUNK_FRAME + bytes.readUInt32BE(offset);
	}
	return false;
}
