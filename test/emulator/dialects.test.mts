// Every dialect takes a task, shows it and refuses in its own words, with its quirks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialects } from '../../lab/emulator/dialects/table.mts';
import {
	call,
	callerOf,
	goodRequest,
	sampleImage,
	started,
	submitted,
	type Answer,
} from './service.mts';

for (const { name, modelField, hasList, hasExternalLookup } of dialects) {
	test(`${name} takes a task, shows its end and its link`, async (t) => {
		const emulator = await started(t);
		const caller = callerOf(emulator, name);
		const { model_name, ...rest } = await goodRequest({ external_task_id: 'key-of-mine' });
		const answer = await caller('POST', 'multi-image2video', { ...rest, [modelField]: model_name });
		assert.equal(answer.status, 200, answer.text);
		const [task] = emulator.tasks.list();
		assert(task !== undefined);
		assert(answer.text.includes(task.id));

		emulator.tasks.succeed(task.id);
		const done = await caller('GET', `multi-image2video/${task.id}`);
		const link = /http[^"]+\.mp4\?[^"]+/.exec(done.text)?.[0] ?? '';
		assert.equal((await call(link)).status, 200, done.text);

		const byKey = await caller('GET', 'multi-image2video/key-of-mine');
		assert.equal(byKey.text.includes(task.id), hasExternalLookup, byKey.text);
		const listed = await caller('GET', 'multi-image2video?pageNum=1&pageSize=10');
		assert.equal(listed.text.includes(task.id), hasList, listed.text);
		assert.equal((await caller('GET', 'multi-image2video/unknown')).text.includes(task.id), false);
	});

	test(`${name} bills nothing for Base64 with a data: prefix`, async (t) => {
		const emulator = await started(t);
		const body = await goodRequest({
			image_list: [{ image: `data:image/png;base64,${await sampleImage('ball.png')}` }],
		});
		const answer = await callerOf(emulator, name)('POST', 'multi-image2video', body);
		assert.match(answer.text, /valid base64/);
		assert.equal(emulator.bill(name).total, 0);
	});
}

/** Submits at a dialect, lets the task fail, and gives the answer of GET. */
async function failedAt(t: Parameters<typeof started>[0], dialect: string): Promise<Answer> {
	const emulator = await started(t);
	const caller = callerOf(emulator, dialect);
	const id = await submitted(caller);
	emulator.tasks.fail(id, 'too furry');
	return caller('GET', `multi-image2video/${id}`);
}

test('hingnet keeps the external id and the negative prompt to itself', async (t) => {
	const emulator = await started(t);
	const changes = {
		external_task_id: 'mine',
		negative_prompt: 'cats',
		watermark_info: { enabled: true },
	};
	const caller = callerOf(emulator, 'hingnet');
	const id = await submitted(caller, changes);
	const request = emulator.tasks.get(id)?.request ?? {};
	assert.deepEqual(Object.keys(request), ['image_list', 'model_name', 'prompt']);
	emulator.tasks.succeed(id);
	const answer = await caller('GET', 'multi-image2video/mine');
	assert.equal(answer.json.at('data', 'task_info', 'external_task_id'), 'mine');
	assert.equal(answer.json.at('data', 'task_result', 'videos', 0, 'watermark_url'), undefined);
	await submitted(caller, changes);
	assert.equal(
		emulator.bill('hingnet').perExternalId['mine'],
		2,
		'nothing there refuses a duplicate',
	);
});

test('hingnet resets paging that it does not like, without a word', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator, 'hingnet');
	assert.equal((await caller('GET', 'multi-image2video')).json.at('data'), null);
	for (let count = 0; count < 3; count += 1) await submitted(caller);
	const length = async (query: string): Promise<number> => {
		const data = (await caller('GET', `multi-image2video?${query}`)).json.at('data');
		return Array.isArray(data) ? data.length : -1;
	};
	assert.equal(await length('pageNum=1&pageSize=2'), 2);
	assert.equal(await length('pageSize=2'), 3);
	assert.equal(await length('pageNum=2&pageSize=501'), 3);
});

test('hingnet puts Kling’s refusal into its message, and loses one that comes inside HTTP 200', async (t) => {
	const emulator = await started(t, { concurrency: 0 });
	const caller = callerOf(emulator, 'hingnet');
	const busy = await caller('POST', 'multi-image2video', await goodRequest());
	assert.equal(busy.status, 429);
	assert.equal(JSON.parse(String(busy.json.at('message'))).error.code, 1303);
	emulator.faults.add({ kind: 'code', code: 5002, insideOk: true });
	const lost = await caller('POST', 'multi-image2video', await goodRequest());
	assert.deepEqual(
		[lost.status, lost.json.at('code'), lost.json.at('data', 'task_id')],
		[200, 0, ''],
	);
	emulator.faults.clear();
	const none = await caller('POST', 'multi-image2video', await goodRequest({ image_list: [] }));
	assert.equal(none.json.at('message'), 'image_list是必填参数');
	const unknown = await caller('GET', 'multi-image2video/1');
	assert.deepEqual(unknown.json.value, { code: 404, message: '任务不存在', request_id: '' });
});

test('hingnet can give ids in GET that its own GET does not know', async (t) => {
	const emulator = await started(t, { hingnetGetIds: 'platform' });
	const caller = callerOf(emulator, 'hingnet');
	const id = await submitted(caller);
	const other = (await caller('GET', `multi-image2video/${id}`)).json.at('data', 'task_id');
	assert.match(String(other), /^task_/);
	assert.equal((await caller('GET', `multi-image2video/${other}`)).status, 404);
});

test('ezmodel speaks in its own words and seconds', async (t) => {
	const emulator = await started(t, { gatewayLagMs: 60_000 });
	const caller = callerOf(emulator, 'ezmodel');
	const submit = await caller('POST', 'multi-image2video', await goodRequest());
	assert.equal(submit.json.at('object'), 'video');
	assert.equal(submit.json.at('status'), '');
	assert(Number(submit.json.at('created_at')) < 1e11);
	const id = String(submit.json.at('id'));
	const status = async (): Promise<unknown> =>
		(await caller('GET', `multi-image2video/${id}`)).json.at('data', 'status');
	assert.equal(await status(), 'NOT_START');
	emulator.clock.advance(60_000);
	assert.equal(await status(), 'SUBMITTED');
	emulator.clock.advance(660_000);
	assert.equal(await status(), 'QUEUED');
	emulator.clock.advance(60_000);
	assert.equal(await status(), 'IN_PROGRESS');
	emulator.tasks.succeed(id);
	const done = await caller('GET', `multi-image2video/${id}`);
	assert.equal(done.json.at('data', 'status'), 'SUCCESS');
	assert.match(String(done.json.at('data', 'fail_reason')), /^http/);
	assert.equal(done.json.at('data', 'data', 'data', 'task_status'), 'succeed');
	const video = await call(`${emulator.url}/ezmodel/v1/videos/${id}`, 'GET', undefined, {
		authorization: `Bearer ${emulator.keys.apiKey}`,
	});
	assert.equal(video.json.at('status'), 'completed');
});

test('ezmodel says SUCCEED as the reason of a failed task', async (t) => {
	const answer = await failedAt(t, 'ezmodel');
	assert.equal(answer.json.at('data', 'fail_reason'), 'SUCCEED');
	assert.equal(answer.json.at('data', 'data', 'data', 'task_status_msg'), 'too furry');
});

test('ezmodel refuses with words: 500 for the caller, 429 without its code, 400 for an unknown id', async (t) => {
	const emulator = await started(t, { concurrency: 0 });
	const caller = callerOf(emulator, 'ezmodel');
	const outcome = async (changes: Record<string, unknown>): Promise<unknown[]> => {
		const answer = await caller('POST', 'multi-image2video', await goodRequest(changes));
		return [answer.status, answer.json.at('code'), answer.json.at('message')];
	};
	assert.deepEqual((await outcome({ image_list: [] })).slice(0, 2), [500, 'build_request_failed']);
	assert.deepEqual(await outcome({}), [
		429,
		'fail_to_fetch_task',
		'当前分组上游负载已饱和，请稍后再试',
	]);
	const [status, code, message] = await outcome({ mode: '4k' });
	assert.deepEqual([status, code], [400, 'fail_to_fetch_task']);
	assert.equal(JSON.parse(String(message)).code, 1201);
	emulator.faults.add({ kind: 'code', code: 1301, insideOk: true });
	assert.deepEqual((await outcome({})).slice(0, 2), [400, 'task_failed']);
	emulator.faults.clear();
	const unknown = await caller('GET', 'multi-image2video/1');
	assert.deepEqual([unknown.status, unknown.json.at('code')], [400, 'task_not_exist']);
});

test('cometapi’s omni page wraps the task once', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator, 'cometapi');
	const submit = await caller('POST', 'omni-video', { prompt: 'A dog', aspect_ratio: '16:9' });
	assert.equal(submit.json.at('request_id'), undefined);
	const id = String(submit.json.at('data', 'task_id'));
	emulator.tasks.succeed(id);
	const done = await caller('GET', `omni-video/${id}`);
	assert.equal(done.json.at('code'), 'success');
	assert.match(String(done.json.at('data', 'data', 'task_result', 'videos', 0, 'url')), /^http/);
});

test('crazyrouter has one flat url', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator, 'crazyrouter');
	const id = await submitted(caller);
	assert.equal((await caller('GET', `multi-image2video/${id}`)).json.at('data', 'url'), '');
	emulator.tasks.succeed(id);
	const done = await caller('GET', `multi-image2video/${id}`);
	assert.equal(done.json.at('data', 'status'), 'succeeded');
	assert.match(String(done.json.at('data', 'url')), /^http/);
});

test('crazyrouter tells a failed task’s reason in data.error', async (t) => {
	const answer = await failedAt(t, 'crazyrouter');
	assert.deepEqual(answer.json.at('data', 'error'), { message: 'too furry', code: 'task_failed' });
});

test('newapi-docs has an error member on success', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator, 'newapi-docs');
	const id = await submitted(caller);
	emulator.tasks.succeed(id);
	const done = await caller('GET', `multi-image2video/${id}`);
	assert.equal(done.json.at('status'), 'completed');
	assert.equal(done.json.at('error', 'code'), 0);
});

test('duomi answers in seconds and nulls', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator, 'duomi');
	const id = await submitted(caller);
	assert.match(id, /^[0-9a-f-]{36}$/);
	const running = await caller('GET', `multi-image2video/${id}`);
	assert.equal(running.json.at('message'), '成功');
	assert.equal(running.json.at('data', 'task_status_msg'), null);
	assert.equal(running.json.at('data', 'task_result', 'videos'), null);
	assert(Number(running.json.at('data', 'created_at')) < 1e11);
});

test('ezlinkai refuses inside HTTP 200 and looks short external ids up with the wrong key', async (t) => {
	const emulator = await started(t);
	const caller = callerOf(emulator, 'ezlinkai');
	const refused = await caller(
		'POST',
		'multi-image2video',
		await goodRequest({ prompt: '[refuse 1301]' }),
	);
	assert.deepEqual([refused.status, refused.json.at('code')], [200, 1301]);
	await submitted(caller, { external_task_id: 'short' });
	assert.equal((await caller('GET', 'multi-image2video/short')).json.at('code'), 1203);
});

test('relay nests a refusal twice', async (t) => {
	const emulator = await started(t);
	const body = await goodRequest({ prompt: '[refuse 1301]' });
	const answer = await callerOf(emulator, 'relay')('POST', 'multi-image2video', body);
	const inner = JSON.parse(String(answer.json.at('error', 'message')));
	assert.equal(JSON.parse(inner.message).code, 1301);
});
