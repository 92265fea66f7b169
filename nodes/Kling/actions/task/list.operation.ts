// List Tasks: the account's tasks, newest first, with filters. Costs nothing.
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { TaskSnapshot } from '../../api/client';
import { families, type Family } from '../../api/models';
import { taskStatus } from '../../api/task';
import { showHints } from '../../n8n/messages';
import { issueOf, type ItemOutcome, type OperationResult, taskItem } from '../../tasks/output';
import { parameterIssue, readParameters } from '../parameters';
import { connect, listTasks, type ListPorts, type ListQuestion } from '../../tasks/readTasks';

const listParameters = z.object({
	returnAll: z.boolean(),
	limit: z.number().int().min(1),
	filters: z.object({
		status: z.union([z.array(taskStatus), taskStatus.transform((one) => [one])]).optional(),
		createdAfter: z.unknown().optional().transform(toTime),
		createdBefore: z.unknown().optional().transform(toTime),
		family: z.enum(['all', 'multiImage', 'omni']).optional(),
	}),
	simplify: z.boolean(),
});

type ListParameters = z.infer<typeof listParameters>;

/** One list per input item, each with its own filters. */
export async function executeList(context: IExecuteFunctions): Promise<OperationResult> {
	const { client, service } = await connect(context);
	const signal = context.getExecutionCancelSignal();
	const ports: ListPorts = { client, gateway: service.gateway, signal };
	const outcomes: ItemOutcome[] = [];
	const hints: string[] = [];
	for (let item = 0; item < context.getInputData().length; item++) {
		outcomes.push(await listOne(context, ports, item, hints));
	}
	showHints(context, hints);
	return { kind: 'done', outcomes };
}

async function listOne(
	context: IExecuteFunctions,
	ports: ListPorts,
	item: number,
	hints: string[],
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

	const found: Array<{ snapshot: TaskSnapshot; family: Family }> = [];
	for (const family of wantedFamilies(filters.family ?? 'all')) {
		const listed = await listTasks(ports, family, questionOf(read.value));
		if (listed.kind === 'tasks') {
			if (listed.unreadable > 0) hints.push(unreadableHint(listed.unreadable, family));
			found.push(...listed.tasks.map((snapshot) => ({ snapshot, family })));
			continue;
		}
		// A service without the newer endpoint still has the older tasks to show.
		const lacksRoute = listed.kind === 'unsupported' && found.length > 0;
		if (!lacksRoute) return { error: issueOf(listed.error) };
	}

	found.sort((a, b) => (b.snapshot.task.createdAt ?? 0) - (a.snapshot.task.createdAt ?? 0));
	const limit = read.value.returnAll ? found.length : read.value.limit;
	return {
		items: found
			.slice(0, limit)
			.map(({ snapshot, family }) => ({ json: taskItem(snapshot, { simplify, family }) })),
	};
}

function unreadableHint(count: number, family: Family): string {
	const rows = count === 1 ? '1 row' : `${count} rows`;
	return `The service's list of ${family.label} tasks holds ${rows} without a task ID, left out here`;
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
