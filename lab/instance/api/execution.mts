// What a finished, waiting or running execution looks like to a test: its nodes, their runs and what they put out.
import { z } from 'zod';
import { parseFlatted } from './flatted.mts';

export type ExecutionStatus =
	'new' | 'running' | 'waiting' | 'success' | 'error' | 'canceled' | 'crashed' | 'unknown';

/** States that an execution does not leave by itself. */
export const ENDED: ExecutionStatus[] = ['success', 'error', 'canceled', 'crashed'];

const failure = z
	.object({
		name: z.string().optional(),
		message: z.string(),
		description: z.string().nullish(),
		httpCode: z.string().nullish(),
		context: z.record(z.string(), z.unknown()).optional(),
		node: z.object({ name: z.string() }).passthrough().optional(),
	})
	.passthrough();

const binary = z
	.object({
		id: z.string().optional(),
		data: z.string().optional(),
		mimeType: z.string(),
		fileName: z.string().optional(),
		fileExtension: z.string().optional(),
		fileSize: z.string().optional(),
	})
	.passthrough();

const item = z
	.object({
		json: z.record(z.string(), z.unknown()),
		binary: z.record(z.string(), binary).optional(),
		pairedItem: z.unknown(),
		error: failure.optional(),
	})
	.passthrough();

const outputs = z.array(z.array(item).nullable());

const taskData = z
	.object({
		startTime: z.number(),
		executionTime: z.number(),
		executionStatus: z.string().optional(),
		data: z.record(z.string(), outputs).optional(),
		error: failure.nullish(),
		hints: z
			.array(z.object({ message: z.string(), location: z.string().optional() }).passthrough())
			.optional(),
		metadata: z.record(z.string(), z.unknown()).optional(),
	})
	.passthrough();

const runExecutionData = z
	.object({
		resultData: z
			.object({
				runData: z.record(z.string(), z.array(taskData)).nullish(),
				error: failure.nullish(),
				lastNodeExecuted: z.string().nullish(),
			})
			.passthrough(),
		executionData: z
			.object({
				contextData: z.record(z.string(), z.unknown()).optional(),
				nodeExecutionStack: z.array(z.unknown()).optional(),
			})
			.passthrough()
			.nullish(),
	})
	.passthrough();

const stored = z.object({
	id: z.coerce.string(),
	status: z.enum([
		'new',
		'running',
		'waiting',
		'success',
		'error',
		'canceled',
		'crashed',
		'unknown',
	]),
	mode: z.string(),
	workflowId: z.string(),
	startedAt: z.string().nullish(),
	stoppedAt: z.string().nullish(),
	waitTill: z.string().nullish(),
	retryOf: z.coerce.string().nullish(),
	retrySuccessId: z.coerce.string().nullish(),
	data: z.string(),
});

type Failure = z.infer<typeof failure>;
export type Item = z.infer<typeof item>;
type RunExecutionData = z.infer<typeof runExecutionData>;

/** One run of one node. */
export interface NodeRun {
	status: string;
	/** the items of the first output */
	items: Item[];
	/** the items of each output, e.g. of the normal and of the error branch */
	outputs: Item[][];
	error?: Failure;
	/** what the output pane shows beside the items */
	hints: string[];
	startedAt: Date;
	durationMs: number;
	metadata: Record<string, unknown>;
}

export interface Execution {
	id: string;
	status: ExecutionStatus;
	mode: string;
	workflowId: string;
	startedAt?: Date;
	stoppedAt?: Date;
	/** when a waiting execution goes on by itself */
	waitTill?: Date;
	retryOf?: string;
	error?: Failure;
	lastNode?: string;
	/** the runs of each node, by its name */
	nodes: Record<string, NodeRun[]>;
	/** all that n8n stored, e.g. executionData.contextData */
	raw: RunExecutionData;
}

/** Reads the answer of GET /rest/executions/:id. */
export function readExecution(answer: unknown): Execution {
	const { data, ...facts } = stored.parse(answer);
	// An execution that has just been created has no data yet.
	const raw = runExecutionData.parse(parseFlatted(data) ?? { resultData: {} });
	const runs = Object.entries(raw.resultData.runData ?? {});
	return {
		id: facts.id,
		status: facts.status,
		mode: facts.mode,
		workflowId: facts.workflowId,
		startedAt: toDate(facts.startedAt),
		stoppedAt: toDate(facts.stoppedAt),
		waitTill: toDate(facts.waitTill),
		retryOf: facts.retryOf ?? undefined,
		error: raw.resultData.error ?? undefined,
		lastNode: raw.resultData.lastNodeExecuted ?? undefined,
		nodes: Object.fromEntries(runs.map(([name, tasks]) => [name, tasks.map(readRun)])),
		raw,
	};
}

/**
 * The last run of a node, or the one with the given index.
 * @throws Error that says how the execution ended, when the node did not run
 */
export function runOf(execution: Execution, node: string, index = -1): NodeRun {
	const run = execution.nodes[node]?.at(index);
	if (run) return run;
	const ended = `${execution.status}${execution.error ? `: ${execution.error.message}` : ''}`;
	const ran = Object.keys(execution.nodes).join(', ') || 'none';
	throw new Error(
		`"${node}" has no run ${index} in execution ${execution.id} (${ended}); ran: ${ran}`,
	);
}

function readRun(task: z.infer<typeof taskData>): NodeRun {
	const outputs = Object.values(task.data ?? {})[0]?.map((items) => items ?? []) ?? [];
	return {
		status: task.executionStatus ?? 'unknown',
		items: outputs[0] ?? [],
		outputs,
		error: task.error ?? undefined,
		hints: (task.hints ?? []).map((hint) => hint.message),
		startedAt: new Date(task.startTime),
		durationMs: task.executionTime,
		metadata: task.metadata ?? {},
	};
}

function toDate(text: string | null | undefined): Date | undefined {
	return text ? new Date(text) : undefined;
}
