// Where the node keeps what it must not forget: in the execution, the workflow, this process, or n8n's database.
import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import type { Marks } from '../submission/ports';
import type { Memory } from '../submission/records';

/**
 * The node's context in the running execution. n8n saves it with the execution's data, so it
 * survives *Retry On Fail*, loops, sleeps and the retry of an ended execution.
 *
 * Money rule: while all slots for production executions are taken n8n queues copies of a sleeping execution, each with
 * the data of its moment, and runs every one of them. So what this process has written last is read, not an older copy.
 *
 * @param name the member of the context to use
 */
export function executionMemory(context: IExecuteFunctions, name: string): Memory {
	const container = context.getContext('node');
	const executionId = context.getExecutionId();
	if (typeof executionId !== 'string' || executionId === '') return member(container, name);
	return newestOf(container, name, `${executionId}/${context.getNode().id}/${name}`);
}

/**
 * The same context seen from a resume webhook, whose functions offer no `getContext`.
 *
 * @returns the value, or undefined where this n8n does not show the execution's data to webhooks
 */
export function suspendedMemory(context: IWebhookFunctions, name: string): unknown {
	const runData = suspendedRunData(context);
	if (runData === undefined) return undefined;
	return NodeHelpers.getContext(runData, 'node', context.getNode())[name];
}

/** Workflow static data of this node; n8n saves it when a production execution ends. */
export function workflowMemory(
	context: IExecuteFunctions | IWebhookFunctions,
	name: string,
): Memory {
	return member(context.getWorkflowStaticData('node'), name);
}

/** What this process keeps for nodes: by workflow, node and name. */
const ofProcess = new Map<string, Map<string, unknown>>();

/**
 * A map that all executions of this node in this process share. It ends with the process.
 *
 * @param name tells the maps of a node apart
 */
export function processMemory<Value>(context: IExecuteFunctions, name: string): Map<string, Value> {
	const owner = JSON.stringify([context.getWorkflow().id, context.getNode().id, name]);
	const known = ofProcess.get(owner) ?? new Map<string, unknown>();
	ofProcess.set(owner, known);
	return known as Map<string, Value>;
}

type RunData = Parameters<typeof NodeHelpers.getContext>[0];

/** The sleeping execution's own data. It is not part of the public type, hence the careful look. */
export function suspendedRunData(context: IWebhookFunctions): RunData | undefined {
	const { runExecutionData } = context as { runExecutionData?: unknown };
	if (typeof runExecutionData !== 'object' || runExecutionData === null) return undefined;
	if (!('executionData' in runExecutionData)) return undefined;
	return runExecutionData as RunData;
}

function member(container: IDataObject, name: string): Memory {
	return {
		read: () => container[name],
		write: (value) => {
			container[name] = value as IDataObject;
		},
	};
}

/** What this process wrote last, by execution, node and member; `age` counts the writings. */
const newest = new Map<string, { age: number; value: object }>();
/** Members that are remembered so; far more than executions wait for a slot at a time. */
const MOST_REMEMBERED = 2_000;

function newestOf(container: IDataObject, name: string, key: string): Memory {
	const ageName = `${name}Age`;
	const ageOf = (): number => Number(container[ageName] ?? 0);
	return {
		read() {
			const known = newest.get(key);
			if (known !== undefined && known.age > ageOf()) {
				container[name] = known.value as IDataObject;
				container[ageName] = known.age;
			}
			return container[name];
		},
		write(value) {
			const age = Math.max(ageOf(), newest.get(key)?.age ?? 0) + 1;
			container[name] = value as IDataObject;
			container[ageName] = age;
			newest.delete(key);
			newest.set(key, { age, value });
			for (const oldest of newest.keys()) {
				if (newest.size <= MOST_REMEMBERED) break;
				newest.delete(oldest);
			}
		},
	};
}

/*
 * What was found about the store, which n8n's documentation does not describe (n8n 2.41, 1.123 has the same code):
 * a call has written when it returns; a row belongs to a workflow and a node's id; a row is read, changed and
 * written whole without a lock, so that only the first insert of a row is atomic. So each name gets a row of its own.
 */
const ROW_OPTIONS = { mode: 'entries' as const, maxEntries: 10_000 };

/** Names to be released when an execution ends, by the node's memory in that execution. */
const endings = new WeakMap<object, Map<string, 'ended' | 'over'>>();

/**
 * @returns undefined where this n8n has no such store, or the workflow was never saved
 */
export function openMarks(context: IExecuteFunctions): Marks | undefined {
	const { helpers } = context;
	const { id: workflowId } = context.getWorkflow();
	if (typeof helpers.checkProcessedAndRecord !== 'function' || !workflowId) return undefined;
	if (typeof helpers.clearAllProcessedItems !== 'function') return undefined;

	const claim = async (name: string): Promise<boolean> =>
		await twice(async () => {
			const { new: added } = await inRow(
				context,
				name,
				async () => await helpers.checkProcessedAndRecord([name], 'node', ROW_OPTIONS),
			);
			return added.length === 1;
		});

	const own = async (name: string, owner: string): Promise<boolean> =>
		await twice(async () => {
			const entry = `${name}/${owner}`;
			const { new: added } = await inRow(
				context,
				name,
				async () => await helpers.checkProcessedAndRecord([entry], 'node', ROW_OPTIONS),
			);
			if (added.length === 0 || (await countOf(context, name)) === 1) return true;
			await inRow(
				context,
				name,
				async () => await helpers.removeProcessed([entry], 'node', ROW_OPTIONS),
			);
			return false;
		});

	const release = async (name: string): Promise<void> => {
		if (hasOwnRows(context) && (await countOf(context, name)) === 1) {
			return await inRow(
				context,
				name,
				async () => await helpers.clearAllProcessedItems('node', ROW_OPTIONS),
			);
		}
		await inRow(
			context,
			name,
			async () => await helpers.removeProcessed([name], 'node', ROW_OPTIONS),
		);
	};

	return {
		claim,
		own,
		release,
		releaseAtEnd(name, when) {
			const memory = context.getContext('node');
			const names = endings.get(memory);
			if (names !== undefined) {
				names.set(name, when);
				return;
			}
			const first = new Map([[name, when]]);
			endings.set(memory, first);
			context.onExecutionFinish?.(async () => {
				const isStopped = context.getExecutionCancelSignal()?.aborted === true;
				for (const [each, condition] of first) {
					if (condition === 'over' || !isStopped) await release(each);
				}
				endings.delete(memory);
			});
		},
	};
}

/** Another process that makes the row in the same moment makes the first call throw: the second one tells. */
async function twice<Result>(call: () => Promise<Result>): Promise<Result> {
	try {
		return await call();
	} catch {
		return await call();
	}
}

async function countOf(context: IExecuteFunctions, name: string): Promise<number> {
	return await inRow(
		context,
		name,
		async () => await context.helpers.getProcessedDataCount('node', ROW_OPTIONS),
	);
}

/** Calls that share a row follow each other: n8n reads it, changes it and writes it whole. */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * n8n takes the row's name from the node's id before a call first waits, so the id is another one until then.
 * In calls by an AI agent the node at hand is the agent's: there all names share the node's row.
 */
async function inRow<Result>(
	context: IExecuteFunctions,
	name: string,
	call: () => Promise<Result>,
): Promise<Result> {
	if (!hasOwnRows(context)) {
		const turn = lastTurn.then(call, call);
		lastTurn = turn.catch(() => undefined);
		return await turn;
	}
	const { node } = context.getExecuteData();
	const { id } = node;
	node.id = `${id}:${name}`;
	let pending: Promise<Result>;
	try {
		pending = call();
	} finally {
		node.id = id;
	}
	return await pending;
}

function hasOwnRows(context: IExecuteFunctions): boolean {
	return context.getExecuteData().node.id === context.getNode().id;
}
