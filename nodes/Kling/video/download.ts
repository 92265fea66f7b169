// Brings a finished video into n8n's binary storage: streamed, checked on the way, begun anew when it breaks.
import type { Issue } from '../api/errors/error';
import { LINK_LIFE_DAYS } from '../api/task';
import type { ByteStream } from '../api/urls';
import {
	transfer,
	type DownloadFailure,
	type TransferLimits,
	type TransferPorts,
} from './transfer';

export interface DownloadPorts<Body extends ByteStream, Stored> extends TransferPorts<
	Body,
	Stored
> {
	/** Asks for the task again; undefined when there is no link any more. Never throws. */
	refresh(): Promise<string | undefined>;
	/** How long to wait before try number `attempt` (2 or more), in milliseconds. */
	backoffMs(attempt: number): number;
}

interface VideoLink {
	taskId: string;
	url: string;
}

export interface DownloadOptions extends Partial<TransferLimits> {
	/** How often to begin anew after a broken transfer, the first attempt included. Default: 3. */
	tries?: number;
}

export type DownloadResult<Stored> =
	/** `hint`: what the user should know of a file that may lack something. */
	| { kind: 'stored'; binary: Stored; hint?: string }
	| ({ kind: 'failed'; why: DownloadFailure } & Issue);

const VIDEO_MIME_TYPE = 'video/mp4';

const GIBIBYTE = 1024 ** 3;
const DEFAULT_LIMITS = { maxBytes: GIBIBYTE, stallSeconds: 60, limitSeconds: 3_600 };
/** A link that was renewed twice and is still refused will not work the third time. */
const MAX_REFRESHES = 2;

/**
 * Downloads the video of a finished task into n8n's storage.
 *
 * A transfer that breaks, stalls or ends early (by the announced length or by the structure of the
 * file) begins anew after a back-off. A link that is refused, or leads to a page instead of a
 * video, is renewed by asking for the task again, twice at most. Because the check happens before
 * the stream ends, n8n never keeps a file that did not pass it. What is not proven to be cut is
 * given out, with a hint where its end could not be checked.
 *
 * @param link the task's id and its newest link
 * @returns the stored file, or why there is none; never throws
 * @see https://kling.ai/document-api (result links are cleared after 30 days)
 */
export async function downloadVideo<Body extends ByteStream, Stored>(
	link: VideoLink,
	ports: DownloadPorts<Body, Stored>,
	options: DownloadOptions = {},
): Promise<DownloadResult<Stored>> {
	const { tries = 3, ...limits } = { ...DEFAULT_LIMITS, ...options };
	const { signal } = limits;
	const file = { name: videoFileName(link.taskId), mimeType: VIDEO_MIME_TYPE };
	let url = link.url;
	let refreshes = 0;
	let attempt = 1;
	while (!signal?.aborted) {
		const result = await transfer(url, file, ports, limits);
		if (result.kind === 'stored') {
			const { binary, doubt } = result;
			return { kind: 'stored', binary, ...(doubt && { hint: hintOn(link.taskId, doubt) }) };
		}
		if (signal?.aborted) break;
		if (result.next === 'refreshLink' && refreshes < MAX_REFRESHES) {
			refreshes += 1;
			const renewed = await ports.refresh();
			if (renewed === undefined) return failed(link.taskId, 'linkDead', result.reason);
			url = renewed;
			continue;
		}
		if (result.next !== 'again' || attempt === tries) {
			return failed(link.taskId, result.why, result.reason);
		}
		attempt += 1;
		await ports.sleep(ports.backoffMs(attempt), signal);
	}
	return failed(link.taskId, 'stopped', 'it was stopped, or its time was over');
}

/** The name of the stored file; only letters, digits, dot, dash and underscore of the id are kept. */
export function videoFileName(taskId: string): string {
	const safe = taskId.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100);
	return `kling-${safe}.mp4`;
}

function hintOn(taskId: string, doubt: string): string {
	return `The video of task ${taskId} was downloaded, but its end could not be checked: ${doubt}. Play it to its end before you use it.`;
}

function failed<Stored>(
	taskId: string,
	why: DownloadFailure,
	reason: string,
): DownloadResult<Stored> {
	const message = `The video of task ${taskId} was not downloaded: ${reason}`;
	return { kind: 'failed', why, message, description: adviceFor(why, taskId) };
}

/** Never advises to submit again: the video is there and paid for. */
function adviceFor(why: DownloadFailure, taskId: string): string {
	if (why === 'linkDead') {
		return `Result links live ${LINK_LIFE_DAYS} days, and 'Get Task' with the ID ${taskId} gives a new one as long as the service keeps the video.`;
	}
	if (why === 'storage') {
		return `Check the disk space and the binary data settings of this n8n instance. The video stays available for ${LINK_LIFE_DAYS} days: 'Get Task' with the ID ${taskId} collects it without paying again.`;
	}
	if (why === 'tooBig') {
		return `Turn 'Download Video' off and use the link in 'video_url'. 'Get Task' with the ID ${taskId} gives it for ${LINK_LIFE_DAYS} days, without paying again.`;
	}
	return `The video stays available for ${LINK_LIFE_DAYS} days: 'Get Task' with the ID ${taskId} and 'Download Video' collects it without paying again.`;
}
