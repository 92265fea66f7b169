// What ends a download: a file that is too big, Stop, the storage, a host that is gone. No connection stays.
import { setTimeout as pause } from 'node:timers/promises';

import {
	allClosed,
	closeSites,
	download,
	serve,
	silent,
	site,
	stage,
	video,
	whole,
	type Answer,
} from '../support/downloading';

afterEach(closeSites);

describe('a file that is too big', () => {
	it('is refused by its announced length, and its connection is freed', async () => {
		const [from, on] = [await site(silent), stage()];
		expect(await download(from, on, { maxBytes: 100 })).toMatchObject({
			kind: 'failed',
			why: 'tooBig',
		});
		await allClosed(from);
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
		await allClosed(from);
	});
});

describe('a sender that drips', () => {
	it('is never silent, and is given up when the file has taken too long', async () => {
		const dripping: Answer = (response) => {
			response.writeHead(200);
			// Zeros after this are one box that has no end.
			response.write(video.subarray(0, 32));
			const drip = setInterval(() => response.write(Buffer.alloc(1)), 10);
			response.on('close', () => clearInterval(drip));
		};
		const [from, on] = [await site(dripping), stage()];
		const result = await download(from, on, { limitSeconds: 50 });
		expect(result).toMatchObject({ kind: 'failed', why: 'broken' });
		expect(result.kind === 'failed' && result.message).toContain('too long');
		expect(from.paths).toHaveLength(1);
		expect(on.stored).toEqual([]);
		await allClosed(from);
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
		await allClosed(from);
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
				description: expect.stringContaining('disk space'),
			});
			expect(from.paths).toHaveLength(1);
			await allClosed(from);
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
