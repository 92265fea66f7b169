// Reads what a player would say about an MP4: size, length, frames a second, kinds of tracks (ISO/IEC 14496-12).

interface Mp4Facts {
	width: number;
	height: number;
	seconds: number;
	framesPerSecond: number;
	/** of each track, e.g. `H.264`, `AAC` */
	codecs: string[];
	bytes: number;
}

interface Box {
	type: string;
	content: Buffer;
}

/** Usual codecs by the name that a file gives them. */
const CODECS: Readonly<Record<string, string>> = {
	avc1: 'H.264',
	avc3: 'H.264',
	hvc1: 'H.265',
	hev1: 'H.265',
	av01: 'AV1',
	mp4a: 'AAC',
};

/** Kinds of tracks, as the `hdlr` box names them. */
const VIDEO = 'vide';

/**
 * Reads a whole file.
 * @throws Error when it is no MP4, is cut off, or has no picture
 */
export function readMp4(file: Buffer): Mp4Facts {
	const boxes = boxesIn(file);
	if (boxes[0]?.type !== 'ftyp') throw new Error('it does not begin as an MP4 does');
	const movie = childrenOf(boxes, 'moov');
	const { timescale, duration } = times(contentOf(movie, 'mvhd'));
	const tracks = movie.filter(({ type }) => type === 'trak').map(({ content }) => boxesIn(content));
	const picture = tracks.find((track) => kindOf(track) === VIDEO);
	if (picture === undefined) throw new Error('it has no picture');
	const size = contentOf(picture, 'tkhd');
	const own = times(contentOf(childrenOf(picture, 'mdia'), 'mdhd'));
	return {
		// 16.16 fixed point, the last eight bytes of the box.
		width: size.readUInt32BE(size.length - 8) / 65_536,
		height: size.readUInt32BE(size.length - 4) / 65_536,
		seconds: duration / timescale,
		framesPerSecond: framesIn(picture) / (own.duration / own.timescale),
		codecs: tracks.map(codecOf),
		bytes: file.length,
	};
}

/** "16:9", or the plain quotient where no usual ratio is near. */
export function ratioOf({ width, height }: Pick<Mp4Facts, 'width' | 'height'>): string {
	const usual = ['16:9', '9:16', '1:1', '4:3', '3:4'];
	const near = usual.find((ratio) => {
		const [across = 1, down = 1] = ratio.split(':').map(Number);
		return Math.abs(width / height / (across / down) - 1) < 0.02;
	});
	return near ?? (width / height).toFixed(2);
}

function boxesIn(data: Buffer): Box[] {
	const boxes: Box[] = [];
	for (let at = 0; at + 8 <= data.length;) {
		const short = data.readUInt32BE(at);
		const header = short === 1 ? 16 : 8;
		const length = short === 1 ? Number(data.readBigUInt64BE(at + 8)) : short || data.length - at;
		if (length < header || at + length > data.length) throw new Error('it is cut off');
		boxes.push({
			type: data.toString('latin1', at + 4, at + 8),
			content: data.subarray(at + header, at + length),
		});
		at += length;
	}
	return boxes;
}

function contentOf(boxes: Box[], type: string): Buffer {
	const found = boxes.find((box) => box.type === type);
	if (found === undefined) throw new Error(`it lacks its "${type}" part`);
	return found.content;
}

function childrenOf(boxes: Box[], type: string): Box[] {
	return boxesIn(contentOf(boxes, type));
}

/** Of `mvhd` and `mdhd`: version 1 has dates and duration in 64 bits. */
function times(box: Buffer): { timescale: number; duration: number } {
	return box[0] === 1
		? { timescale: box.readUInt32BE(20), duration: Number(box.readBigUInt64BE(24)) }
		: { timescale: box.readUInt32BE(12), duration: box.readUInt32BE(16) };
}

function kindOf(track: Box[]): string {
	return contentOf(childrenOf(track, 'mdia'), 'hdlr').toString('latin1', 8, 12);
}

function samplesOf(track: Box[]): Box[] {
	return childrenOf(childrenOf(childrenOf(track, 'mdia'), 'minf'), 'stbl');
}

function codecOf(track: Box[]): string {
	const name = contentOf(samplesOf(track), 'stsd').toString('latin1', 12, 16);
	return CODECS[name] ?? name;
}

function framesIn(track: Box[]): number {
	const table = contentOf(samplesOf(track), 'stts');
	let frames = 0;
	for (let row = 0; row < table.readUInt32BE(4); row++) frames += table.readUInt32BE(8 + row * 8);
	return frames;
}
