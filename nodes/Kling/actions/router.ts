// Runs the chosen operation and follows the node's On Error setting.
import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import { failureDetail, KlingApiError } from '../api/errors/error';
import { isRecentHost, isToolCall } from '../n8n/execution';
import { nodeError, reasonOf } from '../n8n/messages';
import {
	type ItemIssue,
	issueOf,
	type ItemOutcome,
	type OperationResult,
	type PaidTask,
} from '../tasks/output';
import { executeGet } from './task/get.operation';
import { executeList } from './task/list.operation';
import { executeSubmit } from './task/submit/submit.operation';

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
	const result = await operation(context).catch((thrown: unknown): OperationResult => {
		const error = wholeIssue(thrown);
		return { kind: 'done', outcomes: context.getInputData().map(() => ({ error })) };
	});
	if (result.kind === 'asleep') return [result.items];
	if (isToolCall(context)) return [toAgentItems(result.outcomes)];
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
function wholeIssue(thrown: unknown): ItemIssue {
	if (thrown instanceof KlingApiError) return issueOf(thrown);
	return {
		message: reasonOf(thrown),
		description:
			'Check the node and its credential. If tasks were submitted before, List Tasks shows them.',
	};
}

/**
 * The error that stops the node: the first item's, with every task that was paid for in its text,
 * because the good items' output is lost with it.
 *
 * @returns undefined when every item ended well
 */
export function stopError(
	node: INode,
	outcomes: ItemOutcome[],
): ReturnType<typeof nodeError> | undefined {
	const itemIndex = outcomes.findIndex((outcome) => 'error' in outcome);
	const first = outcomes[itemIndex];
	if (first === undefined || !('error' in first)) return undefined;
	const { error } = first;
	const others = outcomes.filter((outcome) => 'error' in outcome).length - 1;
	// As the editor writes it: that adds its own wherever this very text is missing.
	const label = outcomes.length > 1 ? ` [item ${itemIndex}]` : '';
	const more = others > 0 ? ` (and ${others} more ${others === 1 ? 'item' : 'items'})` : '';
	return nodeError(node, {
		message: `${error.message}${label}${more}`,
		description: [error.description, paidSentence(outcomes, error)].filter(Boolean).join(' '),
		itemIndex,
		failure: error.api === undefined ? undefined : failureDetail(error.api),
		api: error.api,
	});
}

/** Good items with their pairing, the others as n8n's "json.error" items. */
export function toItems(outcomes: ItemOutcome[]): INodeExecutionData[] {
	return outcomes.flatMap((outcome, item) =>
		'error' in outcome
			? [issueItem(outcome.error, item)]
			: outcome.items.map((good) => ({ ...good, pairedItem: { item } })),
	);
}

/**
 * What an AI agent is told. Money rule: it is given out, never thrown: of a thrown error an agent sees the
 * message at most and often nothing, and an agent that knows no task ID submits again.
 */
export function toAgentItems(outcomes: ItemOutcome[]): INodeExecutionData[] {
	return outcomes.flatMap((outcome, item) => {
		const pairedItem = { item };
		if ('error' in outcome) {
			const { message, description, paid } = outcome.error;
			const ids: IDataObject = {
				...(paid?.taskId === undefined ? {} : { task_id: paid.taskId }),
				...(paid?.externalId === undefined ? {} : { external_task_id: paid.externalId }),
				...(paid === undefined ? {} : { task_state: paid.state }),
			};
			return [{ json: { message: `${message}. ${description}`, ...ids }, pairedItem }];
		}
		return outcome.items.map((good) => {
			const { json } = good;
			if (json.timed_out !== true) return { ...good, pairedItem };
			const message = `The video is not ready yet. Do not submit again: ask for it later with Get Task and the ID ${String(json.task_id)}.`;
			return { ...good, json: { message, ...json }, pairedItem };
		});
	});
}

/**
 * An item that n8n recognises as ended badly. Only `error`, `message` and `details` may stand in it, on an
 * older n8n not even `details`: with any other member n8n would not move it to the error branch.
 */
function issueItem(issue: ItemIssue, item: number): INodeExecutionData {
	const details: IDataObject = {
		...(issue.paid?.taskId === undefined ? {} : { task_id: issue.paid.taskId }),
		...(issue.paid?.externalId === undefined ? {} : { external_task_id: issue.paid.externalId }),
		...(issue.paid === undefined ? {} : { task_state: issue.paid.state }),
		...(issue.api?.facts.code === undefined ? {} : { code: issue.api.facts.code }),
		...(issue.api?.facts.requestId === undefined ? {} : { request_id: issue.api.facts.requestId }),
	};
	const json = isRecentHost()
		? { error: issue.message, message: issue.description, details }
		: { error: issue.message, message: withDetails(issue.description, details) };
	return { json, pairedItem: { item } };
}

/** "Look it up. (task_id: 867…, task_state: failed)" */
function withDetails(text: string, details: IDataObject): string {
	const named = Object.entries(details).map(([name, value]) => `${name}: ${String(value)}`);
	return named.length === 0 ? text : `${text} (${named.join(', ')})`;
}

/** @param shown the issue that it follows, which names its own task already */
function paidSentence(outcomes: ItemOutcome[], shown: ItemIssue): string {
	const paid = outcomes.flatMap((outcome) => {
		const task = 'error' in outcome ? outcome.error.paid : outcome.paid;
		return task === undefined || (task === shown.paid && isNamed(task, shown)) ? [] : [task];
	});
	if (paid.length === 0) return '';
	// Money rule: all of them, however many. Where a service lists no tasks, nothing else names them.
	const uncertain = paid.filter(({ taskId }) => taskId === undefined);
	const certain = paid.filter(({ taskId }) => taskId !== undefined);
	const named = [...uncertain, ...certain].map(taskWords).join(', ');
	const advice = paid.every(({ state }) => state === 'failed')
		? ''
		: ' Collect them with Get Task.';
	return `Tasks of this run that exist at the service and may have been billed: ${named}.${advice}`;
}

function isNamed({ taskId, externalId }: PaidTask, { message, description }: ItemIssue): boolean {
	const name = taskId ?? externalId;
	return name !== undefined && `${message} ${description}`.includes(name);
}

function taskWords(task: PaidTask): string {
	const name = task.taskId ?? `external ID ${task.externalId ?? 'not known'}`;
	return `${name} (${task.state})`;
}
