// The models that a user can pick in a real n8n, and what is said of one that Kling retired.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeRun } from '../../lab/instance/api/execution.mts';
import type { CredentialReference } from '../../lab/instance/client.mts';
import { good, MULTI_IMAGE, O1, picture, refusal, sharedFamilies, V3 } from './families.mts';

const stage = sharedFamilies();

describe('The model picker', () => {
	const offered = async (of?: CredentialReference, filter?: string) =>
		(
			await stage.client.listSearch({
				node: 'n8n-nodes-kling-video.kling',
				method: 'searchModels',
				path: 'parameters.model',
				parameters: { resource: 'task', operation: 'submit' },
				credential: of,
				filter,
			})
		).results;

	it('lists Automatic and the known models with their families, and finds by what is typed', async () => {
		const credential = await stage.credential();
		const all = await offered(credential);
		assert.deepEqual(
			all.map(({ value }) => value),
			['auto', V3, O1, MULTI_IMAGE],
		);
		assert.match(String(all[0]?.name), /Automatic/);
		assert.match(String(all[1]?.name), /Omni/);
		assert.match(String(all[3]?.name), /Multi-Image/);
		assert.deepEqual(
			(await offered(credential, 'O1')).map(({ value }) => value),
			[O1],
		);
	});

	it('works before a credential is picked', async () => {
		assert.equal((await offered()).length, 4);
	});

	it("marks the model that Kling itself is reported to have retired, with Kling's own providers only", async () => {
		const nameWith = async (of: CredentialReference) =>
			String((await offered(of)).find(({ value }) => value === MULTI_IMAGE)?.name);
		assert.match(await nameWith(await stage.preset('klingGlobal')), /retired on 2026-09-15/);
		assert.doesNotMatch(await nameWith(await stage.preset('ezmodel')), /retired/);
		assert.doesNotMatch(await nameWith(await stage.credential()), /retired/);
	});
});

describe('A model that Kling retired', { timeout: 300_000 }, () => {
	const isWarned = ({ hints }: NodeRun) => hints.some((hint) => /retired on 2026-09-15/.test(hint));

	it("is named in a remark with Kling's own provider, and with no gateway", async () => {
		const official = await stage.preset('klingGlobal');
		assert.ok(isWarned(await good(stage, picture(stage, MULTI_IMAGE), { credential: official })));
		assert.ok(!isWarned(await good(stage, picture(stage, V3), { credential: official })));
		for (const gateway of ['hingnet', 'ezmodel'] as const) {
			const other = await stage.preset(gateway);
			assert.ok(
				!isWarned(await good(stage, picture(stage, MULTI_IMAGE), { credential: other })),
				gateway,
			);
		}
	});

	for (const code of [1203, 1201, 1103] as const) {
		it(`is refused with ${code}: the message says so and what to pick instead, and nothing is billed`, async () => {
			stage.emulator.settings.retiredModels = { official: [MULTI_IMAGE] };
			stage.emulator.settings.unknownModelCode = code;
			const official = await stage.preset('klingGlobal');
			const said = await refusal(stage, picture(stage, MULTI_IMAGE), { credential: official });
			assert.match(said, new RegExp(`${code}`));
			assert.match(said, /retired on 2026-09-15/);
			assert.match(said, new RegExp(V3));
			assert.match(said, new RegExp(O1));
			assert.equal(stage.emulator.counters().create, 1);
			assert.equal(stage.emulator.bill().total, 0);
			// The same workflow with another model.
			await good(stage, picture(stage, V3), { credential: official });
			assert.equal(stage.emulator.bill().total, 1);
		});
	}

	it('is no reason that another refusal is given', async () => {
		const official = await stage.preset('klingGlobal');
		const said = await refusal(
			stage,
			picture(stage, MULTI_IMAGE, 1, { prompt: 'A dog [refuse 1301]' }),
			{
				credential: official,
			},
		);
		assert.doesNotMatch(said, /retired/);
	});
});
