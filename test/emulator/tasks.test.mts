// Tasks live on the adjustable clock; they are found by id, by external id and by page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialects } from '../../lab/emulator/dialects/table.mts';
import { call, callerOf, goodRequest, receiver, started, submitted } from './service.mts';

test('a task goes from submitted over processing to succeed as the clock goes on', async (t) => {
	const emulator = await started(t, { lifetimeMs: 100_000 });
	const official = callerOf(emulator);
	const id = await submitted(official);
	const status = async (): Promise<unknown> =>
		(await official('GET', `multi-image2video/${id}`)).json.at('data', 'task_status');
	assert.equal(await status(), 'submitted');
	emulator.clock.advance(30_000);
	assert.equal(await status(), 'processing');
	emulator.clock.advance(80_000);
	assert.equal(await status(), 'succeed');
});

test('words in the prompt steer the task', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const id = await submitted(official, { prompt: 'A dog [lifetime 3s] [fail: too furry]' });
	emulator.clock.advance(3000);
	const answer = await official('GET', `multi-image2video/${id}`);
	assert.equal(answer.json.at('data', 'task_status'), 'failed');
	assert.equal(answer.json.at('data', 'task_status_msg'), 'too furry');
	const refused = await official(
		'POST',
		'multi-image2video',
		await goodRequest({ prompt: '[refuse 1301]' }),
	);
	assert.equal(refused.json.at('code'), 1301);
});

test('pages go from the newest to the oldest and are bounded', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const ids = [];
	for (let count = 0; count < 5; count += 1) ids.unshift(await submitted(official));
	const page = async (query: string): Promise<unknown> => {
		const answer = await official('GET', `multi-image2video?${query}`);
		const data = answer.json.at('data');
		return Array.isArray(data) ? data.map((task) => task.task_id) : answer.json.at('code');
	};
	assert.deepEqual(await page('pageNum=1&pageSize=2'), ids.slice(0, 2));
	assert.deepEqual(await page('pageNum=3&pageSize=2'), ids.slice(4));
	assert.deepEqual(await page('pageNum=4&pageSize=2'), []);
	assert.deepEqual(await page(''), ids);
	for (const bad of ['pageNum=0', 'pageNum=1001', 'pageSize=501', 'pageSize=0', 'pageSize=x']) {
		assert.equal(await page(bad), 1201, bad);
	}
});

test('a new task can stay invisible to look-ups for a while', async (t) => {
	const emulator = await started(t, { lookupLagMs: 60_000, listLagMs: 60_000 });
	const official = callerOf(emulator);
	const id = await submitted(official, { external_task_id: 'mine' });
	const found = async (): Promise<unknown[]> => [
		(await official('GET', `multi-image2video/${id}`)).status,
		(await official('GET', 'multi-image2video/mine')).status,
		(await official('GET', 'multi-image2video?pageNum=1&pageSize=9')).json.at('data', 0, 'task_id'),
	];
	assert.deepEqual(await found(), [200, 404, undefined]);
	emulator.clock.advance(60_000);
	assert.deepEqual(await found(), [200, 200, id]);
});

for (const { name } of dialects) {
	test(`${name} can answer as before an end that it has called about already`, async (t) => {
		const emulator = await started(t, { recordLagMs: 60_000 });
		const hook = await receiver(t);
		const caller = callerOf(emulator, name);
		const id = await submitted(caller, { callback_url: hook.url });
		emulator.clock.advance(1_000_000);
		const record = async (): Promise<string> =>
			withoutRequestId((await caller('GET', `multi-image2video/${id}`)).text);
		const before = await record();
		emulator.tasks.succeed(id);
		await emulator.callbacks.idle();
		assert.deepEqual(hook.statuses(), ['submitted', 'processing', 'succeed']);
		assert.equal(await record(), before);
		emulator.clock.advance(59_000);
		assert.equal(await record(), before);
		emulator.clock.advance(1_000);
		assert.match(await record(), /\.mp4/);
	});
}

test('a lagging record holds ends of both kinds back, in the list and by external id too', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const good = await submitted(official, { external_task_id: 'mine' });
	const bad = await submitted(official);
	const settings = `${emulator.url}/control/settings`;
	assert.equal((await call(settings, 'PATCH', { recordLagMs: -1 })).status, 400);
	const set = await call(settings, 'PATCH', { recordLagMs: 60_000 });
	assert.equal(set.json.at('recordLagMs'), 60_000);
	emulator.tasks.succeed(good);
	emulator.tasks.fail(bad, 'too furry');
	const told = async (): Promise<unknown[]> => {
		const list = (await official('GET', 'multi-image2video?pageNum=1&pageSize=9')).json;
		const byKey = (await official('GET', 'multi-image2video/mine')).json;
		return [
			list.at('data', 0, 'task_status'),
			list.at('data', 0, 'task_status_msg'),
			list.at('data', 1, 'task_status'),
			byKey.at('data', 'task_status'),
		];
	};
	assert.deepEqual(await told(), ['processing', '', 'processing', 'processing']);
	emulator.clock.advance(60_000);
	assert.deepEqual(await told(), ['failed', 'too furry', 'succeed', 'succeed']);
});

test('accounts do not see each other', async (t) => {
	const accounts = ['one', 'two'].map((name) => ({
		name,
		apiKey: `key-${name}`,
		accessKey: `access-${name}`,
		secretKey: `secret-${name}`,
	}));
	const emulator = await started(t, { accounts });
	const official = callerOf(emulator);
	const id = await submitted(official);
	const other = { authorization: 'Bearer key-two' };
	assert.equal((await official('GET', `multi-image2video/${id}`, undefined, other)).status, 404);
});

test('the control API over HTTP steers and reports like the programmatic one', async (t) => {
	const emulator = await started(t);
	const official = callerOf(emulator);
	const id = await submitted(official, { external_task_id: 'mine' });
	const control = (method: string, path: string, body?: unknown) =>
		call(`${emulator.url}/control/${path}`, method, body);

	assert.equal((await control('POST', `tasks/${id}/succeed`)).json.at('status'), 'succeed');
	assert.equal((await control('GET', 'bill')).json.at('perExternalId', 'mine'), 1);
	assert.equal((await control('GET', 'calls?kind=create')).json.at(0, 'outcome'), 'accepted');
	assert.equal((await control('GET', 'tasks?clientKey=mine')).json.at(0, 'id'), id);
	assert.equal((await control('POST', 'faults', { kind: 'empty' })).status, 200);
	assert.equal((await official('GET', `multi-image2video/${id}`)).text, '');
	assert.equal((await control('DELETE', 'faults')).status, 200);
	assert.equal((await control('POST', 'faults', { kind: 'nonsense' })).status, 400);
	assert.equal((await control('PATCH', 'settings', { concurrency: 0 })).json.at('concurrency'), 0);
	assert.equal(
		(await official('POST', 'multi-image2video', await goodRequest())).json.at('code'),
		1303,
	);
	assert.equal((await control('GET', 'tasks/unknown')).status, 404);
	assert.equal((await control('GET', 'nowhere')).status, 404);
	await control('POST', 'reset');
	assert.equal((await control('GET', 'bill')).json.at('total'), 0);
	assert.equal((await control('GET', 'counters')).json.at('create'), 0);
});

/** Of two equal replies only the id of the request differs. */
function withoutRequestId(text: string): string {
	return text.replace(/"request_id":"[^"]*"/, '');
}
