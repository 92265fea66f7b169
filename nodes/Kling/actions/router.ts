// Runs the chosen operation and follows the node's On Error setting.
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { nodeError } from '../host/nodeError';
import type { OperationResult } from './outcome';
import { stopError, toItems } from './router.output';
import { executeGet } from './task/get.operation';
import { executeList } from './task/list.operation';
import { executeSubmit } from './task/submit.operation';

type Operation = (context: IExecuteFunctions) => Promise<OperationResult>;

const operations: Record<string, Record<string, Operation>> = {
	task: { submit: executeSubmit, get: executeGet, list: executeList },
};

/**
 * Runs the operation that the node is set to.
 *
 * @returns n8n's output: one branch; n8n itself moves items with an issue to the error branch
 * @throws NodeApiError or NodeOperationError when an item ended badly and *On Error* is "Stop"
 */
export async function route(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const resource = context.getNodeParameter('resource', 0) as string;
	const name = context.getNodeParameter('operation', 0) as string;
	const operation = operations[resource]?.[name];
	if (operation === undefined) {
		throw nodeError(context.getNode(), {
			message: `The operation "${name}" of "${resource}" is not known to this version of the node`,
			description: 'Pick an operation in the node, or update the package.',
			itemIndex: 0,
		});
	}
	const result = await operation(context);
	if (result.kind === 'parked') return [result.items];
	if (!context.continueOnFail()) {
		const stop = stopError(context.getNode(), result.outcomes);
		if (stop !== undefined) throw stop;
	}
	return [toItems(result.outcomes)];
}
