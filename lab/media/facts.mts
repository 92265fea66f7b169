// What a video file really holds, read by a library that is not ours.
import { createFile, MP4BoxBuffer } from 'mp4box';

interface VideoFacts {
	durationSeconds: number;
	width: number;
	height: number;
	codec: string;
}

/**
 * @param file a whole MP4
 * @throws Error when it has no video track
 */
export function videoFacts(file: Buffer): VideoFacts {
	const parser = createFile();
	let facts: VideoFacts | undefined;
	parser.onReady = (info) => {
		const [track] = info.videoTracks;
		if (!track) return;
		facts = {
			durationSeconds: info.duration / info.timescale,
			width: track.video?.width ?? track.track_width,
			height: track.video?.height ?? track.track_height,
			codec: track.codec,
		};
	};
	const bytes = new Uint8Array(file);
	parser.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0), true);
	parser.flush();
	if (!facts) throw new Error('The file has no video track');
	return facts;
}
