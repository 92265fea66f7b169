// What the trigger takes in a real n8n: every documented shape of a notification; to all else a fixed word.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { legacy, newId, publish, sharedTriggerStage } from './triggers.mts';

const WORDS = [
	'accepted',
	'ignored',
	'not a callback',
	'not authorized',
	'too large',
	'try again later',
];

const stage = sharedTriggerStage();

describe('what the trigger takes', () => {
	it('starts one execution with the task of a bare notification, and answers with a fixed word', async () => {
		const trigger = await publish(stage, { fetchTask: false });
		const id = newId();
		const answer = await trigger.post(legacy(id));
		assert.equal(answer.status, 200);
		assert.equal(answer.body, 'accepted');
		const [item] = await trigger.items(1);
		assert.equal(item?.json.task_id, id);
		assert.equal(item?.json.task_status, 'succeed');
		assert.equal(item?.json.video_url, 'https://cdn.example.com/v.mp4');
		assert.equal(item?.json.duration, 5.041);
	});

	it('takes every documented shape, whatever content type it comes with', async () => {
		const trigger = await publish(stage, { fetchTask: false });
		const ids = Array.from({ length: 6 }, newId);
		const [bare = '', fresh = '', wrapped = '', number = '', plain = '', form = ''] = ids;
		const shapes: Array<[unknown, Record<string, string>?]> = [
			[legacy(bare)],
			[newFormat(fresh)],
			[{ code: 0, message: 'SUCCEED', request_id: 'r', data: legacy(wrapped) }],
			[JSON.stringify(legacy(number)).replace(`"${number}"`, number)],
			[`\n ${JSON.stringify(legacy(plain), null, 2)} \n`, { 'content-type': 'text/plain' }],
			[JSON.stringify(legacy(form)), { 'content-type': 'application/x-www-form-urlencoded' }],
		];
		for (const [body, headers] of shapes) {
			assert.equal((await trigger.post(body, headers)).body, 'accepted', JSON.stringify(body));
		}
		const started = await trigger.items(shapes.length);
		assert.deepEqual(started.map((item) => item.json.task_id).sort(), ids.sort());
	});

	it('starts nothing for a status that was not chosen, and for the test button of the console', async () => {
		const trigger = await publish(stage, { fetchTask: false, triggerOn: ['submitted', 'failed'] });
		assert.equal((await trigger.post(legacy(newId(), 'processing'))).body, 'ignored');
		assert.equal((await trigger.post(legacy(newId(), 'succeed'))).body, 'ignored');
		assert.equal(await stage.emulator.callbacks.sendTestEvent(trigger.url), 200);
		const id = newId();
		await trigger.post({ ...legacy(id, 'failed'), task_status_msg: 'Image pixel is invalid' });
		const [item] = await trigger.items(1);
		assert.equal(item?.json.task_id, id);
		assert.equal(item?.json.task_status_msg, 'Image pixel is invalid');
	});

	for (const [what, body, headers, status] of [
		['text', 'hello', {}, 400],
		['broken JSON', '{"task_id":"1","task_status":"succeed"', {}, 400],
		['no body', '', {}, 400],
		['a list', '[{"task_id":"1","task_status":"succeed"}]', {}, 400],
		[
			'a form',
			'task_id=1&task_status=succeed',
			{ 'content-type': 'application/x-www-form-urlencoded' },
			400,
		],
		[
			'a multipart form',
			'--x\r\n\r\n--x--\r\n',
			{ 'content-type': 'multipart/form-data; boundary=x' },
			400,
		],
		['XML', '<task id="1"/>', { 'content-type': 'application/xml' }, 400],
		['what claims to be gzip', 'plain', { 'content-encoding': 'gzip' }, 400],
		['more than 1 MB', `{"a":"${'x'.repeat(1_100_000)}"}`, {}, 413],
		['more than n8n itself takes', 'x'.repeat(20_000_000), {}, 413],
	] as const) {
		it(`answers ${status} to ${what}`, async () => {
			const trigger = await publish(stage, { fetchTask: false });
			const answer = await trigger.post(body, headers);
			assert.equal(answer.status, status);
			assert.ok(WORDS.includes(answer.body), answer.body);
		});
	}

	it('answers every body with the right code and nothing of it', async () => {
		const trigger = await publish(stage, { fetchTask: false, triggerOn: ['failed'] });
		const odd = fc.oneof(
			fc.json({ maxDepth: 3 }),
			fc.string({ unit: 'binary', maxLength: 200 }),
			fc
				.dictionary(
					fc.constantFrom(
						'task_id',
						'task_status',
						'status',
						'id',
						'data',
						'code',
						'task_result',
						'__proto__',
					),
					fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('succeed', 'constructor', '913')),
				)
				.map((body) => JSON.stringify(body)),
		);
		const seed = Date.now() % 1_000_000;
		await fc.assert(
			fc.asyncProperty(odd, async (body) => {
				const marked = body.replace(/}$/, ',"canary":"4f9d0c1b"}');
				const answer = await trigger.post(marked);
				assert.ok([200, 400].includes(answer.status), `${answer.status} to ${marked}`);
				assert.ok(['ignored', 'accepted', 'not a callback'].includes(answer.body), answer.body);
				assert.ok(!JSON.stringify(answer).includes('4f9d0c1b'));
			}),
			{ numRuns: 120, seed },
		);
	});
});

function newFormat(id: string) {
	return {
		id,
		status: 'succeeded',
		message: '',
		create_time: 1722769557708,
		update_time: 1722769657708,
		outputs: [{ type: 'video', id: 'v', url: 'https://cdn.example.com/v.mp4', duration: '5' }],
		billing: [],
	};
}
