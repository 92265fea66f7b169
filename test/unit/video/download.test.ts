// The download against a real HTTP server and real streams: what is stored, and what begins anew.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { videoFileName } from '../../../nodes/Kling/video/download';
import {
	closeSites,
	cut,
	download,
	dropped,
	mute,
	SAMPLES,
	silent,
	site,
	stage,
	status,
	video,
	whole,
	type Answer,
} from '../support/downloading';

afterEach(closeSites);

describe('a good link', () => {
	it('is stored once, whole, without a hint', async () => {
		const [from, on] = [await site(whole), stage()];
		expect(await download(from, on)).toEqual({
			kind: 'stored',
			binary: { content: video, fileName: 'kling-123.mp4', mimeType: 'video/mp4' },
		});
		expect(from.paths).toEqual(['/a.mp4']);
	});

	it('needs no announced length', async () => {
		const on = stage();
		const from = await site((response) => void response.writeHead(200).end(video));
		expect(await download(from, on)).toMatchObject({ kind: 'stored' });
	});
});

describe('a whole video with a few bytes behind it', () => {
	const tagged = Buffer.concat([video, Buffer.from('TAG'), Buffer.alloc(125)]);

	it('is stored at once, without a hint, when the announced length arrived', async () => {
		const headers = { 'content-length': tagged.length };
		const from = await site((response) => void response.writeHead(200, headers).end(tagged));
		const on = stage();
		expect(await download(from, on)).toEqual({
			kind: 'stored',
			binary: expect.objectContaining({ content: tagged }),
		});
		expect(from.paths).toHaveLength(1);
	});

	it('is stored at once with a hint when no length was announced', async () => {
		const from = await site((response) => void response.writeHead(200).end(tagged));
		const on = stage();
		expect(await download(from, on)).toEqual({
			kind: 'stored',
			binary: expect.objectContaining({ content: tagged }),
			hint: expect.stringMatching(/^The video of task 123 was downloaded, but .* Play it/),
		});
		expect(from.paths).toHaveLength(1);
	});
});

it('A file that cannot be told to be whole is stored with a hint', async () => {
	const odd = Buffer.concat([video.subarray(0, 32), Buffer.from('\0\0\0\x05moov'), video]);
	const on = stage();
	const from = await site((response) => void response.writeHead(200).end(odd));
	expect(await download(from, on)).toMatchObject({
		kind: 'stored',
		hint: expect.stringContaining('its parts cannot be told apart'),
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
			description: expect.stringContaining("'Get Task' with the ID 123"),
		});
		expect(on.stored).toEqual([]);
		expect(from.paths).toHaveLength(2);
	});

	it('is found by the announced length where the structure cannot tell', async () => {
		const fragmented = readFileSync(join(SAMPLES, 'fragmented.mp4'));
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
