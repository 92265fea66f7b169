// Fills the lists that the form offers: the models of the credential's provider, and recent tasks without their prompts.
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import type { TaskSnapshot } from '../../api/client';
import {
	AUTOMATIC_MODEL,
	families,
	knownModels,
	type ModelRow,
	retirementHint,
} from '../../api/models';
import type { Task } from '../../api/task';
import { nodeError, reasonOf } from '../../n8n/messages';
import { connect, readAgain } from '../../tasks/readTasks';
import type { Gateway } from '../../api/gateways';

/** @param filter what the user typed */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const wanted = (filter ?? '').trim().toLowerCase();
	const gateway = await gatewayOf(this);
	const results = [
		{ name: automaticLabel(gateway), value: AUTOMATIC_MODEL },
		...knownModels.map((row) => ({ name: modelLabel(row, gateway), value: row.model })),
	].filter(({ name }) => name.toLowerCase().includes(wanted));
	return { results };
}

function automaticLabel(gateway: Gateway | undefined): string {
	return gateway === undefined ? 'Automatic' : `Automatic (now ${gateway.defaultModel})`;
}

function modelLabel(
	{ label: name, family, model }: ModelRow,
	gateway: Gateway | undefined,
): string {
	const isRetired = gateway !== undefined && retirementHint(model, gateway) !== undefined;
	// The form cuts long labels: what matters most stands first.
	return [
		`${name} (${model})`,
		...(isRetired ? ['reported as retired on 2026-09-15'] : []),
		family.label,
	].join(' · ');
}

/** A model can be picked before there is a credential, or with one that is not complete yet. */
async function gatewayOf(context: ILoadOptionsFunctions): Promise<Gateway | undefined> {
	try {
		return (await connect(context)).service.gateway;
	} catch (thrown) {
		context.logger.debug(`The models are listed without a provider: ${reasonOf(thrown)}`);
		return undefined;
	}
}

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
	const { client } = await connect(this);
	const page = Math.max(1, Number(paginationToken ?? 1) || 1);
	const snapshot: TaskSnapshot[] = [];
	let more = false;
	for (const family of Object.values(families)) {
		const outcome = await readAgain(() => client.list(family, page, PAGE_SIZE));
		if (outcome.kind === 'page') {
			snapshot.push(...outcome.tasks);
			more ||= outcome.tasks.length + outcome.unreadable.length >= PAGE_SIZE;
		} else if (outcome.kind !== 'unsupported' || family === families.multiImage) {
			const { message, description } = outcome.error.facts;
			throw nodeError(this.getNode(), {
				message,
				description,
				itemIndex: 0,
				api: outcome.error,
			});
		}
	}
	const wanted = (filter ?? '').trim().toLowerCase();
	const zone = this.getTimezone();
	const results = snapshot
		.map(({ task }) => task)
		.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))
		.map((task) => ({ name: taskLabel(task, zone), value: task.id }))
		.filter(({ name }) => name.toLowerCase().includes(wanted));
	return { results, ...(more ? { paginationToken: String(page + 1) } : {}) };
}

/** "2026-11-21 08:30 · succeed · 867283741759111202 · order-4711" */
function taskLabel(task: Task, zone: string): string {
	return [localTime(task.createdAt, zone), task.status, task.id, task.externalId]
		.filter((part) => part !== undefined && part !== '')
		.join(' · ');
}

function localTime(ms: number | undefined, timeZone: string): string | undefined {
	if (ms === undefined) return undefined;
	// The Swedish form is the ISO form that people can read.
	return new Intl.DateTimeFormat('sv-SE', {
		dateStyle: 'short',
		timeStyle: 'short',
		timeZone,
	}).format(ms);
}
