// What n8n knows of node types: their descriptions, and the lists that their pickers offer.
import { z } from 'zod';
import type { CredentialReference } from './credentials.mts';
import type { RestSession } from './rest.mts';

const descriptions = z.array(
	z.object({ name: z.string(), displayName: z.string(), group: z.array(z.string()) }).passthrough(),
);

const choices = z.object({
	results: z.array(
		z
			.object({ name: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) })
			.passthrough(),
	),
	paginationToken: z.unknown(),
});

interface ListSearch {
	/** the node's type */
	node: string;
	version?: number;
	/** the method's name under `methods.listSearch` */
	method: string;
	/** the path of the parameter, e.g. "parameters.taskId" */
	path: string;
	/** the node's parameters as they stand */
	parameters: Record<string, unknown>;
	credential?: CredentialReference;
	/** what the user typed */
	filter?: string;
	paginationToken?: string;
}

/** The calls about node types, in one session. */
export function nodeTypeCalls(rest: RestSession) {
	return {
		/** The descriptions of all loaded node types (some 20 MB). */
		async nodeTypes(): Promise<z.infer<typeof descriptions>> {
			return await rest.call(descriptions, { path: '/types/nodes.json' });
		},

		/** Asks a node's list search, as a resource locator in the editor does. */
		async listSearch(search: ListSearch): Promise<z.infer<typeof choices>> {
			const { credential } = search;
			const body = {
				nodeTypeAndVersion: { name: search.node, version: search.version ?? 1 },
				methodName: search.method,
				path: search.path,
				currentNodeParameters: search.parameters,
				credentials: credential && {
					[credential.type]: { id: credential.id, name: credential.name },
				},
				filter: search.filter,
				paginationToken: search.paginationToken,
			};
			const path = '/rest/dynamic-node-parameters/resource-locator-results';
			return await rest.call(choices, { method: 'POST', path, body });
		},
	};
}
