// Turns the outcomes of a run into n8n's output: pairing, items with an issue, and the error that stops the node.
import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import { failureDetail } from '../api/errors';
import { isRecentHost } from '../host/abilities';
import { nodeError } from '../host/nodeError';
import type { Issue, ItemOutcome, PaidTask } from './outcome';

/**
 * The error that stops the node: the first item's, with every task that was paid for in its text,
 * because the good items' output is lost with it.
 *
 * @returns undefined when every item ended well
 */
export function stopError(node: INode, outcomes: ItemOutcome[]): ReturnType<typeof nodeError> | undefined {
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
 * An item that n8n recognises as ended badly. Only `error`, `message` and `details` may stand in it, on an
 * older n8n not even `details`: with any other member n8n would not move it to the error branch.
 */
function issueItem(issue: Issue, item: number): INodeExecutionData {
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
function paidSentence(outcomes: ItemOutcome[], shown: Issue): string {
	const paid = outcomes.flatMap((outcome) => {
		const task = 'error' in outcome ? outcome.error.paid : outcome.paid;
		return task === undefined || (task === shown.paid && isNamed(task, shown)) ? [] : [task];
	});
	if (paid.length === 0) return '';
	// Money rule: all of them, however many. Where a service lists no tasks, nothing else names them.
	const uncertain = paid.filter(({ taskId }) => taskId === undefined);
	const certain = paid.filter(({ taskId }) => taskId !== undefined);
	const named = [...uncertain, ...certain].map(taskWords).join(', ');
	const advice = paid.every(({ state }) => state === 'failed') ? '' : ' Collect them with Get Task.';
	return `Tasks of this run that exist at the service and may have been billed: ${named}.${advice}`;
}

function isNamed({ taskId, externalId }: PaidTask, { message, description }: Issue): boolean {
	const name = taskId ?? externalId;
	return name !== undefined && `${message} ${description}`.includes(name);
}

function taskWords(task: PaidTask): string {
	const name = task.taskId ?? `external ID ${task.externalId ?? 'not known'}`;
	return `${name} (${task.state})`;
}
