// Submits the prepared items of a run and says of each what became of it.
import { KlingApiError } from '../../../api/errors/error';
import type { Job, Settings, Submission } from '../../../submission/ports';
import { type ItemIssue, issueOf } from '../../../tasks/output';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { TaskSnapshot } from '../../../api/client';
import type { Family } from '../../../api/models';
import { clock } from '../../../n8n/clock';
import { executionMemory, openMarks, processMemory, workflowMemory } from '../../../n8n/memory';
import { establishedAt, executionOutcome, isRecentHost, isToolCall } from '../../../n8n/execution';
import { fingerprintOf } from '../../../submission/key';
import { claimedNames, markDelivered } from '../../../submission/records';
import { submitAll, unfitJobs } from '../../../submission/submitAll';
import type { Connection } from '../../../tasks/readTasks';
import type { FinishFacts } from '../../../tasks/finish';
import type { SubmitOptions, SubmitParameters } from './parameters';
import type { Prepared } from './prepare';

/** The member of the node's context, and of the workflow's static data, that remembers submits. */
const MEMORY = 'klingSubmissions';

/** An item whose task exists. */
export interface SubmittedItem {
	/** Index of the input item. */
	item: number;
	family: Family;
	snapshot: TaskSnapshot;
	/** The idempotency key under which it was submitted. */
	key: string;
	/** False for an adopted task: its service calls another execution when it is finished. */
	sentHere: boolean;
	parameters: SubmitParameters;
	finish: FinishFacts;
}

interface SubmitResult {
	submitted: SubmittedItem[];
	issues: Map<number, ItemIssue>;
	/** What the user should know about tasks that were paid for earlier. */
	hints: string[];
}

/**
 * @param options of the first item: they steer the whole run (queue, cap, reuse)
 * @param callbackUrl where the service is to report, for items without one of their own
 */
export async function submitPrepared(
	context: IExecuteFunctions,
	connection: Connection,
	prepared: Prepared[],
	options: SubmitOptions,
	callbackUrl: string | undefined,
): Promise<SubmitResult> {
	const jobs = prepared.map((one) => jobOf(context, one, callbackUrl));
	const memory = executionMemory(context, MEMORY);
	const settings = settingsOf(context, connection, options);
	const submitted: SubmittedItem[] = [];
	const issues = new Map<number, ItemIssue>();
	const unfit = context.continueOnFail() ? [] : unfitJobs(jobs, { memory }, settings);
	for (const [item, error] of unfit) issues.set(item, submissionIssue({ kind: 'refused', error }));
	if (issues.size > 0) return { submitted, issues, hints: [] };

	const submissions = await submitAll(
		jobs,
		{
			client: connection.client,
			clock,
			random: Math.random,
			memory,
			workflowMemory: workflowMemory(context, MEMORY),
			shared: {
				tasks: processMemory(context, 'tasks'),
				claims: processMemory(context, 'claims'),
			},
			marks: openMarks(context),
			executionOutcome: async (id) => await executionOutcome(context, id),
			signal: context.getExecutionCancelSignal(),
			log: (line) => context.logger.info(line),
		},
		settings,
	);
	for (const [index, one] of prepared.entries()) {
		const submission = submissions[index];
		if (submission === undefined) continue;
		if (submission.kind !== 'task') {
			issues.set(one.item, one.explain(submissionIssue(submission)));
			continue;
		}
		const { item, family, parameters } = one;
		const snapshot = { task: submission.task, raw: submission.raw };
		const { key, sentHere, origin } = submission;
		const finish = finishFacts(one, origin === 'adopted');
		submitted.push({ item, family, snapshot, key, sentHere, parameters, finish });
	}
	return { submitted, issues, hints: reuseHints(submitted) };
}

/** A task that was paid for earlier is never used in silence. */
function reuseHints(submitted: readonly SubmittedItem[]): string[] {
	const reused = submitted.filter(({ finish }) => finish.reused);
	const [first] = reused;
	if (first === undefined) return [];
	const { task } = first.snapshot;
	const made = task.createdAt === undefined ? '' : ` of ${isoMinute(task.createdAt)}`;
	const others = reused.length > 1 ? ` (and ${reused.length - 1} more)` : '';
	const hints = [
		`Task ${task.id}${made} is used again for item ${first.item}${others}: nothing new was paid for.`,
	];
	const own = reused.find(({ parameters }) => parameters.additionalFields.externalTaskId !== '');
	if (own !== undefined) {
		const { externalTaskId } = own.parameters.additionalFields;
		hints.push(
			`The External Task ID ${externalTaskId} stands for the video that was made first. If the request has changed since, give it another ID.`,
		);
	}
	return hints;
}

function isoMinute(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * To be called when the node hands these items on: a later retry then takes their tasks for done, and what
 * n8n's store holds for this execution goes when it ends. After a sleep nobody else has asked for that.
 */
export function rememberDelivered(context: IExecuteFunctions, items: number[]): void {
	const memory = executionMemory(context, MEMORY);
	const executionId = context.getExecutionId();
	markDelivered(memory, executionId, runOf(context), items);
	const { scopeName, keys } = claimedNames(memory, executionId);
	const marks = openMarks(context);
	if (scopeName !== undefined) marks?.releaseAtEnd(scopeName, 'over');
	for (const key of keys) marks?.releaseAtEnd(key, 'ended');
}

function settingsOf(
	context: IExecuteFunctions,
	connection: Connection,
	options: SubmitOptions,
): Settings {
	return {
		gateway: connection.service.gateway,
		reuse: options.reuse,
		executionId: context.getExecutionId(),
		establishedAt: establishedAt(context),
		run: runOf(context),
		isTool: isToolCall(context),
		isRetry: context.getMode() === 'retry',
		mayBeRerun: !isRecentHost(),
		maxTries: maxTriesOf(context),
		maxConcurrent: options.maxConcurrent,
		maxWaitMinutes: options.maxWaitMinutes,
		maxNewTasks: options.maxNewTasks,
	};
}

/** As n8n itself counts; an agent's calls are not counted, because each of them is a try of its own. */
function maxTriesOf(context: IExecuteFunctions): number {
	if (isToolCall(context)) return Infinity;
	const { retryOnFail, maxTries } = context.getNode();
	return retryOnFail === true ? Math.min(5, Math.max(2, maxTries || 3)) : 1;
}

function jobOf(context: IExecuteFunctions, one: Prepared, callbackUrl: string | undefined): Job {
	return {
		item: one.item,
		fingerprint: fingerprintOf({
			instanceId: context.getInstanceId(),
			workflowId: context.getWorkflow().id ?? '',
			nodeId: context.getNode().id,
			request: one.fingerprintSource,
		}),
		userKey: one.parameters.additionalFields.externalTaskId || undefined,
		family: one.family,
		bytes: one.bytes,
		async build(key) {
			const built = await one.build(key, callbackUrl);
			if ('issue' in built) throw new BuildIssue(built.issue);
			return built.body;
		},
	};
}

function finishFacts({ parameters, family, sentPrompt }: Prepared, reused: boolean): FinishFacts {
	const { options } = parameters;
	const waits = parameters.afterSubmit === 'wait';
	return {
		family,
		model: parameters.model,
		sentPrompt,
		watermark: parameters.additionalFields.watermark,
		simplify: options.simplify,
		download:
			waits && parameters.downloadVideo ? { fieldName: options.outputFieldName } : undefined,
		failedIsIssue: waits,
		onTimeout: options.onTimeout,
		...(reused && { reused }),
	};
}

/** n8n counts how often a node ran in an execution; a retry of the node keeps the number. */
export function runOf(context: IExecuteFunctions): number {
	const { $runIndex } = context.getWorkflowDataProxy(0);
	return typeof $runIndex === 'number' ? $runIndex : 0;
}

/** Carries an issue out of the making of a body, which may only throw. */
export class BuildIssue extends Error {
	constructor(readonly issue: ItemIssue) {
		super(issue.message);
		this.name = 'BuildIssue';
	}
}

/** @param submission any outcome but a task */
export function submissionIssue(submission: Exclude<Submission, { kind: 'task' }>): ItemIssue {
	switch (submission.kind) {
		case 'refused':
			return refusedIssue(submission);
		case 'unknown':
			return issueOf(submission.error, { externalId: submission.key, state: 'may exist' });
		case 'capped':
			return issueOf(submission.error);
		case 'stopped':
			return stoppedIssue(submission);
	}
}

function refusedIssue({ error, key, taskId }: Extract<Submission, { kind: 'refused' }>): ItemIssue {
	if (error instanceof BuildIssue) return error.issue;
	const paid =
		taskId === undefined ? undefined : { taskId, externalId: key, state: 'not reachable' };
	if (error instanceof KlingApiError) return issueOf(error, paid);
	return {
		message: error.message,
		description: 'Nothing was sent for this item, so nothing was billed.',
		paid,
	};
}

function stoppedIssue({ key, maybeSent }: Extract<Submission, { kind: 'stopped' }>): ItemIssue {
	if (!maybeSent || key === undefined) {
		return {
			message: 'The execution was stopped before this item was sent',
			description: 'Nothing was billed for it.',
		};
	}
	return {
		message: `The execution was stopped while this item was being sent; a task may exist under the external ID ${key}`,
		description:
			'Look for it with Get Task (By External ID) or List Tasks before you submit again.',
		paid: { externalId: key, state: 'may exist' },
	};
}
