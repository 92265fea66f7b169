// Runs the chosen operation and follows the node's On Error setting.
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { KlingApiError } from '../api/errors';
import { nodeError } from '../host/nodeError';
import { issueOf, type Issue, type OperationResult } from './outcome';
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
	const result = await runWhole(context, operation);
	if (result.kind === 'parked') return [result.items];
	if (!context.continueOnFail()) {
		const stop = stopError(context.getNode(), result.outcomes);
		if (stop !== undefined) throw stop;
	}
	return [toItems(result.outcomes)];
}

/**
 * What concerns the whole run (an incomplete credential, something unforeseen) ends each item. Thrown
 * instead, n8n would send the input down the good branch of a node that has an error branch.
 */
async function runWhole(context: IExecuteFunctions, operation: Operation): Promise<OperationResult> {
	try {
		return await operation(context);
	} catch (thrown) {
		const error = wholeIssue(thrown);
		return { kind: 'done', outcomes: context.getInputData().map(() => ({ error })) };
	}
}

function wholeIssue(thrown: unknown): Issue {
	if (thrown instanceof KlingApiError) return issueOf(thrown);
	const message = thrown instanceof Error ? thrown.message : String(thrown);
	return {
		message,
		description:
			'Check the node and its credential. If tasks were submitted before, List Tasks shows them.',
	};
}
