// Puts an execution to sleep, and settles how it ends when it wakes up. Leans on n8n's engine; guarded by end-to-end tests.
import type {
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';

import { isRecentHost } from './abilities';
import { parkedRunData } from './memory';

type NodeFault = NodeApiError | NodeOperationError;

interface Sleep {
	/** Unix time in milliseconds, at which n8n wakes the execution up by itself. */
	deadline: number;
	/** What the node gives out then: n8n does not ask it again, it passes these on. */
	atDeadline: INodeExecutionData[];
	/** How the node ends then instead, where *On Error* is "Stop". */
	faultAtDeadline?: NodeFault;
}

/** The members of the engine's stack entry that decide how a resumed node ends. */
interface StackEntry {
	node: { disabled?: boolean };
	metadata?: { resumeError?: unknown };
}

/** Whether this host has what parking needs. */
export function canPark(context: IExecuteFunctions): boolean {
	return (
		typeof context.putExecutionToWait === 'function' &&
		typeof context.getExecuteData === 'function' &&
		typeof context.getExecutionId() === 'string'
	);
}

/**
 * Puts the execution to sleep. The node then has to return an array of its own: with an error
 * branch the engine empties the returned one, and `atDeadline` has to outlive that.
 */
export async function park(context: IExecuteFunctions, sleep: Sleep): Promise<void> {
	const entry = context.getExecuteData();
	entry.data = { main: [sleep.atDeadline] };
	if (sleep.faultAtDeadline !== undefined) {
		entry.metadata = { ...entry.metadata, resumeError: sleep.faultAtDeadline };
	}
	await context.putExecutionToWait(new Date(sleep.deadline));
}

/**
 * Settles how the node ends when the resume webhook returns its items.
 *
 * @param fault makes the node red and stops the workflow, with the data of earlier nodes kept
 *   (a throw in a resume webhook would lose them and let the next nodes run)
 * @returns false where this host gives no access to that: then the items have to carry the fault
 */
export function settleResume(context: IWebhookFunctions, fault: NodeFault | undefined): boolean {
	const entry = stackEntry(context);
	if (entry === undefined) return false;
	const { resumeError: _atDeadline, ...metadata } = entry.metadata ?? {};
	if (fault === undefined) {
		entry.metadata = metadata;
		return true;
	}
	entry.node.disabled = false;
	entry.metadata = { ...metadata, resumeError: fault };
	if (!isRecentHost()) endWith(context, fault);
	return true;
}

/**
 * Money rule: an older n8n knows no `resumeError` and would run the node again, which pays again.
 * It throws the error of the last node, though, before it runs that node.
 */
function endWith(context: IWebhookFunctions, fault: NodeFault): void {
	const resultData: unknown = parkedRunData(context)?.resultData;
	if (typeof resultData === 'object' && resultData !== null) Object.assign(resultData, { error: fault });
}

function stackEntry(context: IWebhookFunctions): StackEntry | undefined {
	const stack: unknown = parkedRunData(context)?.executionData?.nodeExecutionStack;
	const entry: unknown = Array.isArray(stack) ? stack[0] : undefined;
	if (typeof entry !== 'object' || entry === null || !('node' in entry)) return undefined;
	return entry as StackEntry;
}
