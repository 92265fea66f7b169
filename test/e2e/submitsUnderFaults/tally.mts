// Counts what became of the items of a run, from what n8n put out and from the service's own bill.
import type { Item } from '../../../lab/instance/api/execution.mts';
import type { Emulator } from '../../../lab/emulator/emulator.mts';

/** One item that was submitted, and what the node put out for it; undefined where that is nothing. */
export interface Outcome {
	prompt: string;
	item: Item | undefined;
}

export interface Tally {
	items: number;
	/** tasks that the service made and billed for these items */
	billed: number;
	/** items that ended with their own task */
	delivered: number;
	/** of these: the submit's answer never told of the task, a look-up did */
	adopted: number;
	/** items that ended with the key under which a task may exist */
	named: number;
	/** items that ended with a certain refusal, and without a task */
	refused: number;
	/** items whose task, or whose end, cannot be found in the output */
	lost: string[];
	/** items that were billed more than once */
	twice: string[];
	requests: number;
}

/** @param dialect under which the items were submitted; their prompts are all different */
export function tally(emulator: Emulator, dialect: string, outcomes: readonly Outcome[]): Tally {
	const calls = emulator.calls().filter((call) => call.dialect === dialect);
	const untold = new Set(
		calls.flatMap(({ kind, fault, taskId }) =>
			kind === 'create' && fault !== undefined && taskId !== undefined ? [taskId] : [],
		),
	);
	const tasksOf = Map.groupBy(
		emulator.tasks.list().filter((task) => task.dialect === dialect),
		(task) => String(task.request.prompt),
	);
	const count: Tally = {
		items: outcomes.length,
		billed: 0,
		delivered: 0,
		adopted: 0,
		named: 0,
		refused: 0,
		lost: [],
		twice: [],
		requests: calls.length,
	};
	for (const { prompt, item } of outcomes) {
		const tasks = tasksOf.get(prompt) ?? [];
		const json = item?.json ?? {};
		count.billed += tasks.length;
		if (tasks.length > 1) count.twice.push(prompt);
		if (tasks.some(({ id }) => id === json.task_id)) {
			count.delivered += 1;
			if (untold.has(String(json.task_id))) count.adopted += 1;
		} else if (
			namesKey(
				json,
				tasks.map(({ clientKey }) => clientKey),
			)
		)
			count.named += 1;
		else if (tasks.length === 0 && typeof json.error === 'string') count.refused += 1;
		else count.lost.push(prompt);
	}
	return count;
}

/** The item says under which key a task may exist, and no task of the item has another. */
function namesKey(json: Record<string, unknown>, keys: ReadonlyArray<string | undefined>): boolean {
	const { details, error } = json;
	if (typeof details !== 'object' || details === null || !('external_task_id' in details))
		return false;
	const named = String(details.external_task_id);
	return String(error).includes(named) && keys.every((key) => key === named);
}
