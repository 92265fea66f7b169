// Fills the task list of Get Task: recent tasks with time, status and id, and nothing of their prompts.
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Told } from '../../api/client';
import { families } from '../../api/models';
import type { Task } from '../../api/task';
import { nodeError } from '../../host/nodeError';
import { readAgain } from '../reading';
import { openDoor } from '../service';

const PAGE_SIZE = 50;

/**
 * @param filter what the user typed; matches id, external id, status and time
 * @param paginationToken the number of the page to show, as text
 * @throws NodeApiError when the service cannot list or does not answer
 */
export async function searchTasks(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const { client } = await openDoor(this);
	const page = Math.max(1, Number(paginationToken ?? 1) || 1);
	const told: Told[] = [];
	let more = false;
	for (const family of Object.values(families)) {
		const outcome = await readAgain(() => client.list(family, page, PAGE_SIZE));
		if (outcome.kind === 'page') {
			told.push(...outcome.tasks);
			more ||= outcome.tasks.length === PAGE_SIZE;
		} else if (outcome.kind !== 'unsupported' || family === families.multiImage) {
			const { message, nextStep } = outcome.error.facts;
			throw nodeError(this.getNode(), { message, description: nextStep, itemIndex: 0, api: outcome.error });
		}
	}
	const wanted = (filter ?? '').trim().toLowerCase();
	const zone = this.getTimezone();
	const results = told
		.map(({ task }) => task)
		.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))
		.map((task) => ({ name: label(task, zone), value: task.id }))
		.filter(({ name }) => name.toLowerCase().includes(wanted));
	return { results, ...(more ? { paginationToken: String(page + 1) } : {}) };
}

/** "2026-11-21 08:30 · succeed · 867283741759111202 · order-4711" */
function label(task: Task, zone: string): string {
	return [localTime(task.createdAt, zone), task.status, task.id, task.externalId]
		.filter((part) => part !== undefined && part !== '')
		.join(' · ');
}

function localTime(ms: number | undefined, timeZone: string): string | undefined {
	if (ms === undefined) return undefined;
	// The Swedish form is the ISO form that people can read.
	return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone }).format(ms);
}
