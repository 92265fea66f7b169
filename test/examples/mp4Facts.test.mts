// The demo's own reading of an MP4, against the sample videos, whose names tell what they are.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ratioOf, readMp4 } from '../../lab/demo/mp4Facts.mts';

const VIDEOS = join(import.meta.dirname, '..', '..', 'lab', 'emulator', 'samples', 'videos');

describe('the facts of an MP4', () => {
	it('are what the names of all sample videos say', async () => {
		const names = await readdir(VIDEOS);
		assert.ok(names.length > 0);
		for (const name of names) {
			const [, across, down, seconds] = /^(\d+)x(\d+)-(\d+)s/.exec(name) ?? [];
			const facts = readMp4(await readFile(join(VIDEOS, name)));
			assert.equal(ratioOf(facts), `${across}:${down}`, name);
			assert.equal(facts.seconds, Number(seconds), name);
			assert.deepEqual(facts.codecs, ['H.264'], name);
			assert.ok(facts.framesPerSecond >= 1, name);
		}
	});

	it('are not made up for a file that is cut off, or is something else', async () => {
		const [name = ''] = await readdir(VIDEOS);
		const whole = await readFile(join(VIDEOS, name));
		assert.throws(() => readMp4(whole.subarray(0, whole.length - 1)), /cut off/);
		assert.throws(() => readMp4(Buffer.from('<html>Sorry, nothing here</html>')), /cut off|MP4/);
		assert.throws(() => readMp4(Buffer.alloc(0)), /MP4/);
	});
});
