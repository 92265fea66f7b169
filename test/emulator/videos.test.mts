// Result links lead to real MP4 files, expire, are refreshed by a query, and fail as ordered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import type { Emulator } from '../../lab/emulator/emulator.mts';
import type { FaultRule } from '../../lab/emulator/faults/rules.mts';
import { sampleFor } from '../../lab/emulator/videos/samples.mts';
import { callerOf, started, submitted } from './service.mts';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Box {
	readonly type: string;
	readonly content: Buffer;
}

/** The boxes of an MP4 (ISO/IEC 14496-12), or of one of its container boxes. */
function boxesOf(bytes: Buffer): Box[] {
	const boxes: Box[] = [];
	for (let at = 0; at + 8 <= bytes.length;) {
		const size = bytes.readUInt32BE(at);
		assert(size >= 8 && at + size <= bytes.length, 'a box runs over the end');
		boxes.push({
			type: bytes.toString('latin1', at + 4, at + 8),
			content: bytes.subarray(at + 8, at + size),
		});
		at += size;
	}
	return boxes;
}

function inside(bytes: Buffer, ...path: string[]): Buffer {
	return path.reduce((content, type) => {
		const found = boxesOf(content).find((box) => box.type === type);
		assert(found !== undefined, `no ${type}`);
		return found.content;
	}, bytes);
}

/** Seconds, width and height as the file itself tells them. */
function measured(file: Buffer): { seconds: number; width: number; height: number } {
	const movie = inside(file, 'moov', 'mvhd');
	const track = inside(file, 'moov', 'trak', 'tkhd');
	return {
		seconds: movie.readUInt32BE(16) / movie.readUInt32BE(12),
		width: track.readUInt32BE(76) / 65536,
		height: track.readUInt32BE(80) / 65536,
	};
}

async function finished(
	emulator: Emulator,
	changes: Record<string, unknown> = {},
): Promise<{ id: string; link(): Promise<string> }> {
	const official = callerOf(emulator);
	const id = await submitted(official, changes);
	emulator.tasks.succeed(id);
	const link = async (): Promise<string> => {
		const answer = await official('GET', `multi-image2video/${id}`);
		return String(answer.json.at('data', 'task_result', 'videos', 0, 'url'));
	};
	return { id, link };
}

async function download(
	url: string,
): Promise<{ status: number; type: unknown; bytes: Buffer; announced: unknown }> {
	const { statusCode, headers, body } = await request(url);
	const bytes = Buffer.from(await body.arrayBuffer());
	return {
		status: statusCode,
		type: headers['content-type'],
		bytes,
		announced: headers['content-length'],
	};
}

for (const [aspectRatio, shape] of [
	['16:9', 16 / 9],
	['9:16', 9 / 16],
	['1:1', 1],
] as const) {
	test(`the ${aspectRatio} videos have that ratio and their durations, plain and with a watermark`, async () => {
		for (let seconds = 3; seconds <= 15; seconds += 1) {
			const [plain, marked] = [
				await sampleFor({ aspectRatio, seconds }, false),
				await sampleFor({ aspectRatio, seconds }, true),
			];
			for (const file of [plain, marked]) {
				const { width, height, seconds: told } = measured(file);
				assert.equal(width / height, shape);
				assert.equal(told, seconds);
			}
			assert.notDeepEqual(plain, marked);
		}
	});
}

test('a link leads to the video of the asked ratio and duration, on an origin of its own', async (t) => {
	const emulator = await started(t);
	const { link } = await finished(emulator, { aspect_ratio: '9:16', duration: '10' });
	const url = await link();
	assert.equal(new URL(url).origin, emulator.cdnUrl);
	assert.notEqual(emulator.cdnUrl, emulator.url);
	const { status, type, bytes } = await download(url);
	assert.deepEqual([status, type], [200, 'video/mp4']);
	assert.deepEqual(measured(bytes), { seconds: 10, width: 180, height: 320 });
	assert.deepEqual(
		emulator.downloads().map(({ carriedKey, complete }) => [carriedKey, complete]),
		[[false, true]],
	);
});

test('a key that travels to the CDN is noticed and not written down', async (t) => {
	const emulator = await started(t);
	const { link } = await finished(emulator);
	const { apiKey } = emulator.keys;
	const carriers = [
		{ authorization: `Bearer ${apiKey}` },
		{ 'x-token': apiKey },
		{ cookie: 'a=b' },
	];
	for (const headers of carriers) await (await request(await link(), { headers })).body.dump();
	await (await request(`${await link()}&key=${apiKey}`)).body.dump();
	assert.deepEqual(
		emulator.downloads().map(({ carriedKey }) => carriedKey),
		[true, true, true, true],
	);
	assert.equal(JSON.stringify(emulator.downloads()).includes(apiKey), false);
});

test('a watermarked copy is there only where it was asked for', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const { id } = await finished(emulator, { watermark_info: { enabled: true } });
	const answer = await official('GET', `multi-image2video/${id}`);
	const marked = String(answer.json.at('data', 'task_result', 'videos', 0, 'watermark_url'));
	assert.equal((await download(marked)).status, 200);
	const other = await finished(emulator);
	const plain = await official('GET', `multi-image2video/${other.id}`);
	assert.equal(plain.json.at('data', 'task_result', 'videos', 0, 'watermark_url'), undefined);
});

test('a link that has expired is refreshed by asking again, until 30 days are over', async (t) => {
	const emulator = await started(t, { linkLifeMs: DAY_MS });
	const { link } = await finished(emulator);
	const first = await link();
	emulator.clock.advance(DAY_MS);
	assert.equal((await download(first)).status, 403);
	const second = await link();
	assert.equal((await download(second)).status, 200);
	emulator.clock.advance(29 * DAY_MS);
	assert.equal(await link(), '');
	assert.equal((await download(second)).status, 404);
});

test('links end when they are told to, or when a fault says so', async (t) => {
	const emulator = await started(t);
	const { id, link } = await finished(emulator);
	const old = await link();
	emulator.tasks.expireLinks(id);
	assert.equal((await download(old)).status, 403);
	emulator.faults.add({ kind: 'download-expired', status: 404, times: 1 });
	assert.equal((await download(await link())).status, 404);
	assert.equal((await download(await link())).status, 200);
});

test('a video can be padded to any size and is still an MP4', async (t) => {
	const emulator = await started(t);
	const { link } = await finished(emulator, { prompt: 'A dog [size 3MB]' });
	const { bytes } = await download(await link());
	assert.equal(bytes.length, 3 * 1024 * 1024);
	assert.deepEqual(measured(bytes), { seconds: 5, width: 320, height: 180 });
	assert.equal(boxesOf(bytes).at(-1)?.type, 'free');
});

test('500 MB are streamed without being held in memory', async (t) => {
	const emulator = await started(t);
	const { link } = await finished(emulator, { prompt: 'A dog [size 500MB]' });
	const before = process.memoryUsage().rss;
	const { body } = await request(await link());
	let [received, most] = [0, before];
	for await (const chunk of body) {
		received += chunk.length;
		if (received % (10 * 1024 * 1024) < chunk.length)
			most = Math.max(most, process.memoryUsage().rss);
	}
	assert.equal(received, 500 * 1024 * 1024);
	assert(most - before < 200 * 1024 * 1024, `grew by ${(most - before) / 2 ** 20} MB`);
});

test('downloads fail as ordered', async (t) => {
	const emulator = await started(t);
	const { link } = await finished(emulator);
	const whole = (await download(await link())).bytes.length;
	const under = async (rule: FaultRule): Promise<Awaited<ReturnType<typeof download>>> => {
		emulator.faults.clear();
		emulator.faults.add(rule);
		return download(await link());
	};
	await assert.rejects(under({ kind: 'download-truncated' }));
	await assert.rejects(under({ kind: 'download-reset' }));
	const short = await under({ kind: 'download-short', share: 0.25 });
	assert.equal(short.bytes.length, Math.floor(whole * 0.25));
	assert.equal(Number(short.announced), short.bytes.length);
	assert.equal((await under({ kind: 'download-html' })).type, 'text/html');
	assert.equal((await under({ kind: 'download-http', status: 503 })).status, 503);
	const chunked = await under({ kind: 'download-chunked' });
	assert.deepEqual([chunked.announced, chunked.bytes.length], [undefined, whole]);
	const mistyped = await under({ kind: 'download-wrong-type' });
	assert.deepEqual([mistyped.type, mistyped.bytes.length], ['application/octet-stream', whole]);
	const from = performance.now();
	assert.equal(
		(await under({ kind: 'download-slow', bytesPerSecond: whole * 4 })).bytes.length,
		whole,
	);
	assert(performance.now() - from > 150);
});

test('a redirect leads over another origin to the video', async (t) => {
	const emulator = await started(t);
	const { link } = await finished(emulator);
	emulator.faults.add({ kind: 'download-redirect' });
	const hop = await request(await link());
	await hop.body.dump();
	assert.equal(hop.statusCode, 302);
	const location = String(hop.headers['location']);
	assert.equal(new URL(location).origin, emulator.url);
	assert.equal((await download(location)).status, 200);
});
