// What n8n says after a chaos run: every execution, reduced to what a user can read in it.
import type { Execution, Item } from '../instance/api/execution.mts';
import { patiently, type Storm } from './storm.mts';
import { KLING, ORDERS, TRIGGER, type World } from './world.mts';

/** One item that the node put out. */
export interface Put {
	taskId: string | undefined;
	status: string | undefined;
	/** A message instead of a task. */
	isBad: boolean;
	hasVideo: boolean;
	hasLink: boolean;
	timedOut: boolean;
}

export interface ExecutionFacts {
	id: string;
	workflowId: string;
	status: string;
	retryOf: string | undefined;
	/** Unix ms. */
	startedAt: number;
	stoppedAt: number | undefined;
	/** The names of the orders in it, as they came in. */
	orders: readonly string[];
	/** What the node put out, over its last run or, in a loop, all runs. */
	puts: readonly Put[];
	/** How often the node ran. */
	runs: number;
	/** Everything that it tells beside good items: messages, their descriptions, hints. */
	messages: string;
}

const ALL = ['new', 'running', 'waiting', 'success', 'error', 'canceled', 'crashed', 'unknown'];
const AT_ONCE = 4;

/** Reads every execution of the workflows that submit, and of the triggers. */
export async function readEvidence(
	{ client, submits, triggers }: World,
	storm: Storm,
	say: (line: string) => void,
): Promise<{ submits: ExecutionFacts[]; triggers: ExecutionFacts[] }> {
	const all = await storm.executions(...ALL);
	const loops = new Map(submits.map(({ saved, loop }) => [saved.id, loop > 0]));
	const called = new Set(triggers.map(({ saved }) => saved.id));
	const read = { submits: [] as ExecutionFacts[], triggers: [] as ExecutionFacts[] };
	const left = all.filter(({ workflowId }) => loops.has(workflowId) || called.has(workflowId));
	say(`Reading ${left.length} executions`);
	const reader = async (): Promise<void> => {
		for (let next = left.pop(); next !== undefined; next = left.pop()) {
			const { id } = next;
			const execution = await patiently(async () => await client.getExecution(id));
			const isLoop = loops.get(execution.workflowId);
			if (isLoop === undefined) read.triggers.push(factsOf(execution, TRIGGER, false));
			else read.submits.push(factsOf(execution, KLING, isLoop));
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, reader));
	const byId = (one: ExecutionFacts, other: ExecutionFacts) => Number(one.id) - Number(other.id);
	return { submits: read.submits.sort(byId), triggers: read.triggers.sort(byId) };
}

function factsOf(execution: Execution, node: string, isLoop: boolean): ExecutionFacts {
	const runs = execution.nodes[node] ?? [];
	const counted = isLoop ? runs : runs.slice(-1);
	// n8n puts an item of its own into the run that a crash has cut off.
	const items = counted
		.flatMap(({ outputs }) => outputs.flat())
		.filter(({ json }) => json.isArtificialRecoveredEventItem !== true);
	const words = [
		...runs.flatMap(({ hints, error }) => [...hints, error?.message, error?.description]),
		execution.error?.message,
		execution.error?.description,
		...items.filter(isBad).map((item) => JSON.stringify([item.json, item.error])),
	];
	return {
		id: execution.id,
		workflowId: execution.workflowId,
		status: execution.status,
		retryOf: execution.retryOf,
		startedAt: execution.startedAt?.getTime() ?? 0,
		stoppedAt: execution.stoppedAt?.getTime(),
		orders: ordersOf(execution),
		puts: items.map(putOf),
		runs: runs.length,
		messages: words.filter((word) => word !== undefined && word !== null).join('\n'),
	};
}

/** From the node that splits the call, or from all that was stored where a crash has left nothing of its run. */
function ordersOf(execution: Execution): string[] {
	const split = (execution.nodes[ORDERS]?.at(-1)?.items ?? []).flatMap(({ json }) =>
		typeof json.order === 'string' ? [json.order] : [],
	);
	if (split.length > 0) return split;
	const text = JSON.stringify(execution.raw);
	return [...new Set(text.match(/order-\d+-\d+-/g) ?? [])];
}

function putOf(item: Item): Put {
	const { json, binary } = item;
	const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
	return {
		taskId: text(json.task_id),
		status: text(json.task_status),
		isBad: isBad(item),
		hasVideo: Object.keys(binary ?? {}).length > 0,
		hasLink: (text(json.video_url) ?? '') !== '',
		timedOut: json.timed_out === true,
	};
}

function isBad({ json, error }: Item): boolean {
	return error !== undefined || 'error' in json;
}
