// What n8n can tell of another execution: whether this node ended well in it.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { ExecutionOutcome } from '../submission/ports';

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
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		context.logger.debug(`Execution ${executionId} could not be read: ${why}`);
		return 'unknown';
	}
}
