// What n8n shows of the node besides its output: errors, and hints.
import type { IExecuteFunctions, INode, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import type { FailureDetail, Issue, KlingApiError } from '../api/errors/error';

interface NodeErrorFacts extends Issue {
	itemIndex: number;
	/** Why n8n may want to wait, or ask the user to act. */
	failure?: FailureDetail;
	/** The refusal behind it, where there is one: then n8n shows its HTTP code. */
	api?: KlingApiError;
}

/**
 * Makes n8n's error, once: n8n does not wrap an error of its own a second time.
 *
 * @param node the node as `getNode()` gives it
 * @param facts texts that are free of secrets
 * @returns an error to throw, or to put into an item's `error`
 */
export function nodeError(node: INode, facts: NodeErrorFacts): NodeApiError | NodeOperationError {
	const error = newError(node, facts);
	// Where n8n finds a network code such as ECONNREFUSED it puts a text of its own there, without item and task.
	error.message = facts.message;
	return error;
}

function newError(node: INode, facts: NodeErrorFacts): NodeApiError | NodeOperationError {
	const { message, description, itemIndex, failure, api } = facts;
	if (api === undefined) {
		return new NodeOperationError(node, message, { description, itemIndex, failure });
	}
	const { httpStatus, code, requestId } = api.facts;
	// A plain object, never the error itself: n8n would take its message over ours.
	const response: JsonObject = {
		message,
		...(code === undefined ? {} : { code: `kling ${code}` }),
		...(requestId === undefined ? {} : { request_id: requestId }),
	};
	return new NodeApiError(node, response, {
		message,
		description,
		itemIndex,
		failure,
		...(httpStatus === undefined ? {} : { httpCode: String(httpStatus) }),
	});
}

/** What was thrown, in words. */
export function reasonOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}

/** More than these would hide the output. */
const MOST_HINTS = 5;

/**
 * Shows each remark once in the output pane. Hosts that cannot show hints get them in the log.
 */
export function showHints(
	context: Pick<IExecuteFunctions, 'logger'> &
		Partial<Pick<IExecuteFunctions, 'addExecutionHints'>>,
	remarks: string[],
): void {
	const distinct = [...new Set(remarks)].slice(0, MOST_HINTS);
	for (const message of distinct) {
		if (typeof context.addExecutionHints === 'function') {
			context.addExecutionHints({ message, location: 'outputPane' });
		} else {
			context.logger.info(message);
		}
	}
}
