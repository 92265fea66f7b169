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
		.filter((row) => `${row.label} ${row.id}`.toLowerCase().includes(wanted))
		.map((row) => ({ name: `${row.label} (${row.id})`, value: row.id }));
	return { results };
}
