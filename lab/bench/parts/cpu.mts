// CPU of n8n for each submit, beyond a run of the same items without it: 10 to 5,000 items, beside n8n's HTTP Request node.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SavedWorkflow } from '../../instance/api/workflows.mts';
import { code, kling, manualTrigger, sink, type WorkflowNode } from '../../instance/workflows.mts';
import {
	httpSubmit,
	INSTANT,
	openGround,
	runToEnd,
	saved,
	submitParameters,
	type Ground,
} from '../ground.mts';
import { figure, median, oneTo, ratio, type Part } from '../part.mts';
import { cpuMsOf } from '../process.mts';

/** Small runs are repeated, so that what n8n does besides weighs little. */
const SIZES = [
	{ items: 10, runs: 20 },
	{ items: 100, runs: 6 },
	{ items: 1_000, runs: 1 },
	{ items: 5_000, runs: 1 },
];
/** "Flat": the dearest size costs at most so much of the cheapest. */
const FLAT = 1.5;
/** n8n still writes the execution when it counts as ended. */
const SETTLED_MS = 250;

export const cpu: Part = {
	name: 'cpu',
	title: 'Submits: CPU',
	about:
		'CPU time of the n8n process for each submitted item, beyond a run of the same items through a node that does nothing. The service answers at once; its own process is not counted.',
	limitMinutes: 12,
	async run({ rounds, isQuick, say }) {
		const ground = await openGround({ emulator: INSTANT });
		try {
			const sizes = isQuick ? SIZES.slice(0, 3) : SIZES;
			const rows: string[][] = [];
			const figures: Record<string, number> = {};
			const ours: number[] = [];
			const theirs: number[] = [];
			for (const { items, runs } of sizes) {
				const sides = await sidesOf(ground, items);
				for (const { made } of sides) await cpuOf(ground, made, 1);
				for (const round of oneTo(rounds)) {
					for (const side of sides) side.cpuMs.push(await cpuOf(ground, side.made, runs));
					ground.emulator.reset();
					say(`${items} items, round ${round} of ${rounds}`);
				}
				const [empty = 0, http = 0, own = 0] = sides.map(({ cpuMs }) => median(cpuMs));
				const [httpEach, ownEach] = [(http - empty) / items, (own - empty) / items];
				theirs.push(httpEach);
				ours.push(ownEach);
				figures[`emptyRunMs${items}`] = empty;
				figures[`perSubmitMs${items}`] = ownEach;
				figures[`perHttpSubmitMs${items}`] = httpEach;
				rows.push([
					figure(items),
					`${figure(empty)} ms`,
					`${figure(httpEach)} ms`,
					`${figure(ownEach)} ms`,
					ratio(ownEach / httpEach),
				]);
			}
			const spread = Math.max(...ours) / Math.min(...ours);
			const against = (ours.at(-1) ?? 0) / (theirs.at(-1) ?? 0);
			return {
				tables: [
					{
						columns: ['Items', 'empty run', 'HTTP Request, each', 'this package, each', 'ratio'],
						rows,
					},
				],
				targets: [
					{
						what: 'CPU of a submit, dearest size against cheapest',
						measured: ratio(spread),
						target: `flat: at most ${FLAT}`,
						holds: spread <= FLAT,
					},
					{
						what: `CPU of a submit in a run of ${figure(sizes.at(-1)?.items ?? 0)}, against HTTP Request`,
						measured: ratio(against),
						target: 'at most 1.00',
						holds: against <= 1,
					},
				],
				figures,
			};
		} finally {
			await ground.close();
		}
	},
};

async function sidesOf(ground: Ground, items: number) {
	const parameters = submitParameters(ground, {
		afterSubmit: 'return',
		options: { maxConcurrent: 10 },
	});
	const nodes: WorkflowNode[] = [
		sink('Nothing'),
		httpSubmit(ground, { atOnce: 10, everyMs: 10 }),
		kling(parameters, ground.credential),
	];
	const source = code(
		`return Array.from({ length: ${items} }, (_, n) => ({ json: { prompt: 'Item ' + n } }));`,
	);
	return await Promise.all(
		nodes.map(async (node) => ({
			made: await saved(ground, [manualTrigger(), source, node]),
			cpuMs: [] as number[],
		})),
	);
}

/** Milliseconds of CPU of one run, as the mean of so many in a row. */
async function cpuOf(ground: Ground, made: SavedWorkflow, runs: number): Promise<number> {
	const pid = ground.n8n.pid();
	const before = await cpuMsOf(pid);
	for (let run = 0; run < runs; run++) await runToEnd(ground, made);
	await sleep(SETTLED_MS);
	return ((await cpuMsOf(pid)) - before) / runs;
}
