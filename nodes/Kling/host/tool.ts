// Whether this run is a call by an AI agent, in which nothing may park and every try counts a run.
import type { IExecuteFunctions } from 'n8n-workflow';

/** Older hosts have no `isToolExecution`; there the generated tool type ends with "Tool". */
export function isToolCall(context: IExecuteFunctions): boolean {
	if (typeof context.isToolExecution === 'function' && context.isToolExecution()) return true;
	return context.getNode().type.endsWith('Tool');
}
