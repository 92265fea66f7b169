// Who may call the trigger in a real n8n: whoever has the token, or signed these bytes with the secret.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../../lab/instance/eventually.mts';
import {
	createTask,
	legacy,
	newId,
	OLD_SECRET,
	publish,
	SECRET,
	sharedTriggerStage,
	TOKEN,
} from './triggers.mts';

const stage = sharedTriggerStage();

describe('who may call', () => {
	it('with a token, only whoever has it', async () => {
		const trigger = await publish(stage, { authentication: 'token', fetchTask: false });
		for (const query of [
			'',
			'?token=',
			'?token=wrong',
			`?token=${TOKEN}x`,
			`?token=${TOKEN}&token=${TOKEN}`,
		]) {
			assert.equal((await trigger.post(legacy(newId()), {}, query)).status, 401, query);
		}
		const id = newId();
		assert.equal((await trigger.post(legacy(id), {}, `?token=${TOKEN}`)).status, 200);
		assert.deepEqual(
			(await trigger.items(1)).map((item) => item.json.task_id),
			[id],
		);
	});

	it('with a signature, only what was signed, now, with the secret, over these bytes', async () => {
		const trigger = await publish(stage, { authentication: 'signature', fetchTask: false });
		const sign = (body: string, { secret = SECRET, ageMs = 0 } = {}) => {
			const at = new Date(Date.now() - ageMs);
			return {
				'webhook-id': randomUUID(),
				'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
				at,
				signature: (id: string) => new Webhook(secret).sign(id, at, body),
			};
		};
		const headersOf = (
			body: string,
			how: { secret?: string; ageMs?: number } = {},
			before = '',
		) => {
			const { at: _, signature, ...headers } = sign(body, how);
			return { ...headers, 'webhook-signature': `${before}${signature(headers['webhook-id'])}` };
		};
		const body = JSON.stringify(legacy(newId()));
		const refusals: Array<[string, Record<string, string>]> = [
			['unsigned', {}],
			['another secret', headersOf(body, { secret: OLD_SECRET })],
			['too old', headersOf(body, { ageMs: 310_000 })],
			['from the future', headersOf(body, { ageMs: -310_000 })],
			['another body', headersOf(`${body} `)],
		];
		for (const [why, headers] of refusals) {
			assert.equal((await trigger.post(body, headers)).status, 401, why);
		}
		const old = `v1,${Buffer.alloc(32).toString('base64')} `;
		assert.equal((await trigger.post(body, headersOf(body, {}, old))).status, 200);
		assert.equal((await trigger.items(1)).length, 1);
	});

	it('takes what the service signs, also with two secrets while they are rotated', async () => {
		const trigger = await publish(stage, {
			authentication: 'signature',
			triggerOn: ['submitted', 'processing', 'succeed'],
		});
		stage.emulator.settings.signingSecrets = [OLD_SECRET, SECRET];
		await createTask(stage, trigger.url);
		await eventually(
			'the notices to be answered',
			15_000,
			async () => stage.emulator.callbacks.list().length >= 3,
		);
		stage.emulator.settings.signingSecrets = [];
		assert.deepEqual(
			stage.emulator.callbacks.list().map(({ answered }) => answered),
			[200, 200, 200],
		);
	});

	it('does not go live without what its settings need, and says what that is', async () => {
		// n8n tries for 15 seconds before it gives a trigger up, so all at once.
		await Promise.all([
			assert.rejects(publish(stage, {}, { credential: false }), /needs a Kling API credential/),
			assert.rejects(
				publish(stage, { authentication: 'token' }, { changes: { callbackToken: '' } }),
				/no 'Callback Token'/,
			),
			assert.rejects(
				publish(stage, { authentication: 'signature' }, { changes: { callbackSecret: '' } }),
				/no 'Callback Signing Secret'/,
			),
		]);
		await publish(stage, { fetchTask: false }, { credential: false });
	});
});
