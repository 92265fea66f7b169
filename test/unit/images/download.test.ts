// Images loaded from links: bounded in size, and ended when the answer is of no use.
import { Readable } from 'node:stream';

import { downloadImage, type OpenImage } from '../../../nodes/Kling/images/load';

function serving(
	chunks: Buffer[],
	answer: { status?: number; headers?: Record<string, unknown> } = {},
) {
	const seen: { signal?: AbortSignal } = {};
	const open: OpenImage = async (_, signal) => {
		seen.signal = signal;
		const body = Readable.from(chunks);
		return { kind: 'answered', status: 200, headers: {}, ...answer, body };
	};
	return { open, seen };
}

describe('the download of an image', () => {
	it('gives the bytes and then frees the connection', async () => {
		const { open, seen } = serving([Buffer.from('ab'), Buffer.from('c')]);
		expect(await downloadImage('https://x.example/a', 10, open)).toEqual({
			kind: 'bytes',
			bytes: Buffer.from('abc'),
		});
		expect(seen.signal?.aborted).toBe(true);
	});

	it('refuses by the announced length, and by what really comes', async () => {
		const announced = serving([Buffer.alloc(5)], { headers: { 'content-length': '50' } });
		expect(await downloadImage('https://x.example/a', 10, announced.open)).toEqual({
			kind: 'tooBig',
			bytes: 50,
		});
		const silent = serving([Buffer.alloc(8), Buffer.alloc(8)]);
		expect(await downloadImage('https://x.example/a', 10, silent.open)).toEqual({ kind: 'tooBig' });
		expect(silent.seen.signal?.aborted).toBe(true);
	});

	it('tells a status, a failed connection and a broken one', async () => {
		const missing = serving([], { status: 404 });
		expect(await downloadImage('https://x.example/a', 10, missing.open)).toEqual({
			kind: 'unavailable',
			reason: 'the server answered with status 404',
		});
		const dead: OpenImage = async () => ({ kind: 'failed', reason: 'ECONNREFUSED' });
		expect(await downloadImage('https://x.example/a', 10, dead)).toEqual({
			kind: 'unavailable',
			reason: 'ECONNREFUSED',
		});
		const broken: OpenImage = async () => ({
			kind: 'answered',
			status: 200,
			headers: {},
			body: Readable.from(
				(async function* () {
					yield Buffer.from('a');
					throw new Error('aborted');
				})(),
			),
		});
		expect(await downloadImage('https://x.example/a', 10, broken)).toEqual({
			kind: 'unavailable',
			reason: 'the connection broke (aborted)',
		});
	});

	it('hands on the stop signal', async () => {
		const stop = new AbortController();
		const open: OpenImage = async (_, signal) => {
			stop.abort();
			return { kind: 'failed', reason: signal.aborted ? 'stopped' : 'went on' };
		};
		expect(await downloadImage('https://x.example/a', 10, open, stop.signal)).toEqual({
			kind: 'unavailable',
			reason: 'stopped',
		});
	});
});
