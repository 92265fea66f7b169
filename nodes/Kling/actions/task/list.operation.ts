// List Tasks: the account's tasks, newest first, with filters. Costs nothing.
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { KlingClient, Told } from '../../api/client';
import { families, type Family } from '../../api/models';
import type { ItemOutcome, OperationResult } from '../outcome';
import { issueOf } from '../outcome';
import { taskItem } from '../output';
import { parameterIssue, readParameters } from '../parameters';
import { openDoor } from '../service';
import { listTasks, type ListQuestion } from './listPages';

const status = z.enum(['submitted', 'processing', 'succeed', 'failed']);

const listParameters = z.object({
	returnAll: z.boolean(),
	limit: z.number().int().min(1),
	filters: z.object({
		status: z.union([z.array(status), status.transform((one) => [one])]).optional(),
		createdAfter: z.unknown().optional().transform(toTime),
		createdBefore: z.unknown().optional().transform(toTime),
		family: z.enum(['all', 'multiImage', 'omni']).optional(),
	}),
	simplify: z.boolean(),
});

type ListParameters = z.infer<typeof listParameters>;

/** One list per input item, each with its own filters. */
export async function executeList(context: IExecuteFunctions): Promise<OperationResult> {
	const { client } = await openDoor(context);
	const outcomes: ItemOutcome[] = [];
	for (let item = 0; item < context.getInputData().length; item++) {
		outcomes.push(await listOne(context, client, item));
	}
	return { kind: 'done', outcomes };
}

async function listOne(
	context: IExecuteFunctions,
	client: KlingClient,
	item: number,
): Promise<ItemOutcome> {
	const read = readParameters(context, item, listParameters, {
		returnAll: false,
		limit: 50,
		filters: {},
		simplify: true,
	});
	if (!read.ok) return { error: read.issue };
	const { filters, simplify } = read.value;
	for (const field of ['createdAfter', 'createdBefore'] as const) {
		if (Number.isNaN(filters[field])) {
			return {
				error: parameterIssue(
					`'Created ${field === 'createdAfter' ? 'After' : 'Before'}' is not a date`,
					'Use a date such as 2026-11-21T08:00:00Z.',
				),
			};
		}
	}

	const found: Array<{ told: Told; family: Family }> = [];
	for (const family of wantedFamilies(filters.family ?? 'all')) {
		const listed = await listTasks(
			client,
			family,
			questionOf(read.value),
			context.getExecutionCancelSignal(),
		);
		if (listed.kind === 'tasks') {
			found.push(...listed.tasks.map((told) => ({ told, family })));
			continue;
		}
		// A service without the newer endpoint still has the older tasks to show.
		const lacksRoute = listed.kind === 'unsupported' && found.length > 0;
		if (!lacksRoute) return { error: issueOf(listed.error) };
	}

	found.sort((a, b) => (b.told.task.createdAt ?? 0) - (a.told.task.createdAt ?? 0));
	const limit = read.value.returnAll ? found.length : read.value.limit;
	return {
		items: found
			.slice(0, limit)
			.map(({ told, family }) => ({ json: taskItem(told, { simplify, family }) })),
	};
}

function wantedFamilies(wanted: 'all' | Family['name']): Family[] {
	return wanted === 'all' ? Object.values(families) : [families[wanted]];
}

function questionOf({ returnAll, limit, filters }: ListParameters): ListQuestion {
	const { createdAfter, createdBefore } = filters;
	const wantedStatus = new Set(filters.status ?? []);
	const wanted = returnAll ? Infinity : limit;
	const isFiltered = wantedStatus.size > 0 || (createdAfter ?? createdBefore) !== undefined;
	if (!isFiltered) return { wanted };
	return {
		wanted,
		createdAfter,
		matches: ({ task }) =>
			(wantedStatus.size === 0 || wantedStatus.has(task.status)) &&
			(createdAfter === undefined || (task.createdAt ?? 0) >= createdAfter) &&
			(createdBefore === undefined || (task.createdAt ?? Infinity) < createdBefore),
	};
}

/** A date as a user or an expression gives it: ISO text, a Date, luxon's DateTime, or milliseconds. */
function toTime(value: unknown): number | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	if (typeof value === 'number') return value;
	return new Date(String(value)).getTime();
}
