// Tells, while the bytes pass by, whether they are a whole MP4 file; keeps the first 64 of them.

/** What the first bytes look like when they are no MP4. */
export type ContentGuess = 'nothing' | 'html' | 'xml' | 'json' | 'text' | 'unknown';

export type Mp4Result = { bytes: number } & (
	| {
			kind: 'complete';
			/** Something follows the movie that is not a whole box: a tag, a line break, or a part that is cut. */
			hasTrailer: boolean;
	  }
	/** The file proves that some of it is missing. */
	| { kind: 'cut'; reason: string }
	/** A box has an impossible size, or there are too many, so that nothing after it can be told. */
	| { kind: 'unreadable' }
	| { kind: 'notMp4'; startsLike: ContentGuess }
);

interface Mp4Inspector {
	/** Takes the next piece, of any size. Pieces are not kept. */
	push(chunk: Uint8Array): void;
	/** True as soon as the first bytes prove that this is no MP4; later pieces change nothing. */
	readonly notMp4: boolean;
	/** To be called once, after the last piece. */
	end(): Mp4Result;
}

/** Size and type, or size 1, type and a 64-bit size. */
const SHORT_HEADER = 8;
const LONG_HEADER = 16;
const HEAD_BYTES = 64;
/** Where the walk ends: a file of boxes of 8 bytes would take minutes of the processor. */
const MAX_BOXES = 100_000;
/** With which a file may begin; `ftyp` came later than the format. */
const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide']);
/** The boxes without whose end a part of the movie is missing: index, content, index of a fragment. */
const MOVIE_BOXES = new Set(['moov', 'mdat', 'moof']);

/**
 * Walks the outermost boxes of an ISO base media file: `moov` and `mdat` must be there and whole, in
 * any order; sizes of 32 and 64 bits and "to the end of the file" are known.
 *
 * A fragmented file that is cut exactly between two boxes looks whole: there only the announced
 * length tells, which is the caller's to compare.
 *
 * @see ISO/IEC 14496-12, section 4.2 (boxes)
 */
export function createMp4Inspector(): Mp4Inspector {
	return new BoxWalker();
}

class BoxWalker implements Mp4Inspector {
	notMp4 = false;

	private position = 0;
	/** The first bytes, to say what it is when it is no MP4. */
	private readonly head = new ByteBuffer(HEAD_BYTES);
	private readonly header = new ByteBuffer(LONG_HEADER);
	/** How many bytes the header under way has in all. */
	private headerLength = SHORT_HEADER;
	/** Where the box ends that is passed over; Infinity for "to the end of the file". */
	private boxEnd = 0;
	private boxType = '';
	private isBroken = false;
	private boxes = 0;
	/** The types of the movie's boxes that have begun. */
	private readonly seen = new Set<string>();

	push(chunk: Uint8Array): void {
		this.head.take(chunk, HEAD_BYTES);
		let offset = 0;
		while (offset < chunk.length && !this.notMp4 && !this.isBroken) {
			offset += this.step(chunk.subarray(offset));
		}
		this.position += chunk.length - offset;
	}

	end(): Mp4Result {
		const bytes = this.position;
		if (this.boxType === '') {
			return { kind: 'notMp4', startsLike: guessContent(this.head.bytes()), bytes };
		}
		const isInBox = !this.isBroken && this.position < this.boxEnd && this.boxEnd !== Infinity;
		if (isInBox && MOVIE_BOXES.has(this.boxType)) return this.cut('the file ends in the middle');
		const hasAll = this.seen.has('moov') && this.seen.has('mdat');
		if (hasAll) {
			const hasTrailer = isInBox || this.isBroken || this.header.length > 0;
			return { kind: 'complete', hasTrailer, bytes };
		}
		if (this.isBroken) return { kind: 'unreadable', bytes };
		return this.seen.has('moov')
			? this.cut('the pictures of the file (mdat) are missing')
			: this.cut('the index of the file (moov) is missing');
	}

	private cut(reason: string): Mp4Result {
		return { kind: 'cut', reason, bytes: this.position };
	}

	/** Consumes at least one byte and returns how many. */
	private step(chunk: Uint8Array): number {
		if (this.position < this.boxEnd) {
			const passed = Math.min(chunk.length, this.boxEnd - this.position);
			this.position += passed;
			return passed;
		}
		const taken = this.header.take(chunk, this.headerLength);
		this.position += taken;
		if (this.header.length === this.headerLength) this.readHeader();
		return taken;
	}

	private readHeader(): void {
		const bytes = this.header.bytes();
		const type = String.fromCharCode(...bytes.subarray(4, 8));
		if (this.boxType === '' && !FIRST_BOXES.has(type)) {
			this.notMp4 = true;
			return;
		}
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
		const size = view.getUint32(0);
		if (size === 1 && this.headerLength === SHORT_HEADER) {
			this.headerLength = LONG_HEADER;
			return;
		}
		// Exact up to 2^53.
		const longSize = () => view.getUint32(8) * 2 ** 32 + view.getUint32(12);
		this.enterBox(type, size === 0 ? Infinity : size === 1 ? longSize() : size);
	}

	private enterBox(type: string, size: number): void {
		this.boxType = type;
		this.boxes += 1;
		this.isBroken = size < this.headerLength || this.boxes > MAX_BOXES;
		this.boxEnd = this.position - this.headerLength + size;
		if (!this.isBroken && MOVIE_BOXES.has(type)) this.seen.add(type);
		this.header.length = 0;
		this.headerLength = SHORT_HEADER;
	}
}

/** Gathers the first bytes up to a bound, across pieces. */
class ByteBuffer {
	private readonly store: Uint8Array;
	length = 0;

	constructor(capacity: number) {
		this.store = new Uint8Array(capacity);
	}

	/** Takes bytes until `limit` are held and returns how many it took. */
	take(chunk: Uint8Array, limit: number): number {
		const taken = Math.min(chunk.length, limit - this.length);
		this.store.set(chunk.subarray(0, taken), this.length);
		this.length += taken;
		return taken;
	}

	bytes(): Uint8Array {
		return this.store.subarray(0, this.length);
	}
}

/** Tells from its first bytes what was sent in place of a video, for the message. */
function guessContent(head: Uint8Array): ContentGuess {
	if (head.length === 0) return 'nothing';
	const text = String.fromCharCode(...head)
		.replace(/^\xef\xbb\xbf/, '')
		.trimStart()
		.toLowerCase();
	if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'html';
	if (text.startsWith('<')) return 'xml';
	if (text.startsWith('{') || text.startsWith('[')) return 'json';
	return /^[\x09\x0a\x0d\x20-\x7e]*$/.test(text) ? 'text' : 'unknown';
}
