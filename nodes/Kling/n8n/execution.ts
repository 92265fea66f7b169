// What n8n tells of executions: what its release can do, how it runs the node now, and how an earlier execution ended.
import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { ExecutionOutcome } from '../submission/ports';
import { reasonOf } from './messages';

const ANY_NODE = {
	id: '',
	name: '',
	type: '',
	typeVersion: 1,
	position: [0, 0] as [number, number],
	parameters: {},
};

/**
 * True from release 2.37 on, whose errors have a member `failure`. By then the engine also
 * - takes an item with `error`, `message` and `details` for one that ended badly (since 2.36; before, only
 *   `error` and `message`, and with a third member such an item went down the good branch);
 * - ends a resumed node with the stack entry's `resumeError` (since 2.31 at the latest).
 */
export function isRecentHost(): boolean {
	return 'failure' in new NodeOperationError(ANY_NODE, 'asked for its members only');
}

/**
 * Whether this run is a call by an AI agent, in which nothing may sleep and every try counts a run.
 * Older hosts have no `isToolExecution`; there the generated tool type ends with "Tool".
 */
export function isToolCall(context: IExecuteFunctions): boolean {
	if (typeof context.isToolExecution === 'function' && context.isToolExecution()) return true;
	return context.getNode().type.endsWith('Tool');
}

/**
 * When the execution began, or the first of those that it retries.
 *
 * @returns Unix time in milliseconds; undefined where n8n does not keep it over retries by hand. Older releases tell
 * another time in a run that they start again by themselves.
 */
export function establishedAt(context: IExecuteFunctions): number | undefined {
	if (!isRecentHost() || typeof context.getExecutionContext !== 'function') return undefined;
	return context.getExecutionContext()?.establishedAt;
}

/**
 * @param executionId of an earlier execution of the same workflow
 * @returns whether this node's last run in it ended well, and so handed its videos on
 */
export async function executionOutcome(
	context: IExecuteFunctions,
	executionId: string,
): Promise<ExecutionOutcome> {
	if (typeof context.getExecutionDataById !== 'function') return 'unknown';
	try {
		const data = await context.getExecutionDataById(executionId);
		if (data === undefined) return 'unknown';
		const runs = data.resultData.runData[context.getNode().name];
		const last = runs?.[runs.length - 1];
		// What a sleeping execution submitted is its own.
		if (last?.executionStatus === 'waiting' || data.waitTill) return 'succeeded';
		// Without a run of this node it may have crashed, or be under way.
		if (last === undefined) return 'unknown';
		// A later node that stopped the execution says nothing about this one: its videos were handed on.
		if (last.error !== undefined) return 'notSucceeded';
		return last.executionStatus === undefined || last.executionStatus === 'success'
			? 'succeeded'
			: 'notSucceeded';
	} catch (thrown) {
		context.logger.debug(`Execution ${executionId} could not be read: ${reasonOf(thrown)}`);
		return 'unknown';
	}
}
