// Submits the prepared items of a run and says of each what became of it.
import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

import type { Told } from '../../api/client';
import type { Family } from '../../api/models';
import { isRecentHost } from '../../host/abilities';
import { clock } from '../../host/clock';
import { executionMemory, parkedMemory, workflowMemory } from '../../host/memory';
import { executionOutcome } from '../../host/otherExecution';
import { isToolCall } from '../../host/tool';
import { fingerprintOf } from '../../submission/key';
import { markDelivered } from '../../submission/memory';
import type { Job, Settings } from '../../submission/ports';
import { submitAll, unfitJobs } from '../../submission/submitAll';
import type { Issue } from '../outcome';
import type { Door } from '../service';
import type { FinishFacts } from './finish';
import { BuildIssue, submissionIssue } from './submit.issues';
import type { SubmitOptions, SubmitParameters } from './submit.parameters';
import type { Prepared } from './submit.prepare';

/** The member of the node's context, and of the workflow's static data, that remembers submits. */
const MEMORY = 'klingSubmissions';

/** An item whose task exists. */
export interface SubmittedItem {
	/** Index of the input item. */
	item: number;
	family: Family;
	told: Told;
	/** The idempotency key under which it was submitted. */
	key: string;
	/** False for an adopted task: its service calls another execution when it is finished. */
	sentHere: boolean;
	parameters: SubmitParameters;
	finish: FinishFacts;
}

interface SubmitResult {
	submitted: SubmittedItem[];
	issues: Map<number, Issue>;
}

/**
 * @param options of the first item: they steer the whole run (queue, cap, reuse)
 * @param callbackUrl where the service is to report, for items without one of their own
 */
export async function submitPrepared(
	context: IExecuteFunctions,
	door: Door,
	prepared: Prepared[],
	options: SubmitOptions,
	callbackUrl: string | undefined,
): Promise<SubmitResult> {
	const jobs = prepared.map((one) => jobOf(context, one, callbackUrl));
	const memory = executionMemory(context, MEMORY);
	const settings = settingsOf(context, door, options);
	const submitted: SubmittedItem[] = [];
	const issues = new Map<number, Issue>();
	const unfit = context.continueOnFail() ? [] : unfitJobs(jobs, { memory }, settings);
	for (const [item, error] of unfit) issues.set(item, submissionIssue({ kind: 'refused', error }));
	if (issues.size > 0) return { submitted, issues };

	const submissions = await submitAll(
		jobs,
		{
			client: door.client,
			clock,
			random: Math.random,
			memory,
			workflowMemory: workflowMemory(context, MEMORY),
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
			issues.set(one.item, submissionIssue(submission));
			continue;
		}
		const { item, family, parameters } = one;
		const told = { task: submission.task, raw: submission.raw };
		const finish = finishFacts(one);
		const { key, sentHere } = submission;
		submitted.push({ item, family, told, key, sentHere, parameters, finish });
	}
	return { submitted, issues };
}

/** To be called when the node hands these items on: a later retry then takes their tasks for done. */
export function rememberDelivered(context: IExecuteFunctions, items: number[]): void {
	const memory = executionMemory(context, MEMORY);
	markDelivered(memory, context.getExecutionId(), runOf(context), items);
}

/** The same from a resume webhook, whose changes to the context go on with the execution. */
export function rememberDeliveredAsleep(context: IWebhookFunctions, run: number, items: number[]): void {
	const memory = parkedMemory(context, MEMORY);
	if (memory !== undefined) markDelivered(memory, context.getExecutionId(), run, items);
}

function settingsOf(context: IExecuteFunctions, door: Door, options: SubmitOptions): Settings {
	return {
		gateway: door.service.gateway,
		reuse: options.reuse,
		executionId: context.getExecutionId(),
		run: runOf(context),
		isTool: isToolCall(context),
		isRetry: context.getMode() === 'retry',
		mayBeRerun: !isRecentHost(),
		maxConcurrent: options.maxConcurrent,
		maxWaitMinutes: options.maxWaitMinutes,
		maxNewTasks: options.maxNewTasks,
	};
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

function finishFacts({ parameters, family }: Prepared): FinishFacts {
	const { options } = parameters;
	const waits = parameters.afterSubmit === 'wait';
	return {
		family,
		model: parameters.model,
		watermark: parameters.additionalFields.watermark,
		simplify: options.simplify,
		download: waits && options.downloadVideo ? { fieldName: options.outputFieldName } : undefined,
		failedIsIssue: waits,
		onTimeout: options.onTimeout,
	};
}

/** n8n counts how often a node ran in an execution; a retry of the node keeps the number. */
export function runOf(context: IExecuteFunctions): number {
	const { $runIndex } = context.getWorkflowDataProxy(0);
	return typeof $runIndex === 'number' ? $runIndex : 0;
}
