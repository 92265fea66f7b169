// Brings a finished task's video into an item's binary data, renewing its link when it has expired.
import type { IBinaryData } from 'n8n-workflow';

import type { KlingClient } from '../api/client';
import { Limit } from '../api/limit';
import type { Family } from '../api/models';
import type { Task } from '../api/task';
import { clock } from '../n8n/clock';
import { openFile, storeFile, type FileContext, type FileStream } from '../n8n/files';
import { showHints } from '../n8n/messages';
import { downloadVideo, type DownloadResult } from '../video/download';
import { againDelayMs, orStopped } from '../waiting/backoff';
import { readAgain } from './fetchTask';

/**
 * For all executions and triggers of this process: a hundred videos end in one minute, and a storage in a
 * database or in S3 takes each file into memory whole.
 */
const atATime = new Limit(5);

/**
 * Streams the video into n8n's storage, when its turn comes.
 *
 * @param task succeeded, with a link
 * @param signal *Stop*, or the caller's deadline
 * @returns the stored file, or why there is none; never throws
 */
export async function fetchVideo(
	context: FileContext,
	client: KlingClient,
	family: Family,
	task: Task,
	signal?: AbortSignal,
): Promise<DownloadResult<IBinaryData>> {
	const fetchNow = async () => await download(context, client, family, task, signal);
	let begin: () => void = () => undefined;
	const begun = new Promise<void>((resolve) => (begin = resolve));
	const result = atATime.run(async () => {
		begin();
		return await fetchNow();
	});
	// Stopped in line: without a turn, because all that it does then is to say so.
	if ((await orStopped(begun, signal)) === 'stopped') return await fetchNow();
	return await result;
}

async function download(
	context: FileContext,
	client: KlingClient,
	family: Family,
	task: Task,
	signal?: AbortSignal,
): Promise<DownloadResult<IBinaryData>> {
	const result = await downloadVideo<FileStream, IBinaryData>(
		{ taskId: task.id, url: task.videos[0]?.url ?? '' },
		{
			open: async (url, ownSignal) => await openFile(context, url, ownSignal),
			store: async (stream, fileName, mimeType) =>
				await storeFile(context, stream, fileName, mimeType),
			refresh: async () => {
				const snapshot = await readAgain(() => client.fetch(family, task.id), signal);
				return snapshot.kind === 'found' ? snapshot.task.videos[0]?.url : undefined;
			},
			sleep: async (ms, ownSignal) => await clock.sleep(ms, ownSignal),
			backoffMs: (attempt) => againDelayMs(attempt - 1, Math.random),
		},
		{ signal },
	);
	if (result.kind === 'stored' && result.hint !== undefined) showHints(context, [result.hint]);
	return result;
}
