// A download whose link has expired: a newer one is asked for, a few times at most.
import { downloadVideo } from '../../../nodes/Kling/video/download';
import {
	closeSites,
	download,
	page,
	site,
	stage,
	status,
	whole,
	type Answer,
} from '../support/downloading';

afterEach(closeSites);

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
			description: expect.stringContaining('30 days'),
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
