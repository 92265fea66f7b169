// Puts an execution to sleep so that n8n runs `execute()` again on the node's own input. Leans on n8n's engine.
import type {
	IExecuteData,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
} from 'n8n-workflow';

import { isRecentHost } from './execution';
import { suspendedRunData } from './memory';

/*
 * `putExecutionToWait` stores its date twice: in the executions table, where n8n's timer finds it, and in the
 * execution's data, where the engine takes it as the sign to skip the node when it goes on. A date that cannot be
 * written as JSON reaches the table alone, so the engine runs the node.
 */

/** Whether this n8n runs `execute()` again after a sleep: 2.37 or newer, with the engine's parts in their places. */
export function canSleep(context: IExecuteFunctions): boolean {
	if (!isRecentHost() || typeof context.putExecutionToWait !== 'function') return false;
	if (typeof context.getExecuteData !== 'function') return false;
	if (typeof context.getExecutionId() !== 'string') return false;
	const entry: unknown = context.getExecuteData();
	const stack = stackOf(context);
	return stack !== undefined && isEntry(entry) && !stack.includes(entry);
}

/**
 * Suspends the execution. The node then has to return items without `error`: the editor shows them meanwhile, and
 * nothing receives them.
 *
 * @param wakeAt Unix time in milliseconds, at which n8n runs `execute()` again, with this run index
 */
export async function sleepUntil(
	context: IExecuteFunctions,
	wakeAt: number,
	runIndex: number,
): Promise<void> {
	const entry = context.getExecuteData();
	await context.putExecutionToWait(
		Object.defineProperty(new Date(wakeAt), 'toJSON', { value: () => undefined }),
	);
	if (entry.node.alwaysOutputData === true) {
		// An emptied entry would give out an empty item after a crash: here the date has to do alone.
		entry.runIndex = runIndex;
		return;
	}
	// Should an n8n store the date after all, it skips the first entry of its stack and runs the second.
	stackOf(context)?.unshift({ ...entry, node: { ...entry.node }, runIndex });
	entry.node = { ...entry.node, alwaysOutputData: false };
	// Not `[[]]`, which a Merge node would take for data under the execution order v0.
	entry.data = { main: [] };
}

/** To be called at the start of `execute()`: the run that shows in the editor while it sleeps is not a run. */
export function forgetSleepingRun(context: IExecuteFunctions, runIndex: number): void {
	const runs = runDataOf(context)?.resultData?.runData?.[context.getNode().name];
	if (runs?.[runIndex]?.executionStatus === 'waiting') runs.splice(runIndex);
}

/**
 * Wakes the execution from a resume webhook: n8n has disabled the first entry of its stack, and gives it these items.
 *
 * @returns the webhook's `workflowData`
 */
export function wake(context: IWebhookFunctions): INodeExecutionData[][] {
	const entry = suspendedRunData(context)?.executionData?.nodeExecutionStack[0];
	const input = entry?.data.main ?? [];
	if (entry === undefined || input.length === 0) return [];
	entry.node.disabled = false;
	// Version 0.1 left the message of the deadline here, which the engine would throw.
	delete entry.metadata?.resumeError;
	return input.map((items) => items ?? []);
}

/**
 * The address at which this execution can be called while it sleeps.
 *
 * Not `getSignedResumeUrl()`: the server checks that signature only for n8n's own approval
 * operations, and answers "Invalid token" for any other node.
 *
 * @param path of the node's own resume webhook: without it a late call would resume whatever node waits then
 * @returns undefined where the host has none (an execution without an id)
 */
export function resumeUrl(context: IExecuteFunctions, path: string): string | undefined {
	const execution: unknown = context.getWorkflowDataProxy(0).$execution;
	if (typeof execution !== 'object' || execution === null) return undefined;
	const { resumeUrl: given } = execution as { resumeUrl?: unknown };
	if (typeof given !== 'string' || !/^https?:\/\//.test(given) || !URL.canParse(given)) {
		return undefined;
	}
	const url = new URL(given);
	url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
	return url.href;
}

/** Over this many characters of execution data each wake-up is a burden to n8n's database. */
const LARGE_DATA = 1_000_000;

/** Whether the execution holds so much data that it should be woken up seldom. */
export function holdsMuchData(context: IExecuteFunctions): boolean {
	const seen = new Set<unknown>();
	const open: unknown[] = [runDataOf(context)?.resultData?.runData];
	let length = 0;
	while (open.length > 0 && length <= LARGE_DATA) {
		const value = open.pop();
		if (typeof value === 'string') length += value.length;
		if (typeof value !== 'object' || value === null || seen.has(value)) continue;
		seen.add(value);
		for (const [name, inner] of Object.entries(value)) {
			length += name.length;
			open.push(inner);
		}
	}
	return length > LARGE_DATA;
}

/** What the engine keeps of the execution; not in the public type. */
interface EngineData {
	executionData?: { nodeExecutionStack?: IExecuteData[] };
	resultData?: { runData?: Record<string, Array<{ executionStatus?: string }>> };
}

function runDataOf(context: IExecuteFunctions): EngineData | undefined {
	return (context as { runExecutionData?: EngineData }).runExecutionData;
}

function stackOf(context: IExecuteFunctions): IExecuteData[] | undefined {
	const stack: unknown = runDataOf(context)?.executionData?.nodeExecutionStack;
	return Array.isArray(stack) ? (stack as IExecuteData[]) : undefined;
}

function isEntry(value: unknown): value is IExecuteData {
	const { node, data } = (value ?? {}) as { node?: unknown; data?: { main?: unknown } };
	return typeof node === 'object' && node !== null && Array.isArray(data?.main);
}
