// Brings a finished video into n8n's binary storage: streamed, checked on the way, tried again when it breaks.
import type { Mp4Facts } from './mp4';
import type { DownloadFailure } from './setback';
import type { ByteStream } from './tap';
import { transfer, type TransferPorts } from './transfer';

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

export interface DownloadOptions {
	/** Largest file that is taken; 1 GiB unless told. */
	maxBytes?: number;
	/** Ends everything: *Stop*, or a deadline of the caller's. */
	signal?: AbortSignal;
	/** How long the sender may be silent, in seconds; 60 unless told. */
	stallSeconds?: number;
	/** How long one try may take, in seconds; an hour unless told. */
	limitSeconds?: number;
	/** How often to begin anew after a broken transfer, the first try included; 3 unless told. */
	tries?: number;
}

export type DownloadResult<Stored> =
	| { kind: 'stored'; binary: Stored; facts: Mp4Facts }
	| { kind: 'failed'; why: DownloadFailure; message: string; nextStep: string };

const VIDEO_MIME_TYPE = 'video/mp4';

const GIBIBYTE = 1024 ** 3;
/** A link that was renewed twice and is still refused will not work the third time. */
const MAX_REFRESHES = 2;

/**
 * Downloads the video of a finished task into n8n's storage.
 *
 * A transfer that breaks, stalls or ends early (by the announced length or by the structure of the
 * file) begins anew after a back-off. A link that is refused, or leads to a page instead of a
 * video, is renewed by asking for the task again, twice at most. Because the check happens before
 * the stream ends, n8n never keeps a file that did not pass it.
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
	const { signal, maxBytes = GIBIBYTE, stallSeconds = 60, limitSeconds = 3_600 } = options;
	const { tries = 3 } = options;
	const file = { name: videoFileName(link.taskId), mimeType: VIDEO_MIME_TYPE };
	let url = link.url;
	let refreshes = 0;
	let attempt = 1;
	while (!signal?.aborted) {
		const ending = await transfer(url, file, ports, {
			maxBytes,
			stallSeconds,
			limitSeconds,
			signal,
		});
		if (ending.kind === 'stored') return ending;
		if (signal?.aborted) break;
		if (ending.next === 'refresh' && refreshes < MAX_REFRESHES) {
			refreshes += 1;
			const renewed = await ports.refresh();
			if (renewed === undefined) return failed(link.taskId, 'linkDead', ending.reason);
			url = renewed;
			continue;
		}
		if (ending.next !== 'again' || attempt === tries) {
			return failed(link.taskId, ending.why, ending.reason);
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

function failed<Stored>(
	taskId: string,
	why: DownloadFailure,
	reason: string,
): DownloadResult<Stored> {
	const message = `The video of task ${taskId} was not downloaded: ${reason}`;
	return { kind: 'failed', why, message, nextStep: nextStepFor(why, taskId) };
}

/** Never advises to submit again: the video is there and paid for. */
function nextStepFor(why: DownloadFailure, taskId: string): string {
	if (why === 'linkDead') {
		return `Result links live 30 days, and 'Get Task' with the ID ${taskId} gives a new one as long as the service keeps the video.`;
	}
	if (why === 'storage') {
		return `Check the disk space and the binary data settings of this n8n. The video stays available for 30 days: 'Get Task' with the ID ${taskId} collects it without paying again.`;
	}
	if (why === 'tooBig') {
		return `Turn 'Download Video' off and use the link in 'video_url'. 'Get Task' with the ID ${taskId} gives it for 30 days, without paying again.`;
	}
	return `The video stays available for 30 days: 'Get Task' with the ID ${taskId} and 'Download Video' collects it without paying again.`;
}
