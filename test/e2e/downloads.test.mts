// The finished MP4 reaches n8n's storage whole: streamed, tried again when it breaks, and without the API key.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { downloadLine, measureDownload } from './bigDownload.mts';
import type { Item } from '../../lab/instance/api/execution.mts';
import { GOOD, openStage, runKling, sharedStage, submitParameters } from './stage.mts';

const DAY_MS = 24 * 60 * 60_000;
const LIMIT_MB = 60;

const stage = sharedStage(
	async () => await openStage({ emulator: { lifetimeMs: 300 } }),
	({ emulator }) => {
		emulator.settings.videoOrigin = 'cdn';
	},
);
afterEach(() => {
	const carried = stage.emulator.downloads().filter(({ carriedKey }) => carriedKey);
	assert.deepEqual(carried, [], 'the API key must not travel to the CDN');
});

/** Makes one video and downloads it. */
async function bring(prompt = 'A dog', onError?: 'continueRegularOutput') {
	const parameters = submitParameters(stage.emulator, {
		afterSubmit: 'wait',
		downloadVideo: true,
		options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
	});
	const credential = await stage.credential();
	const items = [{ json: { prompt } }];
	const { execution, run } = await runKling(
		stage,
		parameters,
		{ credential, items, onError },
		200_000,
	);
	return { execution, run, item: run.items[0] };
}

/** Checks that the stored file is the whole video. */
async function assertWhole(item: Item | undefined): Promise<void> {
	assert.equal(item?.json.task_status, 'succeed', JSON.stringify(item?.json));
	assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
	assert.match(item?.binary?.data?.fileName ?? '', /^kling-.*\.mp4$/);
	const file = await stage.client.downloadBinary(item?.binary?.data?.id ?? '');
	const sent = stage.emulator
		.downloads()
		.filter(({ complete, status }) => complete && status === 200)
		.at(-1);
	assert.equal(file.length, sent?.bytes);
	assert.equal(file.toString('latin1', 4, 8), 'ftyp');
}

/** How many stored videos there are in n8n's data folder. */
async function storedFiles(): Promise<number> {
	const all = await readdir(join(stage.n8n.userFolder, '.n8n'), { recursive: true });
	return all.filter((name) => /binary_data\/[^/]+$/.test(name) && !name.endsWith('.metadata'))
		.length;
}

// First, while nothing else has grown n8n's memory: room that was freed before would hide what this needs.
describe('A download of 500 MB', { timeout: 600_000 }, () => {
	for (const how of ['poll', 'callback'] as const) {
		it(`grows n8n's memory by less than ${LIMIT_MB} MB (${how})`, async () => {
			const ground = { ...stage, credential: await stage.credential() };
			// The first file of some size, whichever it is, grows V8's young generation to its full size.
			console.log(`First, ${downloadLine(await measureDownload(ground, how, 50))}`);
			const report = await measureDownload(ground, how, 500);
			console.log(downloadLine(report));
			assert.match(report.stored, /^5\d\d.* MB$/);
			assert.ok(report.growthMb < LIMIT_MB, `${report.growthMb} MB`);
		});
	}
});

describe('A download', { timeout: 900_000 }, () => {
	it('is stored as a file, with the day until which its link lives', async () => {
		const before = await storedFiles();
		const { item } = await bring();
		await assertWhole(item);
		assert.ok((await storedFiles()) > before);
		const days = (Date.parse(String(item?.json.expires_at)) - Date.now()) / DAY_MS;
		assert.ok(days > 29.9 && days < 30.1, String(days));
		assert.equal(stage.emulator.downloads().length, 1);
	});

	for (const [what, fault] of [
		['breaks off half way', { kind: 'download-truncated', share: 0.5 }],
		['breaks off before its last bytes', { kind: 'download-truncated', share: 0.98 }],
		['loses its connection at once', { kind: 'download-reset' }],
		['is answered 503', { kind: 'download-http', status: 503 }],
		['is answered 429', { kind: 'download-http', status: 429 }],
	] as const) {
		it(`that ${what} begins anew`, async () => {
			stage.emulator.faults.add({ ...fault, times: 2 });
			// Big enough for some of it to arrive.
			const { item } = await bring('A dog [size 3MB]');
			await assertWhole(item);
			const tries = stage.emulator.downloads();
			assert.equal(tries.length, 3);
			assert.ok(tries.every(({ headers }) => headers.range === undefined));
		});
	}

	it('that is shorter than the MP4 it holds begins anew', async () => {
		stage.emulator.faults.add({ kind: 'download-short', share: 0.6, times: 2 });
		await assertWhole((await bring()).item);
		assert.equal(stage.emulator.downloads().length, 3);
	});

	it('of a whole video with a tag behind it is stored at once, with a hint where its length was not announced', async () => {
		for (const announced of [true, false]) {
			stage.emulator.reset();
			stage.emulator.faults.add({ kind: 'download-tagged', announced });
			const { item, run } = await bring();
			await assertWhole(item);
			assert.equal(stage.emulator.downloads().length, 1);
			const hints = run.hints.filter((hint) => hint.includes('its end could not be checked'));
			assert.equal(hints.length, announced ? 0 : 1, run.hints.join('\n'));
		}
	});

	it('that always breaks off ends its item with the id, and leaves no file behind', async () => {
		const before = await storedFiles();
		stage.emulator.faults.add({ kind: 'download-truncated' });
		const { execution, item } = await bring('A dog [size 3MB]', 'continueRegularOutput');
		assert.match(String(item?.json.error), /was not downloaded: .*(connection broke|bytes)/);
		const text = JSON.stringify(item?.json);
		assert.ok(text.includes(stage.emulator.tasks.list()[0]?.id ?? 'no task'), text);
		assert.match(text, /without paying again/);
		assert.equal(await storedFiles(), before);
		assert.equal(execution.nodes[GOOD]?.[0]?.items.length, 1);
	});

	it('whose link has expired gets a new one by asking again', async () => {
		stage.emulator.faults.add({ kind: 'download-expired', times: 1 });
		const { item } = await bring();
		await assertWhole(item);
		assert.deepEqual(
			stage.emulator.downloads().map(({ status }) => status),
			[403, 200],
		);
	});

	it('that brings a page instead of a video asks for a new link', async () => {
		stage.emulator.faults.add({ kind: 'download-html', times: 1 });
		await assertWhole((await bring()).item);
		stage.emulator.reset();
		stage.emulator.faults.add({ kind: 'download-html' });
		const { item } = await bring('A dog', 'continueRegularOutput');
		assert.match(String(item?.json.error), /leads to a web page/);
	});

	it('whose video is gone after 30 days says so', async () => {
		const { item } = await bring();
		stage.emulator.clock.advance(31 * DAY_MS);
		const { execution } = await runKling(
			stage,
			{
				resource: 'task',
				operation: 'get',
				taskId: { __rl: true, mode: 'id', value: item?.json.task_id },
				options: { downloadVideo: true },
			},
			{ credential: await stage.credential() },
		);
		assert.equal(execution.status, 'error');
		assert.match(`${execution.error?.message} ${execution.error?.description}`, /30 days/);
	});

	it('follows a redirect to another origin', async () => {
		stage.emulator.faults.add({ kind: 'download-redirect', times: 1 });
		await assertWhole((await bring()).item);
		assert.deepEqual(
			stage.emulator.downloads().map(({ status }) => status),
			[302, 200],
		);
	});

	it('carries no key even where the link lives at the API itself', async () => {
		stage.emulator.settings.videoOrigin = 'api';
		await assertWhole((await bring()).item);
		assert.equal(stage.emulator.downloads().length, 1);
	});

	it('needs neither a length nor the right content type', async () => {
		stage.emulator.faults.add({ kind: 'download-chunked', times: 1 });
		await assertWhole((await bring()).item);
		stage.emulator.faults.add({ kind: 'download-wrong-type', times: 1 });
		await assertWhole((await bring()).item);
	});

	it('of more than 1 GiB is not begun, and the link is named as the way', async () => {
		const { item } = await bring('A dog [size 1100MB]', 'continueRegularOutput');
		assert.match(String(item?.json.error), /limit is 1074 MB/);
		assert.match(String(item?.json.message), /video_url/);
		assert.ok(stage.emulator.downloads().every(({ bytes }) => bytes < 20 * 1024 * 1024));
	});
});
