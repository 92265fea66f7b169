// One item, one paid task, under faults by chance: all items of a node run, its retries and its crashes.
import fc from 'fast-check';

import type { Submission } from '../../../nodes/Kling/submission/ports';
import { CREATE_FAULTS, ServiceModel, type CreateFault } from '../support/serviceModel';
import { StoredMemory } from '../support/storedMemory';
import { begin, ids, job, jobs, MarksModel, submit, type NodeRun } from '../support/submitting';
import { seeded, VirtualClock } from '../support/virtualClock';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const GATEWAYS = ['klingGlobal', 'hingnet', 'ezmodel', 'custom'] as const;

/** One history: what goes wrong, when n8n dies, how often the node runs again. */
const history = fc.record({
	items: fc.integer({ min: 1, max: 10 }),
	faults: fc.array(fc.constantFrom<CreateFault>('none', ...CREATE_FAULTS), { maxLength: 40 }),
	readFaults: fc.array(fc.boolean(), { maxLength: 40 }),
	visibleAfterMs: fc.integer({ min: 0, max: 30_000 }),
	maxConcurrent: fc.integer({ min: 1, max: 8 }),
	/** When each of the first tries is cut off, in milliseconds; 0 for not at all. */
	cuts: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 150_000 })), { maxLength: 3 }),
	chance: fc.integer(),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

async function live(gateway: (typeof GATEWAYS)[number], story: History) {
	const clock = new VirtualClock();
	const faults = [...story.faults];
	const readFaults = [...story.readFaults];
	const service = new ServiceModel({
		clock,
		gateway,
		createFault: () => faults.shift() ?? 'none',
		readFault: () => readFaults.shift() ?? false,
		visibleAfterMs: story.visibleAfterMs,
		renderMs: 10 * 60 * 60 * 1000,
	});
	const run: NodeRun = {
		clock,
		service,
		seed: story.chance,
		settings: { maxConcurrent: story.maxConcurrent },
	};
	let memory = new StoredMemory();
	let submissions: Submission[] = [];
	for (const cut of story.cuts) {
		submissions = await tryOnce(story.items, { ...run, memory }, cut);
		memory = memory.photograph();
	}
	// The faults end, and the node runs one last time.
	faults.length = 0;
	readFaults.length = 0;
	submissions = await submit(jobs(story.items), { ...run, memory });
	return { service, submissions };
}

/** A try of the node that n8n cuts off at a moment: nothing more is sent, what is on its way arrives. */
async function tryOnce(items: number, run: NodeRun, cutMs: number): Promise<Submission[]> {
	if (cutMs === 0) return await submit(jobs(items), run);
	const kill = new AbortController();
	const trying = begin(jobs(items), { ...run, ports: { signal: kill.signal } });
	await run.clock.pass(cutMs);
	kill.abort();
	return await run.clock.run(trying);
}

function works(count: number): string[] {
	return jobs(count).map(({ item }) => `work ${item}`);
}

describe(`one item, one paid task (seed ${seed})`, () => {
	it.each(GATEWAYS)(
		'on %s, whatever fails and however often the node runs again',
		async (gateway) => {
			await fc.assert(
				fc.asyncProperty(history, async (story) => {
					const { service } = await live(gateway, story);
					for (const work of works(story.items)) {
						expect([work, service.billed(work)]).toEqual([work, Math.min(1, service.billed(work))]);
					}
				}),
				{ seed, numRuns: 150 },
			);
		},
	);

	it.each(['klingGlobal', 'hingnet'] as const)(
		'and on %s, once the faults end, every item has its own',
		async (gateway) => {
			await fc.assert(
				fc.asyncProperty(history, async (story) => {
					const { service, submissions } = await live(gateway, story);
					for (const [item, submission] of submissions.entries()) {
						const row = service.rows.find(({ work }) => work === `work ${item}`);
						expect(submission).toMatchObject({ kind: 'task', task: { id: row?.id } });
					}
					expect(service.rows).toHaveLength(story.items);
				}),
				{ seed, numRuns: 150 },
			);
		},
	);

	it.each(['ezmodel', 'custom'] as const)(
		'and on %s, which cannot look up, every task that was not collected is named',
		async (gateway) => {
			await fc.assert(
				fc.asyncProperty(history, async (story) => {
					const { service, submissions } = await live(gateway, story);
					for (const row of service.rows) {
						const submission = submissions[Number(row.work.replace('work ', ''))];
						const collected = submission?.kind === 'task' && submission.task.id === row.id;
						const named = submission?.kind === 'unknown' && submission.key === row.key;
						expect([row.key, collected || named]).toEqual([row.key, true]);
					}
				}),
				{ seed, numRuns: 150 },
			);
		},
	);

	it.each(['klingGlobal', 'hingnet'] as const)(
		'and on %s after n8n was killed with its memory and the execution is retried, equal rows included',
		async (gateway) => {
			const killed = fc.record({ story: history, kinds: fc.integer({ min: 1, max: 10 }) });
			await fc.assert(
				fc.asyncProperty(killed, async ({ story, kinds }) => {
					const clock = new VirtualClock();
					const left = [...story.faults];
					const createFault = () => left.shift() ?? 'none';
					const service = new ServiceModel({ clock, gateway, createFault, renderMs: 36_000_000 });
					const rows = Array.from({ length: story.items }, (_, item) => {
						return job(item, `work ${item % kinds}`);
					});
					const kill = new AbortController();
					const run = { clock, service, seed: story.chance };
					const first = begin(rows, { ...run, ports: { signal: kill.signal } });
					await clock.pass(story.cuts[0] ?? 1_000);
					kill.abort();
					await clock.run(first);
					// What was on its way arrives before anybody can press Retry.
					await clock.pass(90_000);
					left.length = 0;
					const retry = { executionId: '11', isRetry: true };
					const submissions = await submit(rows, { ...run, settings: retry });
					expect(new Set(ids(submissions))).toEqual(new Set(service.rows.map(({ id }) => id)));
					expect(service.rows).toHaveLength(story.items);
				}),
				{ seed, numRuns: 150 },
			);
		},
	);

	it.each(['klingGlobal', 'hingnet', 'ezmodel', 'custom'] as const)(
		'and on %s after n8n was killed with its memory, twice, and its rows come in another order, no row is paid twice',
		async (gateway) => {
			const killed = fc.record({
				story: history,
				kinds: fc.integer({ min: 1, max: 10 }),
				order: fc.array(fc.integer(), { minLength: 10, maxLength: 10 }),
			});
			await fc.assert(
				fc.asyncProperty(killed, async ({ story, kinds, order }) => {
					const clock = new VirtualClock();
					const left = [...story.faults];
					const createFault = () => left.shift() ?? 'none';
					const service = new ServiceModel({ clock, gateway, createFault, renderMs: 36_000_000 });
					const marks = new MarksModel();
					const rows = Array.from({ length: story.items }, (_, item) => item % kinds);
					const shuffled = rows
						.map((kind, index) => ({ kind, by: order[index] ?? 0 }))
						.sort((a, b) => a.by - b.by)
						.map(({ kind }) => kind);
					const began = { establishedAt: 1_700_000_000_000 };
					const cutOff = async (kinds: number[], settings: object, cut: number) => {
						const kill = new AbortController();
						const work = kinds.map((kind, item) => job(item, `work ${kind}`));
						const ports = { signal: kill.signal, marks };
						const trying = begin(work, { clock, service, seed: story.chance, ports, settings });
						await clock.pass(cut);
						kill.abort();
						marks.kill();
						await clock.run(trying);
						await clock.pass(90_000);
					};
					await cutOff(rows, began, story.cuts[0] ?? 1_000);
					const retry = { ...began, isRetry: true };
					await cutOff(shuffled, { ...retry, executionId: '11' }, story.cuts[1] ?? 1_000);
					left.length = 0;
					const submissions = await submit(
						shuffled.map((kind, item) => job(item, `work ${kind}`)),
						{ clock, service, ports: { marks }, settings: { ...retry, executionId: '12' } },
					);
					for (const kind of new Set(rows)) {
						const wanted = rows.filter((one) => one === kind).length;
						expect(service.billed(`work ${kind}`)).toBeLessThanOrEqual(wanted);
					}
					for (const row of service.rows) {
						const isThere = submissions.some(
							(one) =>
								(one.kind === 'task' && one.task.id === row.id) ||
								(one.kind === 'unknown' && one.key === row.key),
						);
						expect([row.key, isThere]).toEqual([row.key, true]);
					}
					if (gateway === 'klingGlobal' || gateway === 'hingnet') {
						expect(new Set(ids(submissions)).size).toBe(story.items);
					}
				}),
				{ seed, numRuns: 150 },
			);
		},
		30_000,
	);

	it.each(['klingGlobal', 'hingnet', 'ezmodel'] as const)(
		'over 1,000 submits on %s with 30 % faults of every kind',
		async (gateway) => {
			const clock = new VirtualClock();
			const chance = seeded(seed);
			const pick = () => CREATE_FAULTS[Math.floor(chance() * CREATE_FAULTS.length)] ?? 'none';
			const service = new ServiceModel({
				clock,
				gateway,
				createFault: () => (chance() < 0.3 ? pick() : 'none'),
				readFault: () => chance() < 0.1,
				visibleAfterMs: 5_000,
				renderMs: 10 * 60 * 60 * 1000,
			});
			const memory = new StoredMemory();
			const run = {
				clock,
				service,
				memory,
				seed,
				settings: { maxConcurrent: 20, maxWaitMinutes: 600 },
			};
			let submissions: Submission[] = [];
			// Faults may strike an item in several tries in a row; ten in a row they do not.
			for (let attempt = 0; attempt < 10; attempt++) submissions = await submit(jobs(1000), run);
			const lost = submissions.filter(({ kind }) => kind !== 'task');
			expect(new Set(service.rows.map(({ work }) => work)).size).toBe(service.rows.length);
			if (gateway === 'ezmodel')
				expect(new Set(lost.map(({ kind }) => kind))).toEqual(new Set(['unknown']));
			else expect([service.rows.length, lost]).toEqual([1000, []]);
		},
		30_000,
	);
});
