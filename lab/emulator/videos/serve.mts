// Serves result links on the CDN's origin and on the API's, with the download faults.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultPlan } from '../faults/plan.mts';
import type { DownloadFault } from '../faults/rules.mts';
import type { Journal } from '../journal.mts';
import type { Links } from '../service/links.mts';
import type { TaskStore } from '../service/store.mts';
import type { Task } from '../service/task.mts';
import { contentOf, type Content } from './content.mts';
import { sampleFor } from './samples.mts';

interface Parts {
	readonly store: TaskStore;
	readonly links: Links;
	readonly plan: FaultPlan;
	readonly journal: Journal;
	/** The origin that a redirect leads to. */
	readonly otherOrigin: () => string;
}

interface Sent {
	readonly status: number | undefined;
	readonly bytes: number;
	readonly complete: boolean;
}

/** What some programs write behind a media file: an ID3 tag, version 1. */
const TAG = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125)]);

/** Answers `/cdn/videos/<task>/<video>.mp4?…` and writes down what came and went. */
export async function serveVideo(
	request: IncomingMessage,
	response: ServerResponse,
	parts: Parts,
): Promise<void> {
	const url = new URL(request.url ?? '/', 'http://cdn');
	const [, , kind, taskId = '', name = ''] = url.pathname.split('/');
	const task = kind === 'videos' ? parts.store.get(taskId) : undefined;
	const hopped = url.searchParams.get('hop') === '1';
	const fault = hopped ? undefined : parts.plan.forDownload({ taskId, path: url.pathname });
	const sent = await answer(request, response, { url, task, name, fault, parts });
	const headers = readableHeaders(request, parts.journal);
	const carriedKey =
		request.headers.authorization !== undefined ||
		request.headers.cookie !== undefined ||
		parts.journal.holdsKey(JSON.stringify(request.headers) + (request.url ?? ''));
	parts.journal.download({
		taskId,
		path: url.pathname,
		...sent,
		headers,
		carriedKey,
		fault: fault?.kind,
	});
}

interface Wish {
	readonly url: URL;
	readonly task: Task | undefined;
	readonly name: string;
	readonly fault: DownloadFault | undefined;
	readonly parts: Parts;
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	wish: Wish,
): Promise<Sent> {
	const { url, task, name, fault, parts } = wish;
	if (task === undefined || task.status !== 'succeed') return short(response, 404, 'Not Found');
	if (fault?.kind === 'download-expired') parts.links.revoke(task);
	const state = parts.links.check(task, url.pathname, url.searchParams);
	if (state !== 'alive') {
		const asked = fault?.kind === 'download-expired' ? fault.status : 403;
		return short(response, state === 'gone' ? 404 : asked, 'The link has expired');
	}
	switch (fault?.kind) {
		case 'download-reset':
			request.socket.resetAndDestroy();
			return { status: undefined, bytes: 0, complete: false };
		case 'download-hang':
			await closed(response);
			return { status: undefined, bytes: 0, complete: false };
		case 'download-http':
			return short(response, fault.status, 'Unavailable');
		case 'download-html':
			return short(response, 200, '<html><body>Please wait</body></html>', {
				'content-type': 'text/html',
			});
		case 'download-redirect': {
			url.searchParams.set('hop', '1');
			const location = `${parts.otherOrigin()}${url.pathname}${url.search}`;
			return short(response, 302, '', { location });
		}
		default: {
			const file = await sampleFor(task, name.endsWith('-watermark.mp4'));
			const whole = fault?.kind === 'download-tagged' ? Buffer.concat([file, TAG]) : file;
			return stream(request, response, contentOf(whole, task.videoBytes), fault);
		}
	}
}

function short(response: ServerResponse, status: number, body: string, headers = {}): Sent {
	response.writeHead(status, {
		'content-type': 'text/plain',
		'content-length': Buffer.byteLength(body),
		...headers,
	});
	response.end(body);
	return { status, bytes: Buffer.byteLength(body), complete: true };
}

async function stream(
	request: IncomingMessage,
	response: ServerResponse,
	content: Content,
	fault: DownloadFault | undefined,
): Promise<Sent> {
	const cut = fault?.kind === 'download-truncated' || fault?.kind === 'download-short';
	const end = cut ? Math.floor(content.length * fault.share) : content.length;
	const announced = fault?.kind === 'download-short' ? end : content.length;
	const contentType = fault?.kind === 'download-wrong-type' ? fault.contentType : 'video/mp4';
	const isSilent =
		fault?.kind === 'download-chunked' || (fault?.kind === 'download-tagged' && !fault.announced);
	response.writeHead(200, {
		'content-type': contentType,
		...(isSilent ? {} : { 'content-length': announced }),
	});
	if (request.method === 'HEAD') {
		response.end();
		return { status: 200, bytes: 0, complete: true };
	}
	const bytesPerSecond = fault?.kind === 'download-slow' ? fault.bytesPerSecond : undefined;
	const bytes = await pump(response, content.chunks(end), bytesPerSecond);
	if (bytes === announced && !response.destroyed) response.end();
	else request.socket.destroy();
	return { status: 200, bytes, complete: bytes === announced };
}

/** Writes as fast as the receiver reads, or at a given pace; returns the bytes written. */
async function pump(
	response: ServerResponse,
	chunks: Iterable<Buffer>,
	bytesPerSecond?: number,
): Promise<number> {
	let written = 0;
	for (const chunk of bytesPerSecond === undefined ? chunks : pieces(chunks, bytesPerSecond)) {
		if (response.destroyed) break;
		if (!response.write(chunk)) await drainedOrClosed(response);
		written += chunk.length;
		if (bytesPerSecond !== undefined) await sleep((chunk.length / bytesPerSecond) * 1000);
	}
	return written;
}

function* pieces(chunks: Iterable<Buffer>, bytesPerSecond: number): Generator<Buffer> {
	const size = Math.max(1, Math.floor(bytesPerSecond / 10));
	for (const chunk of chunks) {
		for (let from = 0; from < chunk.length; from += size) yield chunk.subarray(from, from + size);
	}
}

function closed(response: ServerResponse): Promise<void> {
	return new Promise((resolve) => response.once('close', resolve));
}

function drainedOrClosed(response: ServerResponse): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			response.off('drain', done).off('close', done);
			resolve();
		};
		response.on('drain', done).on('close', done);
	});
}

function readableHeaders(request: IncomingMessage, journal: Journal): Record<string, string> {
	const blanked = new Set(['authorization', 'cookie', 'proxy-authorization']);
	return Object.fromEntries(
		Object.entries(request.headers).map(([name, value]) => [
			name,
			blanked.has(name) ? '(blanked)' : journal.blank(String(value)),
		]),
	);
}
