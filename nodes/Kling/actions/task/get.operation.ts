// Get Task: one task by its id, now or once it is finished. Costs nothing.
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';
import type { TaskSnapshot } from '../../api/client';
import type { KlingApiError } from '../../api/errors/error';
import { families, type Family, type FamilyName } from '../../api/models';
import { isFinished } from '../../api/task';
import {
	type ItemIssue,
	issueOf,
	type ItemOutcome,
	type OperationResult,
} from '../../tasks/output';
import {
	maxWaitMinutes,
	parameterIssue,
	pollIntervalSeconds,
	readParameters,
	type Read,
} from '../parameters';
import { connect, findTask, readAgain } from '../../tasks/readTasks';
import { finishItem, type Waited } from '../../tasks/finish';
import { waitForTasks, type PollingRun } from './waitForTasks';

const getParameters = z.object({
	taskId: z.union([z.string().trim(), z.number()]),
	options: z.object({
		waitUntilFinished: z.boolean().default(false),
		maxWaitMinutes,
		pollIntervalSeconds,
		downloadVideo: z.boolean().default(false),
		outputFieldName: z.string().min(1).default('data'),
		family: z.enum(['multiImage', 'omni']).optional(),
		simplify: z.boolean().default(true),
	}),
});

type GetParameters = z.infer<typeof getParameters>;

/** What one item found: an outcome already, or a task to wait for together with the others. */
type Found =
	{ outcome: ItemOutcome } | { snapshot: TaskSnapshot; family: Family; parameters: GetParameters };

/** Looks all tasks up, then waits for the unfinished ones together, then downloads. */
export async function executeGet(context: IExecuteFunctions): Promise<OperationResult> {
	const { client, service } = await connect(context);
	const signal = context.getExecutionCancelSignal();
	const run = { context, client, gateway: service.gateway, signal };
	const found: Found[] = [];
	for (let item = 0; item < context.getInputData().length; item++) {
		found.push(await findOne(run, item));
	}

	const waiting = found.flatMap((one, item) =>
		'snapshot' in one && one.parameters.options.waitUntilFinished && !isFinished(one.snapshot.task)
			? [{ item, ...one }]
			: [],
	);
	const waits = await waitForTasks(run, waiting);
	const outcomes: ItemOutcome[] = [];
	for (const [item, one] of found.entries()) {
		if ('outcome' in one) outcomes.push(one.outcome);
		else outcomes.push(await finishOne(run, one, waits.get(item)));
	}
	return { kind: 'done', outcomes };
}

/** @param waited undefined when the task was not waited for */
async function finishOne(
	{ context, client, signal }: PollingRun,
	{ snapshot, family, parameters }: Extract<Found, { snapshot: TaskSnapshot }>,
	waited: Waited = { kind: 'finished', snapshot },
): Promise<ItemOutcome> {
	const { downloadVideo, outputFieldName, simplify, waitUntilFinished } = parameters.options;
	const facts = {
		family,
		simplify,
		download: downloadVideo ? { fieldName: outputFieldName } : undefined,
		// A plain look-up reports a failed task; only a wait ends its item with it.
		failedIsIssue: waitUntilFinished,
		onTimeout: 'error' as const,
	};
	return await finishItem(context, client, waited, facts, signal);
}

async function findOne({ context, client, signal }: PollingRun, item: number): Promise<Found> {
	const read: Read<GetParameters> = readParameters(context, item, getParameters, {
		taskId: '',
		options: {},
	});
	if (!read.ok) return { outcome: { error: read.issue } };
	const { taskId: given, options } = read.value;
	if (typeof given === 'number' && given > Number.MAX_SAFE_INTEGER) {
		return { outcome: { error: lostDigits(given) } };
	}
	const taskId = String(given);
	if (taskId === '') {
		return {
			outcome: {
				error: parameterIssue(
					"'Task' is empty",
					'Pick a task from the list, or give the task_id that Submit Multi-Image Video returned.',
				),
			},
		};
	}
	const likely = families[options.family ?? familyOfItem(context, item)];
	const outcome = await findTask(likely, (family) =>
		readAgain(() => client.fetch(family, taskId), signal),
	);
	if (outcome.kind === 'missing')
		return { outcome: { error: missingIssue(taskId, outcome.error) } };
	if (outcome.kind !== 'found') {
		const issue = issueOf(outcome.error);
		const message = `Task ${taskId} could not be looked up: ${issue.message}`;
		return { outcome: { error: { ...issue, message } } };
	}
	return {
		snapshot: { task: outcome.task, raw: outcome.raw },
		family: outcome.family,
		parameters: read.value,
	};
}

/** Kling's ids have 18 digits, a number keeps 15: another task, or none, would be asked for. */
function lostDigits(id: number): ItemIssue {
	return parameterIssue(
		`The number ${id} has lost digits: give the task ID as text`,
		'Take task_id as Submit Multi-Image Video returned it, or put the ID in quotation marks where the JSON is made.',
	);
}

function missingIssue(taskId: string, error: KlingApiError): ItemIssue {
	return {
		message: `Task ${taskId} was not found`,
		description:
			'Check the ID, and that the credential belongs to the account and the provider that the task was submitted with. Not every gateway can look up an external ID.',
		api: error,
	};
}

/** An item that came from Submit says itself which endpoint its task lives at. */
function familyOfItem(context: IExecuteFunctions, item: number): FamilyName {
	const endpoint = context.getInputData()[item]?.json.endpoint;
	return endpoint === families.omni.path ? 'omni' : 'multiImage';
}
