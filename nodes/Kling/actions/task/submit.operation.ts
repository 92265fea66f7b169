// Submit Multi-Image Video: one input item makes one task, whatever times out, restarts or is retried.
import type { IExecuteFunctions } from 'n8n-workflow';

import { clock } from '../../host/clock';
import { showHints } from '../../host/hints';
import { executionMemory, workflowMemory } from '../../host/memory';
import { executionOutcome } from '../../host/otherExecution';
import { isToolCall } from '../../host/tool';
import { fingerprintOf } from '../../submission/key';
import { markDelivered } from '../../submission/memory';
import type { Job, Settings, Submission } from '../../submission/ports';
import { submitAll } from '../../submission/submitAll';
import type { ItemOutcome, OperationResult } from '../outcome';
import { openDoor, type Door } from '../service';
import { finishItem, type FinishFacts } from './finish';
import { prepareSubmit, type Prepared } from './submit.prepare';
import { BuildIssue, submissionIssue } from './submit.issues';
import { waitForTasks } from './waitForTasks';

const MEMORY = 'klingSubmissions';

export async function executeSubmit(context: IExecuteFunctions): Promise<OperationResult> {
	const door = await openDoor(context);
	const outcomes: Array<ItemOutcome | undefined> = [];
	const prepared: Prepared[] = [];
	for (let item = 0; item < context.getInputData().length; item++) {
		const one = await prepareSubmit(context, door.service.gateway, item);
		if ('issue' in one) outcomes[item] = { error: one.issue };
		else prepared.push(one);
	}
	showHints(context, prepared.flatMap((one) => one.hints));
	// Stop means stop: nothing is paid for while an item of the batch is known to be unfit.
	const unfit = outcomes.some((outcome) => outcome !== undefined);
	if (unfit && !context.continueOnFail()) return { kind: 'done', outcomes: filled(outcomes, context) };

	const submissions = await submit(context, door, prepared, undefined);
	for (const [index, one] of prepared.entries()) {
		const submission = submissions[index];
		if (submission === undefined) continue;
		if (submission.kind !== 'task') {
			outcomes[one.item] = { error: submissionIssue(submission) };
		}
	}
	const toFinish = prepared.flatMap((one, index) => {
		const submission = submissions[index];
		return submission?.kind === 'task' ? [{ ...one, told: submission }] : [];
	});
	const waits = await waitForTasks(
		context,
		door,
		toFinish
			.filter((one) => one.parameters.afterSubmit === 'wait')
			.map(({ item, told, family, parameters }) => ({
				item,
				told,
				family,
				maxWaitMinutes: parameters.options.maxWaitMinutes,
				pollIntervalSeconds: parameters.options.pollIntervalSeconds,
			})),
	);
	for (const one of toFinish) {
		const waited = waits.get(one.item) ?? { kind: 'finished' as const, told: one.told };
		outcomes[one.item] = await finishItem(
			context,
			door.client,
			waited,
			finishFacts(one),
			context.getExecutionCancelSignal(),
		);
	}
	markDelivered(
		executionMemory(context, MEMORY),
		context.getExecutionId(),
		runOf(context),
		toFinish.map((one) => one.item),
	);
	return { kind: 'done', outcomes: filled(outcomes, context) };
}

async function submit(
	context: IExecuteFunctions,
	door: Door,
	prepared: Prepared[],
	callbackUrl: string | undefined,
): Promise<Submission[]> {
	const [first] = prepared;
	if (first === undefined) return [];
	const { options } = first.parameters;
	const settings: Settings = {
		gateway: door.service.gateway,
		reuse: options.reuse,
		executionId: context.getExecutionId(),
		run: runOf(context),
		isTool: isToolCall(context),
		isRetry: context.getMode() === 'retry',
		maxConcurrent: options.maxConcurrent,
		maxWaitMinutes: options.maxWaitMinutes,
		maxNewTasks: options.maxNewTasks,
	};
	return await submitAll(
		prepared.map((one) => jobOf(context, one, callbackUrl)),
		{
			client: door.client,
			clock,
			random: Math.random,
			memory: executionMemory(context, MEMORY),
			workflowMemory: workflowMemory(context, MEMORY),
			executionOutcome: async (id) => await executionOutcome(context, id),
			signal: context.getExecutionCancelSignal(),
			log: (line) => context.logger.info(line),
		},
		settings,
	);
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
	const wait = parameters.afterSubmit === 'wait';
	return {
		family,
		model: parameters.model,
		watermark: parameters.additionalFields.watermark,
		simplify: options.simplify,
		download: wait && options.downloadVideo ? { fieldName: options.outputFieldName } : undefined,
		failedIsIssue: wait,
		onTimeout: options.onTimeout,
	};
}

/** n8n counts how often a node ran in an execution; a retry of the node keeps the number. */
function runOf(context: IExecuteFunctions): number {
	const { $runIndex } = context.getWorkflowDataProxy(0);
	return typeof $runIndex === 'number' ? $runIndex : 0;
}

function filled(outcomes: Array<ItemOutcome | undefined>, context: IExecuteFunctions): ItemOutcome[] {
	return context.getInputData().map((_, item) => outcomes[item] ?? { items: [] });
}
