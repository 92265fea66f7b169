// Why a transfer did not give a video, and whether another try can help.
import type { Lookalike } from './lookalike';
import type { Mp4Verdict } from './mp4';

/** Why there is no file; decides what the user is told to do. */
export type DownloadFailure =
	'stopped' | 'linkDead' | 'tooBig' | 'notVideo' | 'broken' | 'unreachable' | 'storage';

export interface Setback {
	kind: 'setback';
	why: DownloadFailure;
	/** Ends the sentence "The video was not downloaded: …". */
	reason: string;
	next: 'again' | 'refresh' | 'giveUp';
}

export function setback(why: DownloadFailure, next: Setback['next'], reason: string): Setback {
	return { kind: 'setback', why, next, reason };
}

/** Judges the status and the announced length, before anything of the body is read. */
export function judgeAnswer(
	status: number,
	length: number | undefined,
	maxBytes: number,
): Setback | undefined {
	if (status === 408 || status === 425 || status === 429 || status >= 500) {
		return setback('unreachable', 'again', `the server answered with status ${status}`);
	}
	if (status !== 200) {
		return setback('linkDead', 'refresh', `the link was answered with status ${status}`);
	}
	if (length !== undefined && length > maxBytes) return tooBig(length, maxBytes);
	return undefined;
}

/** Judges the bytes that came; undefined when they are a whole video. */
export function judgeVerdict(
	verdict: Mp4Verdict,
	announced: number | undefined,
): Setback | undefined {
	if (verdict.kind === 'notMp4') {
		if (verdict.startsLike === 'nothing') return setback('broken', 'again', 'the file is empty');
		return setback('notVideo', 'refresh', `the link leads to ${looks(verdict.startsLike)}`);
	}
	if (announced !== undefined && verdict.bytes < announced) {
		return setback('broken', 'again', `only ${verdict.bytes} of ${announced} bytes arrived`);
	}
	if (verdict.kind === 'truncated') {
		return setback('broken', 'again', `${verdict.reason}, after ${verdict.bytes} bytes`);
	}
	return undefined;
}

export function tooBig(bytes: number, maxBytes: number): Setback {
	const inMegabytes = (count: number) => `${Math.round(count / 1e6)} MB`;
	return setback(
		'tooBig',
		'giveUp',
		`it has at least ${inMegabytes(bytes)}, and the limit is ${inMegabytes(maxBytes)}`,
	);
}

function looks(like: Lookalike): string {
	if (like === 'html') return 'a web page, not to an MP4 file';
	if (like === 'unknown' || like === 'nothing') return 'something that is not an MP4 file';
	return `${like === 'text' ? 'plain text' : like.toUpperCase()}, not to an MP4 file`;
}
