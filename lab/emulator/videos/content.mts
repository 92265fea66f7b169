// The bytes of a video as a stream: the sample, padded to any size without holding it in memory.

const CHUNK_BYTES = 256 * 1024;
const MAX_BOX_BYTES = 2 ** 32 - 1;

export interface Content {
	readonly length: number;
	/** The chunks up to `end` bytes. */
	chunks(end: number): Generator<Buffer>;
}

/** The file, or the file and a `free` box after it up to `bytes`; still a valid MP4. */
export function contentOf(file: Buffer, bytes = 0): Content {
	const padding = Math.min(Math.max(bytes - file.length, 0), MAX_BOX_BYTES);
	const box = padding < 8 ? Buffer.alloc(0) : freeBoxHeader(padding);
	const head = Buffer.concat([file, box]);
	const length = box.length === 0 ? file.length : file.length + padding;
	return { length, chunks: (end) => chunksOf(head, Math.min(end, length)) };
}

function* chunksOf(head: Buffer, end: number): Generator<Buffer> {
	const zeros = Buffer.alloc(CHUNK_BYTES);
	for (let sent = 0; sent < end;) {
		const source = sent < head.length ? head.subarray(sent) : zeros;
		const chunk = source.subarray(0, Math.min(CHUNK_BYTES, end - sent));
		sent += chunk.length;
		yield chunk;
	}
}

function freeBoxHeader(size: number): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt32BE(size, 0);
	header.write('free', 4, 'latin1');
	return header;
}
