// Across 1,000 submits under faults: tasks billed equals items, none lost, none twice, and each unknown one named.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { planFaults } from './submitsUnderFaults/plan.mts';
import { brokenPromises, submitUnderFaults } from './submitsUnderFaults/run.mts';
import { openStage, type Stage } from './stage.mts';

/** Any other with `SEED=…`; the plan of faults is a function of it. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
const TIMEOUT_MS = 15 * 60_000;

let stage: Stage;

before(async () => {
	stage = await openStage({ front: true });
});
after(async () => {
	await stage.close();
});

it('plans the same faults for the same seed, and others for another', () => {
	const plan = (from: number) => planFaults({ seed: from, dialect: 'official', items: 1_000 });
	assert.deepEqual(plan(seed), plan(seed));
	assert.notDeepEqual(plan(seed), plan(seed + 1));
});

it(`keeps its promises over 1,000 submits on Kling and 300 on each gateway (seed ${seed})`, async (t) => {
	const services = [
		{ dialect: 'official', provider: 'klingGlobal', items: 1_000, canLookUp: true },
		{ dialect: 'hingnet', provider: 'hingnet', items: 300, canLookUp: true },
		{ dialect: 'ezmodel', provider: 'ezmodel', items: 300, canLookUp: false },
	] as const;
	// Side by side: most of the time is spent waiting for look-ups to be sure.
	const shown = await Promise.all(
		services.map(async ({ provider, canLookUp, ...service }) => {
			const report = await submitUnderFaults({
				...service,
				emulator: stage.emulator,
				client: stage.client,
				credential: await stage.preset(provider),
				seed,
				hangs: 2,
				refusals: 3,
				onError: canLookUp ? 'stopWorkflow' : 'continueRegularOutput',
				timeoutMs: TIMEOUT_MS,
			});
			t.diagnostic(JSON.stringify({ ...report, ended: report.ended.length }));
			return { broken: brokenPromises(report, canLookUp), report };
		}),
	);
	for (const { broken, report } of shown) {
		assert.deepEqual(broken, [], `${report.dialect}, seed ${seed}`);
		assert.ok(report.billed > 0.9 * report.items, 'most items were billed');
	}
	const [official, hingnet, ezmodel] = shown.map(({ report }) => report);
	assert.ok((official?.adopted ?? 0) > 100, 'look-ups found what answers had hidden');
	assert.ok((hingnet?.adopted ?? 0) > 30);
	assert.ok((ezmodel?.named ?? 0) > 30);
});
