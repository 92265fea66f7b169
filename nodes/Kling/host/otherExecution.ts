// What n8n can tell of another execution: whether this node ended well in it.
import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * `succeeded` also stands for one that still waits. `unknown`: not saved, still running, or this host cannot look.
 * The port's type of submission/ by its shape: neither room may know the other.
 */
type ExecutionOutcome = 'succeeded' | 'notSucceeded' | 'unknown';

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
		if (data.waitTill !== undefined && data.waitTill !== null) return 'succeeded';
		if (last?.error !== undefined || data.resultData.error !== undefined) return 'notSucceeded';
		// Without a run of this node it may have crashed, or be under way.
		if (last === undefined) return 'unknown';
		return last.executionStatus === undefined || last.executionStatus === 'success'
			? 'succeeded'
			: 'notSucceeded';
	} catch (thrown) {
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		context.logger.debug(`Execution ${executionId} could not be read: ${why}`);
		return 'unknown';
	}
}
