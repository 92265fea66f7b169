// Fills the model list: every known model with its family, and what is known against it.
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { knownModels } from '../../api/models';

/** @param filter what the user typed */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const wanted = (filter ?? '').trim().toLowerCase();
	const results = knownModels
		.map((row) => ({ name: `${row.label} · ${row.family.label} (${row.model})`, value: row.model }))
		.filter(({ name }) => name.toLowerCase().includes(wanted));
	return { results };
}
