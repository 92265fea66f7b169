// Holds the few bytes of an MP4 that are read as numbers: headers and small boxes, across pieces.

/** Enough for `mvhd`, `tkhd` and `mehd` of both versions (120 bytes at most). */
export const LEAF_LIMIT = 128;

/** Gathers bytes up to a bound, across pieces. */
export class Collector {
	private readonly store = new Uint8Array(LEAF_LIMIT);
	length = 0;

	/** Takes bytes until `limit` are held; tells how many it took. */
	take(chunk: Uint8Array, offset: number, limit: number): number {
		const taken = Math.min(chunk.length - offset, limit - this.length);
		this.store.set(chunk.subarray(offset, offset + taken), this.length);
		this.length += taken;
		return taken;
	}

	bytes(): Uint8Array {
		return this.store.subarray(0, this.length);
	}

	clear(): void {
		this.length = 0;
	}
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Exact up to 2^53. */
export function uint64(view: DataView, offset: number): number {
	return view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
}
