// What a run of Submit needs of n8n and of the service, read once.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { TaskSnapshot } from '../../../api/client';
import type { Family } from '../../../api/models';
import { clock } from '../../../n8n/clock';
import { establishedAt, executionOutcome, isRecentHost, isToolCall } from '../../../n8n/execution';
import { executionMemory, openMarks, processMemory, workflowMemory } from '../../../n8n/memory';
import { canSleep, forgetSleepingRun, resumeUrl } from '../../../n8n/sleep';
import type { Ports, Settings } from '../../../submission/ports';
import { claimedNames, markDelivered, type Memory } from '../../../submission/records';
import { connect } from '../../../tasks/readTasks';
import type { FinishFacts } from '../../../tasks/finish';
import { RESUME_PATH } from '../Task.resource';
import type { PollingRun } from '../waitForTasks';
import type { SubmitOptions, SubmitParameters } from './parameters';

/** The member of the node's context, and of the workflow's static data, that remembers submits. */
const SUBMIT_MEMORY = 'klingSubmissions';
/** The member of the node's context that holds the suspended run. */
export const SLEEP_MEMORY = 'klingSleep';

export interface Run extends PollingRun {
	executionId: string;
	/** How often the node ran in the execution before; a retry of the node keeps the number. */
	index: number;
	/** How many items came in. */
	count: number;
	/** Called by an AI agent. */
	isTool: boolean;
	/** Started by hand in the editor. */
	isManual: boolean;
	/** *On Error* is "Stop": an item that ends badly ends the node. */
	stopsOnIssue: boolean;
	/** This n8n runs the node again after a sleep. */
	canSleep: boolean;
	/** The address at which this execution can be called, where n8n has one. */
	resumeUrl?: string;
	/** What the execution remembers of its submits. */
	memory: Memory;
	/** What it keeps while it sleeps. */
	sleepMemory: Memory;
}

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

/** @throws KlingApiError when the credential is incomplete */
export async function openRun(context: IExecuteFunctions): Promise<Run> {
	const { $runIndex } = context.getWorkflowDataProxy(0);
	const index = typeof $runIndex === 'number' ? $runIndex : 0;
	forgetSleepingRun(context, index);
	const { client, service } = await connect(context);
	return {
		context,
		client,
		gateway: service.gateway,
		executionId: context.getExecutionId(),
		index,
		count: context.getInputData().length,
		isTool: isToolCall(context),
		isManual: context.getMode() === 'manual',
		stopsOnIssue: !context.continueOnFail(),
		canSleep: canSleep(context),
		resumeUrl: resumeUrl(context, RESUME_PATH),
		signal: context.getExecutionCancelSignal(),
		memory: executionMemory(context, SUBMIT_MEMORY),
		sleepMemory: executionMemory(context, SLEEP_MEMORY),
	};
}

/** What the submits may use of the world around them. */
export function portsOf({ context, client, memory, signal }: Run): Ports {
	return {
		client,
		clock,
		random: Math.random,
		memory,
		workflowMemory: workflowMemory(context, SUBMIT_MEMORY),
		shared: {
			tasks: processMemory(context, 'tasks'),
			claims: processMemory(context, 'claims'),
		},
		marks: openMarks(context),
		executionOutcome: async (id) => await executionOutcome(context, id),
		signal,
		log: (line) => context.logger.info(line),
	};
}

/** @param options of the first item: they steer the whole run (queue, cap, reuse) */
export function settingsOf(run: Run, options: SubmitOptions): Settings {
	const { context, gateway, executionId, index, isTool } = run;
	return {
		gateway,
		reuse: options.reuse,
		executionId,
		establishedAt: establishedAt(context),
		run: index,
		isTool,
		isRetry: context.getMode() === 'retry',
		mayBeRerun: !isRecentHost(),
		maxTries: maxTriesOf(run),
		maxConcurrent: options.maxConcurrent,
		maxWaitMinutes: options.maxWaitMinutes,
		maxNewTasks: options.maxNewTasks,
	};
}

/** As n8n itself counts; an agent's calls are not counted, because each of them is a try of its own. */
function maxTriesOf({ context, isTool }: Run): number {
	if (isTool) return Infinity;
	const { retryOnFail, maxTries } = context.getNode();
	return retryOnFail === true ? Math.min(5, Math.max(2, maxTries || 3)) : 1;
}

/**
 * To be called when the node hands these items on: a later retry then takes their tasks for done, and what
 * n8n's store holds for this execution goes when it ends. After a sleep this is the only call that asks for it.
 */
export function rememberDelivered(run: Run, items: number[]): void {
	const { context, memory, executionId, index } = run;
	markDelivered(memory, executionId, index, items);
	const { scopeName, keys } = claimedNames(memory, executionId);
	const marks = openMarks(context);
	if (scopeName !== undefined) marks?.releaseAtEnd(scopeName, 'over');
	for (const key of keys) marks?.releaseAtEnd(key, 'ended');
}
