// Tells, while the bytes pass by, whether they are a whole MP4 file; keeps a few hundred bytes of them.
import { Collector, LEAF_LIMIT, uint64, viewOf } from './collector';
import { lookalike, type Lookalike } from './lookalike';

export interface Mp4Facts {
	/** How many bytes passed. */
	bytes: number;
	/** Of the movie header; undefined where it gives none (some fragmented files). */
	durationSeconds?: number;
	/** Of the first picture track, in pixels. */
	width?: number;
	height?: number;
}

export type Mp4Verdict =
	| ({ kind: 'complete' } & Mp4Facts)
	/** It begins as an MP4 but ends early, lacks its index or its content, or has a broken box. */
	| ({ kind: 'truncated'; reason: string } & Mp4Facts)
	| { kind: 'notMp4'; startsLike: Lookalike; bytes: number };

interface Mp4Inspector {
	/** Takes the next piece, of any size. Pieces are not kept. */
	push(chunk: Uint8Array): void;
	/** True as soon as the first bytes prove that this is no MP4; later pieces change nothing. */
	readonly notMp4: boolean;
	/** To be called once, after the last piece. */
	end(): Mp4Verdict;
}

/** Size and type, or size 1, type and a 64-bit size. */
const SHORT_HEADER = 8;
const LONG_HEADER = 16;
const CONTAINERS = new Set(['moov', 'trak', 'mvex']);
const LEAVES = new Set(['mvhd', 'tkhd', 'mehd']);
const HEAD_LIMIT = 64;

/**
 * Walks the boxes of an ISO base media file: `ftyp` must come first, `moov` and `mdat` must be
 * there and whole, in any order; sizes of 32 and 64 bits and "to the end of the file" are known.
 *
 * A fragmented file that is cut exactly between two boxes looks whole: there only the announced
 * length tells, which is the caller's to compare.
 *
 * @see ISO/IEC 14496-12, section 4.2 (boxes) and 8.2.2, 8.3.2 (movie and track header)
 */
export function createMp4Inspector(): Mp4Inspector {
	return new BoxWalker();
}

class BoxWalker implements Mp4Inspector {
	notMp4 = false;

	private position = 0;
	/** The first bytes, to say what it is when it is no MP4. */
	private readonly head = new Collector();
	private readonly collected = new Collector();
	private state: 'header' | 'leaf' | 'skip' | 'broken' = 'header';
	/** How many bytes the header or leaf under way has in all. */
	private wanted = SHORT_HEADER;
	private leafType = '';
	/** Where the box that is skipped ends. */
	private boxEnd = 0;
	/** Where the containers end that the walk is in, outermost first. */
	private readonly containerEnds: number[] = [];
	private sawType = false;
	private sawIndex = false;
	private sawContent = false;
	private timescale = 0;
	private readonly facts: Omit<Mp4Facts, 'bytes'> = {};

	push(chunk: Uint8Array): void {
		this.head.take(chunk, 0, HEAD_LIMIT);
		let offset = 0;
		while (offset < chunk.length && !this.notMp4 && this.state !== 'broken') {
			offset += this.step(chunk, offset);
		}
		this.position += chunk.length - offset;
	}

	end(): Mp4Verdict {
		const bytes = this.position;
		if (!this.sawType) return { kind: 'notMp4', startsLike: lookalike(this.head.bytes()), bytes };
		const reason = this.whatIsMissing();
		if (reason === undefined) return { kind: 'complete', bytes, ...this.facts };
		return { kind: 'truncated', reason, bytes, ...this.facts };
	}

	private whatIsMissing(): string | undefined {
		const hasAll = this.sawIndex && this.sawContent;
		if (this.state === 'broken') return hasAll ? undefined : 'a part of it has an impossible size';
		if (this.containerEnds.length > 0 || this.isInsideBox()) return 'the file ends in the middle';
		if (!this.sawIndex) return 'the index of the file (moov) is missing';
		if (!this.sawContent) return 'the pictures of the file (mdat) are missing';
		return undefined;
	}

	private isInsideBox(): boolean {
		if (this.state === 'leaf') return true;
		if (this.state === 'header') return this.collected.length > 0;
		return this.boxEnd !== Infinity;
	}

	/** Consumes at least one byte and tells how many. */
	private step(chunk: Uint8Array, offset: number): number {
		if (this.state === 'skip') {
			const taken = Math.min(chunk.length - offset, this.boxEnd - this.position);
			this.advance(taken);
			if (this.position === this.boxEnd) this.expectHeader();
			return taken;
		}
		const taken = this.collected.take(chunk, offset, this.wanted);
		this.advance(taken);
		if (this.collected.length < this.wanted) return taken;
		if (this.state === 'leaf') this.readLeaf();
		else this.readHeader();
		return taken;
	}

	private advance(count: number): void {
		this.position += count;
	}

	private expectHeader(): void {
		this.state = 'header';
		this.wanted = SHORT_HEADER;
		this.collected.clear();
		while (this.containerEnds.at(-1) === this.position) this.containerEnds.pop();
	}

	private readHeader(): void {
		const header = this.collected.bytes();
		const view = viewOf(header);
		const type = String.fromCharCode(...header.subarray(4, 8));
		if (!this.sawType && type !== 'ftyp') {
			this.notMp4 = true;
			return;
		}
		const size = view.getUint32(0);
		if (size === 1 && this.wanted === SHORT_HEADER) {
			this.wanted = LONG_HEADER;
			return;
		}
		this.enterBox(type, this.boxSize(view, size));
	}

	private boxSize(view: DataView, size: number): number {
		if (size === 0) return Infinity;
		if (size !== 1) return size;
		return uint64(view, 8);
	}

	private enterBox(type: string, size: number): void {
		const headerLength = this.collected.length;
		const end = this.position - headerLength + size;
		const parentEnd = this.containerEnds.at(-1) ?? Infinity;
		if (size < headerLength || end > parentEnd || (size === Infinity && parentEnd !== Infinity)) {
			this.leaveBroken();
			return;
		}
		this.sawType = true;
		if (type === 'moov') this.sawIndex = true;
		if (type === 'mdat') this.sawContent = true;
		this.walkInto(type, end);
	}

	/** An odd box inside the index costs its facts, not the video; bytes after a whole file are let be. */
	private leaveBroken(): void {
		const outermost = this.containerEnds[0];
		this.containerEnds.length = 0;
		this.state = outermost === undefined ? 'broken' : 'skip';
		this.boxEnd = outermost ?? 0;
		if (outermost === this.position) this.expectHeader();
	}

	private walkInto(type: string, end: number): void {
		const length = end - this.position;
		if (CONTAINERS.has(type) && end !== Infinity) {
			this.containerEnds.push(end);
			this.expectHeader();
			return;
		}
		if (LEAVES.has(type) && length > 0 && length <= LEAF_LIMIT) {
			this.state = 'leaf';
			this.leafType = type;
			this.wanted = length;
			this.collected.clear();
			return;
		}
		this.state = 'skip';
		this.boxEnd = end;
		if (length === 0) this.expectHeader();
	}

	private readLeaf(): void {
		const view = viewOf(this.collected.bytes());
		if (this.leafType === 'mvhd') this.readMovieHeader(view);
		if (this.leafType === 'mehd') this.readFragmentDuration(view);
		if (this.leafType === 'tkhd') this.readTrackHeader(view);
		this.expectHeader();
	}

	private readMovieHeader(view: DataView): void {
		const long = view.getUint8(0) === 1;
		if (view.byteLength < (long ? 32 : 20)) return;
		this.timescale = view.getUint32(long ? 20 : 12);
		this.noteDuration(long ? uint64(view, 24) : view.getUint32(16));
	}

	private readFragmentDuration(view: DataView): void {
		const long = view.getUint8(0) === 1;
		if (view.byteLength < (long ? 12 : 8)) return;
		this.noteDuration(long ? uint64(view, 4) : view.getUint32(4));
	}

	private noteDuration(units: number): void {
		const isUnknown = units === 0 || units === 0xffffffff || units >= 2 ** 63;
		if (isUnknown || this.timescale === 0) return;
		this.facts.durationSeconds = units / this.timescale;
	}

	/** The last eight bytes are width and height, as 16.16 numbers; sound tracks have zeros there. */
	private readTrackHeader(view: DataView): void {
		if (view.byteLength < 84 || this.facts.width !== undefined) return;
		const width = view.getUint32(view.byteLength - 8) / 65536;
		const height = view.getUint32(view.byteLength - 4) / 65536;
		if (width === 0 || height === 0) return;
		this.facts.width = Math.round(width);
		this.facts.height = Math.round(height);
	}
}
