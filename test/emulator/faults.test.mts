// Faults strike the calls that they are ordered for, before or after a task was made and billed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import type { Emulator } from '../../lab/emulator/emulator.mts';
import { callerOf, goodRequest, started, type Answer } from './service.mts';

async function submit(emulator: Emulator, dialect = 'official'): Promise<Answer> {
	return callerOf(emulator, dialect)('POST', 'multi-image2video', await goodRequest());
}

/** Submits and gives up after `ms`; resolves with the way it ended. */
async function submitImpatiently(emulator: Emulator, ms: number): Promise<string> {
	const body = JSON.stringify(await goodRequest());
	const headers = {
		authorization: `Bearer ${emulator.keys.apiKey}`,
		'content-type': 'application/json',
	};
	const url = `${emulator.baseUrl('official')}/v1/videos/multi-image2video`;
	return request(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(ms) }).then(
		() => 'answered',
		(reason: Error & { code?: string }) => reason.code ?? reason.name,
	);
}

for (const [when, billed] of [
	['before', 0],
	['after', 1],
] as const) {
	test(`a hang ${when} accepting bills ${billed}`, async (t) => {
		const emulator = await started(t);
		emulator.faults.add({ kind: 'hang', when });
		assert.notEqual(await submitImpatiently(emulator, 300), 'answered');
		assert.equal(emulator.bill().total, billed);
		assert.equal(emulator.calls()[0]?.status, undefined);
	});

	test(`a reset ${when} accepting bills ${billed}`, async (t) => {
		const emulator = await started(t);
		emulator.faults.add({ kind: 'reset', when });
		assert.match(await submitImpatiently(emulator, 5000), /ECONNRESET|UND_ERR_SOCKET|EPIPE/);
		assert.equal(emulator.bill().total, billed);
	});

	test(`a 5xx ${when} accepting bills ${billed}`, async (t) => {
		const emulator = await started(t);
		emulator.faults.add({ kind: 'http', status: 502, when, times: 1 });
		assert.equal((await submit(emulator)).status, 502);
		assert.equal(emulator.bill().total, billed);
		assert.equal((await submit(emulator)).status, 200);
	});

	test(`an official code ${when} accepting bills ${billed}, also inside HTTP 200`, async (t) => {
		const emulator = await started(t);
		emulator.faults.add({ kind: 'code', code: 5002, when, insideOk: true });
		const answer = await submit(emulator);
		assert.deepEqual([answer.status, answer.json.at('code')], [200, 5002]);
		assert.equal(emulator.bill().total, billed);
	});
}

test('busy comes with and without Retry-After, with and without a code', async (t) => {
	const emulator = await started(t);
	emulator.faults.add({ kind: 'code', code: 1302, retryAfter: 2, times: 1 });
	emulator.faults.add({ kind: 'code', code: 1303, times: 1 });
	emulator.faults.add({
		kind: 'http',
		status: 429,
		retryAfter: 'Wed, 21 Oct 2099 07:28:00 GMT',
		times: 1,
	});
	const answers = [await submit(emulator), await submit(emulator), await submit(emulator)];
	assert.deepEqual(
		answers.map(({ status, json, headers }) => [status, json.at('code'), headers['retry-after']]),
		[
			[429, 1302, '2'],
			[429, 1303, undefined],
			[429, undefined, 'Wed, 21 Oct 2099 07:28:00 GMT'],
		],
	);
});

test('empty bodies, pages for people, a taken key and a key not taken once', async (t) => {
	const emulator = await started(t);
	emulator.faults.add({ kind: 'empty', times: 1 });
	emulator.faults.add({ kind: 'html', status: 502, times: 1 });
	emulator.faults.add({ kind: 'duplicate', times: 1 });
	emulator.faults.add({ kind: 'code', code: 1002, times: 1 });
	const answers = [];
	for (let count = 0; count < 5; count += 1) answers.push(await submit(emulator));
	assert.deepEqual(
		answers.map(({ status }) => status),
		[200, 502, 400, 401, 200],
	);
	assert.equal(answers[0]?.text, '');
	assert.match(String(answers[1]?.headers['content-type']), /html/);
	assert.equal(emulator.bill().total, 1);
});

test('a fault keeps to the calls it is ordered for', async (t) => {
	const emulator = await started(t);
	emulator.faults.add({ kind: 'empty', on: { call: 'create', dialect: 'hingnet', nth: 2 } });
	const texts = [
		await submit(emulator, 'hingnet'),
		await submit(emulator, 'official'),
		await submit(emulator, 'hingnet'),
		await submit(emulator, 'hingnet'),
	].map(({ text }) => text === '');
	assert.deepEqual(texts, [false, false, true, false]);
	assert.deepEqual(
		emulator.faults.list().map(({ matched, struck }) => [matched, struck]),
		[[3, 1]],
	);
});

test('chance is repeated by its seed', async (t) => {
	const emulator = await started(t, { seed: 42 });
	emulator.faults.add({ kind: 'empty', probability: 0.5 });
	const round = async (): Promise<boolean[]> => {
		const struck = [];
		for (let count = 0; count < 12; count += 1) struck.push((await submit(emulator)).text === '');
		return struck;
	};
	const first = await round();
	assert(first.includes(true) && first.includes(false));
	emulator.faults.reseed(42);
	assert.deepEqual(await round(), first);
});

test('a slow reply is late but right', async (t) => {
	const emulator = await started(t);
	emulator.faults.add({ kind: 'slow', delayMs: 120 });
	const from = performance.now();
	assert.equal((await submit(emulator)).status, 200);
	assert(performance.now() - from >= 115);
});
