// Fills the model list: every known model with its family, and what is known against it at this provider.
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Gateway } from '../../api/gateways';
import { knownModels, retirementHint, type ModelRow } from '../../api/models';
import { openDoor } from '../service';

/** @param filter what the user typed */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const wanted = (filter ?? '').trim().toLowerCase();
	const gateway = await gatewayOf(this);
	const results = knownModels
		.map((row) => ({ name: label(row, gateway), value: row.model }))
		.filter(({ name }) => name.toLowerCase().includes(wanted));
	return { results };
}

function label({ label: name, family, model }: ModelRow, gateway: Gateway | undefined): string {
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
		return (await openDoor(context)).service.gateway;
	} catch (thrown) {
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		context.logger.debug(`The models are listed without a provider: ${why}`);
		return undefined;
	}
}
