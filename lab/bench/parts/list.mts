// Lists 10,000 tasks: how many requests, and how long.
import { kling, manualTrigger } from '../../instance/workflows.mts';
import { createTasks, INSTANT, nodeRun, openGround, runToEnd, saved } from '../ground.mts';
import { figure, median, oneTo, type Part } from '../part.mts';

const TASKS = 10_000;
const PAGE = 500;
/** The other endpoint (omni-video) has no task, which one page tells. */
const FEWEST = Math.floor(TASKS / PAGE) + 1 + 1;

export const list: Part = {
	name: 'list',
	title: 'Listing tasks',
	about: `List Tasks with Return All, where the account has ${figure(TASKS)} tasks at one endpoint and none at the other. The service's pages hold ${PAGE} and tell no total, so that only a page that is not full shows the end: ${FEWEST} requests are the fewest possible.`,
	limitMinutes: 4,
	async run({ rounds, say }) {
		const ground = await openGround({ emulator: INSTANT });
		try {
			await createTasks(ground, TASKS);
			say(`${figure(TASKS)} tasks made`);
			const { emulator, credential } = ground;
			const node = kling(
				{ resource: 'task', operation: 'list', returnAll: true, filters: {} },
				credential,
			);
			const made = await saved(ground, [manualTrigger(), node]);
			const times: number[] = [];
			const requests: number[] = [];
			for (const round of oneTo(rounds)) {
				const before = emulator.counters().list;
				const run = await nodeRun(ground, await runToEnd(ground, made), node.name);
				if (run.items.length !== TASKS) throw new Error(`${run.items.length} tasks were listed`);
				requests.push(emulator.counters().list - before);
				times.push(run.durationMs);
				say(`round ${round}: ${requests.at(-1)} requests, ${figure(run.durationMs)} ms`);
			}
			const most = Math.max(...requests);
			return {
				tables: [
					{
						columns: ['Tasks', 'requests', 'fewest possible', 'median time'],
						rows: [[figure(TASKS), String(most), String(FEWEST), `${figure(median(times))} ms`]],
					},
				],
				targets: [
					{
						what: `requests to list ${figure(TASKS)} tasks`,
						measured: String(most),
						target: `exactly ${FEWEST}`,
						holds: requests.every((count) => count === FEWEST),
					},
				],
				figures: { requests: most, ms: median(times) },
			};
		} finally {
			await ground.close();
		}
	},
};
