// The download against a real HTTP server and real streams: what is stored, what is tried again, what ends it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { request } from 'undici';

import {
	downloadVideo,
	videoFileName,
	type DownloadOptions,
	type DownloadPorts,
} from '../../../nodes/Kling/video/download';

const video = readFileSync(join(__dirname, 'samples', 'index-last.mp4'));
const PAGE = '<!DOCTYPE html><html>Link expired</html>';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const whole: Answer = (response) =>
	void response.writeHead(200, { 'content-length': video.length }).end(video);
const cut: Answer = (response) => void response.writeHead(200).end(video.subarray(0, 900));
const dropped: Answer = (response) => {
	response.writeHead(200, { 'content-length': video.length });
	response.write(video.subarray(0, 900), () => response.destroy());
};
const silent: Answer = (response) => {
	response.writeHead(200, { 'content-length': video.length });
	response.write(video.subarray(0, 900));
};
const mute: Answer = () => undefined;
const status =
	(code: number): Answer =>
	(response) =>
		void response.writeHead(code).end('no');
const page: Answer = (response) => void response.writeHead(200).end(PAGE);

/** Answers requests with the given answers in turn; the last one stays. */
interface Site {
	url: string;
	paths: string[];
	openConnections(): Promise<number>;
	close(): Promise<void>;
}

async function serve(...answers: Answer[]): Promise<Site> {
	const paths: string[] = [];
	const server: Server = createServer((incoming, response) => {
		const answer = answers[Math.min(paths.length, answers.length - 1)];
		paths.push(incoming.url ?? '');
		answer?.(response, incoming);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		paths,
		openConnections: async () =>
			await new Promise((resolve, reject) =>
				server.getConnections((thrown, count) => (thrown ? reject(thrown) : resolve(count))),
			),
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

interface Stored {
	content: Buffer;
	fileName: string;
	mimeType: string;
}

interface Stage {
	ports: DownloadPorts<Readable, Stored>;
	stored: Stored[];
	pauses: number[];
	refreshes: number;
}

/** Storage in memory that, like n8n's, keeps a file only when its stream ended well. */
function stage(newerLinks: string[] = []): Stage {
	const made: Stage = {
		stored: [],
		pauses: [],
		refreshes: 0,
		ports: {
			open: async (url, signal) => {
				try {
					const { statusCode, headers, body } = await request(url, { signal });
					return { kind: 'answered', status: statusCode, headers, body };
				} catch (thrown) {
					return { kind: 'failed', reason: (thrown as Error).message };
				}
			},
			store: async (stream, fileName, mimeType) => {
				await pause(20);
				const pieces: Buffer[] = [];
				for await (const piece of stream) pieces.push(piece as Buffer);
				const file = { content: Buffer.concat(pieces), fileName, mimeType };
				made.stored.push(file);
				return file;
			},
			refresh: async () => newerLinks[made.refreshes++],
			// A hundred times faster than told.
			sleep: async (ms, signal) => {
				if (!signal) made.pauses.push(ms);
				await pause(ms / 100);
			},
			backoffMs: (attempt) => attempt * 100,
		},
	};
	return made;
}

let sites: Site[] = [];
async function site(...answers: Answer[]): Promise<Site> {
	const made = await serve(...answers);
	sites.push(made);
	return made;
}

afterEach(async () => {
	await Promise.all(sites.map(async (made) => await made.close()));
	sites = [];
});

async function download(from: Site, on: Stage, options: DownloadOptions = {}) {
	return await downloadVideo({ taskId: '123', url: `${from.url}/a.mp4` }, on.ports, options);
}

describe('a good link', () => {
	it('is stored once, whole, with its facts', async () => {
		const [from, on] = [await site(whole), stage()];
		expect(await download(from, on)).toMatchObject({
			kind: 'stored',
			binary: { content: video, fileName: 'kling-123.mp4', mimeType: 'video/mp4' },
			facts: { bytes: video.length, width: 180, height: 320 },
		});
		expect(from.paths).toEqual(['/a.mp4']);
	});

	it('needs no announced length', async () => {
		const on = stage();
		const from = await site((response) => void response.writeHead(200).end(video));
		expect(await download(from, on)).toMatchObject({ kind: 'stored' });
	});
});

describe('a transfer that breaks', () => {
	it.each<[string, Answer]>([
		['cut off without an announced length', cut],
		['dropped in the middle', dropped],
		['answered with 503', status(503)],
		['answered with 429', status(429)],
		['empty', (response) => void response.writeHead(200).end()],
	])('begins anew when it was %s', async (_, broken) => {
		const [from, on] = [await site(broken, broken, whole), stage()];
		expect(await download(from, on)).toMatchObject({ kind: 'stored', binary: { content: video } });
		expect(on.stored).toHaveLength(1);
		expect(on.pauses).toEqual([200, 300]);
		expect(on.refreshes).toBe(0);
	});

	it('begins anew when the sender goes silent, before or within the file', async () => {
		const [from, on] = [await site(mute, silent, whole), stage()];
		expect(await download(from, on, { stallSeconds: 3 })).toMatchObject({ kind: 'stored' });
		expect(from.paths).toHaveLength(3);
	});

	it('ends after the allowed tries, with nothing stored and the way to collect the video', async () => {
		const [from, on] = [await site(cut), stage()];
		expect(await download(from, on, { tries: 2 })).toEqual({
			kind: 'failed',
			why: 'broken',
			message: expect.stringMatching(/^The video of task 123 was not downloaded: .* 900 bytes$/),
			nextStep: expect.stringContaining("'Get Task' with the ID 123"),
		});
		expect(on.stored).toEqual([]);
		expect(from.paths).toHaveLength(2);
	});

	it('is found by the announced length where the structure cannot tell', async () => {
		const fragmented = readFileSync(join(__dirname, 'samples', 'fragmented.mp4'));
		const [from, on] = [await site(whole), stage()];
		// As a decoding proxy does it: the stream ends well although bytes are missing.
		on.ports.open = async () => ({
			kind: 'answered',
			status: 200,
			headers: { 'content-length': String(fragmented.length + 10) },
			body: Readable.from([fragmented]),
		});
		expect(await download(from, on, { tries: 1 })).toMatchObject({
			kind: 'failed',
			message: expect.stringContaining(
				`only ${fragmented.length} of ${fragmented.length + 10} bytes arrived`,
			),
		});
	});
});

describe('a link that has expired', () => {
	it.each<[string, Answer]>([
		['403', status(403)],
		['404', status(404)],
		['410', status(410)],
		['a web page', page],
	])('is renewed when it answers with %s', async (_, expired) => {
		const from = await site(expired, whole);
		const on = stage([`${from.url}/new.mp4`]);
		expect(await download(from, on)).toMatchObject({ kind: 'stored' });
		expect(from.paths).toEqual(['/a.mp4', '/new.mp4']);
		expect(on.pauses).toEqual([]);
	});

	it('is given up when the service has no newer one', async () => {
		const [from, on] = [await site(status(403)), stage()];
		expect(await download(from, on)).toMatchObject({
			kind: 'failed',
			why: 'linkDead',
			message: 'The video of task 123 was not downloaded: the link was answered with status 403',
			nextStep: expect.stringContaining('30 days'),
		});
	});

	it('is renewed twice at most', async () => {
		const from = await site(page);
		const on = stage([1, 2, 3, 4].map((number) => `${from.url}/${number}`));
		expect(await download(from, on)).toMatchObject({
			kind: 'failed',
			why: 'notVideo',
			message: expect.stringContaining('a web page, not to an MP4 file'),
		});
		expect(from.paths).toEqual(['/a.mp4', '/1', '/2']);
		expect(on.stored).toEqual([]);
	});

	it('is never asked for under another scheme', async () => {
		const on = stage(['file:///etc/passwd']);
		let opened = 0;
		on.ports.open = async () => {
			opened += 1;
			return { kind: 'failed', reason: 'must not be asked' };
		};
		const result = await downloadVideo({ taskId: '1', url: 'ftp://x.example/a.mp4' }, on.ports);
		expect(result).toMatchObject({ kind: 'failed', why: 'linkDead' });
		expect(opened).toBe(0);
	});
});

describe('a file that is too big', () => {
	it('is refused by its announced length, and its connection is freed', async () => {
		const [from, on] = [await site(silent), stage()];
		expect(await download(from, on, { maxBytes: 100 })).toMatchObject({
			kind: 'failed',
			why: 'tooBig',
		});
		await pause(50);
		expect(await from.openConnections()).toBe(0);
		expect(from.paths).toHaveLength(1);
	});

	it('is refused while it comes, without a file', async () => {
		const endless: Answer = (response) => {
			response.writeHead(200);
			// Zeros after this are one box that has no end.
			response.write(video.subarray(0, 32));
			const more = () => {
				while (!response.destroyed && response.write(Buffer.alloc(65536)));
				response.once('drain', more);
			};
			more();
		};
		const [from, on] = [await site(endless), stage()];
		const result = await download(from, on, { maxBytes: 10_000_000 });
		expect(result).toMatchObject({ kind: 'failed', why: 'tooBig' });
		expect(on.stored).toEqual([]);
		await pause(50);
		expect(await from.openConnections()).toBe(0);
	});
});

describe('what ends a download', () => {
	it('is Stop, within a second and without another try', async () => {
		const [from, on] = [await site(silent), stage()];
		const stop = new AbortController();
		const running = download(from, on, { signal: stop.signal });
		await pause(60);
		stop.abort();
		expect(await running).toMatchObject({ kind: 'failed', why: 'stopped' });
		expect(from.paths).toHaveLength(1);
		await pause(50);
		expect(await from.openConnections()).toBe(0);
	});

	it('is a Stop that came before', async () => {
		const [from, on] = [await site(whole), stage()];
		const result = await download(from, on, { signal: AbortSignal.abort() });
		expect(result).toMatchObject({ kind: 'failed', why: 'stopped' });
		expect(from.paths).toEqual([]);
	});

	it('is a storage that refuses, before or while it reads, and not the sender', async () => {
		for (const readFirst of [false, true]) {
			const [from, on] = [await site(silent), stage()];
			on.ports.store = async (stream) => {
				if (readFirst) await stream[Symbol.asyncIterator]().next();
				throw new Error('ENOSPC: no space left on device');
			};
			expect(await download(from, on)).toMatchObject({
				kind: 'failed',
				why: 'storage',
				message: expect.stringContaining('ENOSPC'),
				nextStep: expect.stringContaining('disk space'),
			});
			expect(from.paths).toHaveLength(1);
			await pause(50);
			expect(await from.openConnections()).toBe(0);
		}
	});

	it('is a host that cannot be reached, after all tries', async () => {
		const gone = await serve(whole);
		await gone.close();
		const on = stage();
		expect(await download(gone, on)).toMatchObject({ kind: 'failed', why: 'unreachable' });
		expect(on.pauses).toEqual([200, 300]);
	});
});

it('A connection that breaks before the storage reads does not end the process', async () => {
	const [from, on] = [await site(whole), stage()];
	const { open, store } = on.ports;
	let opened = 0;
	on.ports.open = async (url, signal) => {
		opened += 1;
		if (opened > 1) return await open(url, signal);
		const body = new Readable({ read: () => undefined });
		setTimeout(() => body.destroy(new Error('aborted')), 5);
		return { kind: 'answered', status: 200, headers: {}, body };
	};
	on.ports.store = async (...file) => {
		await pause(50);
		return await store(...file);
	};
	expect(await download(from, on)).toMatchObject({ kind: 'stored' });
	expect(opened).toBe(2);
});

it('A slow storage is not taken for a silent sender', async () => {
	const on = stage();
	on.ports.store = async (stream, fileName, mimeType) => {
		const pieces: Buffer[] = [];
		for await (const piece of stream) {
			pieces.push(piece as Buffer);
			await pause(200);
		}
		return { content: Buffer.concat(pieces), fileName, mimeType };
	};
	// Three told seconds are thirty milliseconds here.
	const inPieces: Answer = (response) => {
		response.writeHead(200, { 'content-length': video.length });
		for (let at = 0; at < video.length; at += 1000) {
			setTimeout(() => response.write(video.subarray(at, at + 1000)), at / 100);
		}
	};
	expect(await download(await site(inPieces), on, { stallSeconds: 3, tries: 1 })).toMatchObject({
		kind: 'stored',
		binary: { content: video },
	});
});

it.each([
	['123', 'kling-123.mp4'],
	['../../etc/passwd', 'kling-..-..-etc-passwd.mp4'],
	['a b:c\n"d"', 'kling-a-b-c-d-.mp4'],
	['x'.repeat(300), `kling-${'x'.repeat(100)}.mp4`],
])('The file of task %j is called %s', (taskId, name) => {
	expect(videoFileName(taskId)).toBe(name);
});
