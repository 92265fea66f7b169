// The emulator takes API keys and JWTs as the official service does, and refuses with its codes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Emulator } from '../../lab/emulator/emulator.mts';
import { call, callerOf, jwt, started, type Answer } from './service.mts';

const PATH = 'multi-image2video?pageNum=1&pageSize=1';

function listWith(emulator: Emulator, headers: Record<string, string>): Promise<Answer> {
	return call(`${emulator.baseUrl('official')}/v1/videos/${PATH}`, 'GET', undefined, headers);
}

async function codeFor(emulator: Emulator, headers: Record<string, string>): Promise<unknown> {
	return (await listWith(emulator, headers)).json.at('code');
}

function bearer(
	emulator: Emulator,
	claims: Record<string, unknown>,
	secret?: string,
): Record<string, string> {
	const { accessKey, secretKey } = emulator.keys;
	return { authorization: `Bearer ${jwt({ iss: accessKey, ...claims }, secret ?? secretKey)}` };
}

const now = (): number => Math.floor(Date.now() / 1000);

test('an API key is taken', async (t) => {
	const emulator = await started(t);
	assert.equal(await codeFor(emulator, { authorization: `Bearer ${emulator.keys.apiKey}` }), 0);
});

test('a missing header is 1001, an unknown key or another scheme is 1002', async (t) => {
	const emulator = await started(t);
	assert.equal(await codeFor(emulator, {}), 1001);
	assert.equal(await codeFor(emulator, { authorization: 'Bearer nobody' }), 1002);
	assert.equal(await codeFor(emulator, { authorization: emulator.keys.apiKey }), 1002);
	assert.equal((await listWith(emulator, {})).status, 401);
});

test('a JWT signed with the secret key is taken', async (t) => {
	const emulator = await started(t);
	assert.equal(await codeFor(emulator, bearer(emulator, { exp: now() + 1800, nbf: now() - 5 })), 0);
});

test('a JWT is refused by what is wrong with it', async (t) => {
	const emulator = await started(t);
	const good = { exp: now() + 1800, nbf: now() - 5 };
	assert.equal(await codeFor(emulator, bearer(emulator, good, 'another secret')), 1000);
	assert.equal(await codeFor(emulator, bearer(emulator, { ...good, iss: 'nobody' })), 1002);
	assert.equal(await codeFor(emulator, bearer(emulator, { nbf: now() })), 1002);
	assert.equal(await codeFor(emulator, bearer(emulator, { ...good, nbf: now() + 60 })), 1003);
	assert.equal(await codeFor(emulator, bearer(emulator, { ...good, exp: now() - 1 })), 1004);
	const unsigned = jwt({ iss: emulator.keys.accessKey, ...good }, emulator.keys.secretKey, {
		alg: 'none',
	});
	assert.equal(await codeFor(emulator, { authorization: `Bearer ${unsigned}` }), 1002);
});

test('token times are held against the clock and its skew', async (t) => {
	const emulator = await started(t);
	const token = bearer(emulator, { exp: now() + 1800, nbf: now() - 5 });
	emulator.settings.authSkewMs = -60_000;
	assert.equal(await codeFor(emulator, token), 1003);
	emulator.settings.authSkewMs = 0;
	emulator.clock.advance(1_801_000);
	assert.equal(await codeFor(emulator, token), 1004);
});

test('gateways do not take JWTs and refuse in their own words', async (t) => {
	const emulator = await started(t);
	const token = bearer(emulator, { exp: now() + 1800, nbf: now() - 5 });
	const typeAt = async (dialect: string): Promise<unknown> => {
		const answer = await callerOf(emulator, dialect)(
			'GET',
			'multi-image2video/1',
			undefined,
			token,
		);
		assert.equal(answer.status, 401);
		return answer.json.at('error', 'type');
	};
	assert.equal(await typeAt('hingnet'), 'one_hub_error');
	assert.equal(await typeAt('ezmodel'), 'new_api_error');
});

test('duomi takes the bare key only', async (t) => {
	const emulator = await started(t);
	const withBearer = { authorization: `Bearer ${emulator.keys.apiKey}` };
	const caller = callerOf(emulator, 'duomi');
	assert.equal((await caller('GET', 'multi-image2video/1', undefined, withBearer)).status, 401);
	assert.equal((await caller('GET', 'multi-image2video/1')).json.at('code'), 1203);
});

test('no key is written down', async (t) => {
	const emulator = await started(t);
	const { apiKey } = emulator.keys;
	await call(
		`${emulator.url}/official/v1/videos/multi-image2video?key=${apiKey}`,
		'GET',
		undefined,
		{
			authorization: `Bearer ${apiKey}`,
		},
	);
	assert.equal(emulator.calls().length, 1);
	assert.equal(JSON.stringify(emulator.calls()).includes(apiKey), false);
});
