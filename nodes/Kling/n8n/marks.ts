// Names that n8n writes into its database at once: one row of its deduplication store per name.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { Marks } from '../submission/ports';

/*
 * What was found about the store, which n8n's documentation does not describe (n8n 2.41, 1.123 has the same code):
 * a call has written when it returns; a row belongs to a workflow and a node's id; a row is read, changed and
 * written whole without a lock, so that only the first insert of a row is atomic. So each name gets a row of its own.
 */
const OPTIONS = { mode: 'entries' as const, maxEntries: 10_000 };

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
				async () => await helpers.checkProcessedAndRecord([name], 'node', OPTIONS),
			);
			return added.length === 1;
		});

	const own = async (name: string, owner: string): Promise<boolean> =>
		await twice(async () => {
			const entry = `${name}/${owner}`;
			const { new: added } = await inRow(
				context,
				name,
				async () => await helpers.checkProcessedAndRecord([entry], 'node', OPTIONS),
			);
			if (added.length === 0 || (await countOf(context, name)) === 1) return true;
			await inRow(
				context,
				name,
				async () => await helpers.removeProcessed([entry], 'node', OPTIONS),
			);
			return false;
		});

	const release = async (name: string): Promise<void> => {
		if (hasOwnRows(context) && (await countOf(context, name)) === 1) {
			return await inRow(
				context,
				name,
				async () => await helpers.clearAllProcessedItems('node', OPTIONS),
			);
		}
		await inRow(context, name, async () => await helpers.removeProcessed([name], 'node', OPTIONS));
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
		async () => await context.helpers.getProcessedDataCount('node', OPTIONS),
	);
}

/** Calls that share a row follow each other: n8n reads it, changes it and writes it whole. */
let last: Promise<unknown> = Promise.resolve();

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
		const turn = last.then(call, call);
		last = turn.catch(() => undefined);
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
