// Callbacks come at every change of status, in order, signed if asked, and spoilt as ordered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { Emulator } from '../../lab/emulator/emulator.mts';
import type { FaultRule } from '../../lab/emulator/faults/rules.mts';
import { signatureHeaders } from '../../lab/emulator/callbacks/signature.mts';
import { callerOf, goodRequest, receiver, started, submitted, type Received } from './service.mts';

const SECRET = `whsec_${Buffer.from('a secret of 24 characters').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another secret, long too').toString('base64')}`;

/** Submits with a callback URL and lets the task end well; gives what the receiver got. */
async function delivered(
	t: Parameters<typeof started>[0],
	{
		fault,
		options = {},
		dialect = 'official',
		answers,
	}: {
		fault?: FaultRule;
		options?: Parameters<typeof started>[1];
		dialect?: string;
		answers?: (nth: number) => number;
	} = {},
): Promise<{ emulator: Emulator; id: string; received: Received[]; statuses: unknown[] }> {
	const emulator = await started(t, { callbackRetriesMs: [5, 10], ...options });
	const hook = await receiver(t, answers);
	if (fault !== undefined) emulator.faults.add(fault);
	const id = await submitted(callerOf(emulator, dialect), {
		callback_url: hook.url,
		external_task_id: 'mine',
	});
	await emulator.callbacks.idle();
	emulator.tasks.succeed(id);
	await emulator.callbacks.idle();
	return { emulator, id, received: hook.received, statuses: hook.statuses() };
}

test('every change of status is told in the legacy body, in order', async (t) => {
	const { id, received, statuses } = await delivered(t);
	assert.deepEqual(statuses, ['submitted', 'processing', 'succeed']);
	const last = received.at(-1);
	assert.equal(last?.json.at('task_id'), id);
	assert.equal(last?.json.at('code'), undefined);
	assert.equal(last?.json.at('task_info', 'external_task_id'), 'mine');
	assert.match(String(last?.json.at('task_result', 'videos', 0, 'url')), /^http/);
	assert.match(String(last?.headers['content-type']), /^application\/json/);
});

test('the first notice comes after the reply to the submit', async (t) => {
	const emulator = await started(t);
	const hook = await receiver(t);
	emulator.faults.add({ kind: 'slow', delayMs: 150 });
	const asked = callerOf(emulator)(
		'POST',
		'multi-image2video',
		await goodRequest({ callback_url: hook.url }),
	);
	await new Promise((resolve) => setTimeout(resolve, 100));
	assert.equal(hook.received.length, 0);
	await asked;
	await emulator.callbacks.idle();
	assert.equal(hook.received.length, 1);
});

test('hingnet’s callbacks do not carry the external id', async (t) => {
	const { received } = await delivered(t, { dialect: 'hingnet' });
	assert.equal(received.length, 3);
	assert.deepEqual(received[2]?.json.at('task_info'), {});
});

test('ezlinkai writes callbacks anew, unsigned, and tries once', async (t) => {
	const { received, emulator } = await delivered(t, {
		dialect: 'ezlinkai',
		options: { signingSecrets: [SECRET] },
		answers: () => 500,
	});
	assert.equal(received.length, 3);
	assert.equal(received[0]?.headers['user-agent'], 'OneAPI-Kling-Callback/1.0');
	assert.equal(received[0]?.headers['webhook-signature'], undefined);
	assert.equal(emulator.counters().callbackAnswers['500'], 3);
});

test('a notice that is not taken is repeated', async (t) => {
	const { emulator, statuses } = await delivered(t, { answers: (nth) => (nth <= 2 ? 503 : 200) });
	assert.deepEqual(statuses, ['submitted', 'submitted', 'submitted', 'processing', 'succeed']);
	assert.deepEqual(emulator.counters().callbackAnswers, { 200: 3, 503: 2 });
	assert.equal(JSON.stringify(emulator.callbacks.list()).includes('of-the-receiver'), false);
});

test('signatures verify as Standard Webhooks, with either secret during a rotation', async (t) => {
	const { received } = await delivered(t, { options: { signingSecrets: [SECRET, OTHER] } });
	for (const { text, headers } of received) {
		const given = Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [name, String(value)]),
		);
		for (const secret of [SECRET, OTHER]) new Webhook(secret).verify(text, given);
		assert.throws(() => new Webhook(SECRET).verify(`${text} `, given));
	}
});

test('the official signature vector comes out', () => {
	const body =
		'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}';
	const headers = signatureHeaders(body, {
		secrets: ['whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI='],
		timestamp: 1781080794,
		id: '9876543210',
	});
	assert.equal(headers['webhook-signature'], 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=');
});

test('a lost notice does not arrive', async (t) => {
	const { statuses } = await delivered(t, {
		fault: { kind: 'callback-lost', on: { status: 'succeed' } },
	});
	assert.deepEqual(statuses, ['submitted', 'processing']);
});

test('a late notice comes after its time', async (t) => {
	const fault: FaultRule = { kind: 'callback-late', delayMs: 40, on: { status: 'processing' } };
	assert.deepEqual((await delivered(t, { fault })).statuses, [
		'submitted',
		'succeed',
		'processing',
	]);
});

test('a reordered notice comes after the next one', async (t) => {
	const fault: FaultRule = { kind: 'callback-reordered', on: { status: 'processing' } };
	assert.deepEqual((await delivered(t, { fault })).statuses, [
		'submitted',
		'succeed',
		'processing',
	]);
});

test('a repeated notice comes several times', async (t) => {
	const fault: FaultRule = { kind: 'callback-repeated', copies: 2, on: { status: 'succeed' } };
	assert.deepEqual((await delivered(t, { fault })).statuses.slice(2), [
		'succeed',
		'succeed',
		'succeed',
	]);
});

test('forged notices come before the true one', async (t) => {
	const wrongEnd = await delivered(t, {
		fault: { kind: 'callback-forged', forge: 'succeed', on: { status: 'submitted' } },
	});
	assert.deepEqual(wrongEnd.statuses, ['succeed', 'submitted', 'processing', 'succeed']);
	const wrongId = await delivered(t, { fault: { kind: 'callback-forged', forge: 'id', times: 1 } });
	assert.notEqual(wrongId.received[0]?.json.at('task_id'), wrongId.id);
	assert.equal(wrongId.received[1]?.json.at('task_id'), wrongId.id);
});

test('other forms of a notice: no JSON, an envelope, the new format', async (t) => {
	const last = async (fault: FaultRule): Promise<Received | undefined> =>
		(await delivered(t, { fault })).received.at(-1);
	const on = { status: 'succeed' } as const;
	assert.equal((await last({ kind: 'callback-not-json', on }))?.text, 'status=succeed');
	assert.equal(
		(await last({ kind: 'callback-envelope', on }))?.json.at('data', 'task_status'),
		'succeed',
	);
	const modern = await last({ kind: 'callback-new-format', on });
	assert.equal(modern?.json.at('status'), 'succeeded');
	assert.match(String(modern?.json.at('outputs', 0, 'url')), /^http/);
});

test('an early notice overtakes the reply, and can end the task', async (t) => {
	const emulator = await started(t);
	const hook = await receiver(t);
	emulator.faults.add({ kind: 'callback-early', on: { status: 'succeed' } });
	emulator.faults.add({ kind: 'hang', when: 'after' });
	const given = AbortSignal.timeout(300);
	const { url, keys } = { url: emulator.baseUrl('official'), keys: emulator.keys };
	const asked = fetch(`${url}/v1/videos/multi-image2video`, {
		method: 'POST',
		signal: given,
		headers: { authorization: `Bearer ${keys.apiKey}`, 'content-type': 'application/json' },
		body: JSON.stringify(await goodRequest({ callback_url: hook.url })),
	});
	await assert.rejects(asked);
	assert.deepEqual(hook.statuses(), ['submitted', 'processing', 'succeed']);
});

test('signatures can be wrong or stale', async (t) => {
	const options = { signingSecrets: [SECRET] };
	for (const kind of ['callback-bad-signature', 'callback-stale-signature'] as const) {
		const { received } = await delivered(t, { fault: { kind }, options });
		const [first] = received;
		const given = Object.fromEntries(
			Object.entries(first?.headers ?? {}).map(([name, value]) => [name, String(value)]),
		);
		assert.throws(() => new Webhook(SECRET).verify(first?.text ?? '', given), kind);
	}
});

test('a public address can be played on loopback, its host name kept', async (t) => {
	const hook = await receiver(t);
	const { origin, pathname } = new URL(hook.url);
	const emulator = await started(t, { rewriteOrigins: { 'https://n8n.example.com': origin } });
	await submitted(callerOf(emulator), { callback_url: `https://n8n.example.com${pathname}` });
	await emulator.callbacks.idle();
	assert.equal(hook.received[0]?.headers['host'], 'n8n.example.com');
});

test('the body about a task can be had, to be sent by hand', async (t) => {
	const { emulator, id, received } = await delivered(t);
	const task = emulator.tasks.get(id);
	assert(task !== undefined);
	const withoutLink = (body: object): object => ({ ...body, task_result: 'its link is fresh' });
	const told = Object(received.at(-1)?.json.value);
	assert.deepEqual(withoutLink(emulator.callbacks.bodyOf(task)), withoutLink(told));
});

test('the console’s test event and any body can be sent by hand', async (t) => {
	const emulator = await started(t);
	const hook = await receiver(t);
	assert.equal(await emulator.callbacks.sendTestEvent(hook.url), 200);
	assert.equal(hook.received[0]?.json.at('status'), 'submitted');
	assert.equal(await emulator.callbacks.send(hook.url, 'anything'), 200);
	assert.equal(hook.received[1]?.text, 'anything');
});
