// Workflows: saving, publishing and starting them.
import { z } from 'zod';
import { eventually } from '../eventually.mts';
import type { WorkflowJson, WorkflowNode } from '../workflows.mts';
import { RestFailure, type RestSession } from './rest.mts';

const TIMEOUT_MS = 60_000;

export interface SavedWorkflow {
	id: string;
	name: string;
	nodes: WorkflowNode[];
}

const anything = z.unknown();
const saved = z.object({ id: z.coerce.string(), name: z.string() });
const versioned = z.object({ versionId: z.string() });
const publication = z.object({
	status: z.string(),
	triggers: z.array(z.object({ errorMessage: z.string().nullish() })),
});

/** The calls about workflows, in one session. */
export function workflowCalls(rest: RestSession) {
	const pathOf = ({ id }: { id: string }): string => `/rest/workflows/${id}`;

	/** n8n 2 publishes in the background; n8n 1 has no such route and is ready when it has answered. */
	async function settled(workflow: SavedWorkflow): Promise<void> {
		const path = `${pathOf(workflow)}/publication-status`;
		await eventually(`workflow "${workflow.name}" to be published or not`, TIMEOUT_MS, async () => {
			const { status, triggers } = await rest
				.call(publication, { path })
				.catch((error: unknown) => {
					if (isMissingRoute(error)) return { status: 'settled', triggers: [] };
					throw error;
				});
			if (status === 'failed' || status === 'partial') {
				const reasons = triggers.map(({ errorMessage }) => errorMessage).filter(Boolean);
				throw new Error(`"${workflow.name}" was not published: ${reasons.join('; ')}`);
			}
			return status !== 'in_progress';
		});
	}

	async function setActive(workflow: SavedWorkflow, active: boolean): Promise<void> {
		const path = pathOf(workflow);
		const { versionId } = await rest.call(versioned, { path });
		const action = active ? 'activate' : 'deactivate';
		const body = active ? { versionId } : {};
		try {
			await rest.call(anything, { method: 'POST', path: `${path}/${action}`, body });
		} catch (error) {
			if (!isMissingRoute(error)) throw error;
			await rest.call(anything, { method: 'PATCH', path, body: { active, versionId } });
		}
		await settled(workflow);
	}

	return {
		async createWorkflow(workflow: WorkflowJson): Promise<SavedWorkflow> {
			// n8n 1 refuses a workflow that does not say so.
			const body = { ...workflow, active: false };
			const call = { method: 'POST', path: '/rest/workflows', body };
			return { ...(await rest.call(saved, call)), nodes: workflow.nodes };
		},

		async updateWorkflow(target: SavedWorkflow, workflow: WorkflowJson): Promise<SavedWorkflow> {
			const path = pathOf(target);
			const { versionId } = await rest.call(versioned, { path });
			const body = { ...workflow, versionId };
			return {
				...(await rest.call(saved, { method: 'PATCH', path, body })),
				nodes: workflow.nodes,
			};
		},

		/**
		 * Publishes (in n8n 1: activates) a workflow and waits until its triggers are in place.
		 * @throws Error with n8n's reasons when a trigger could not be put in place
		 */
		publish: async (workflow: SavedWorkflow): Promise<void> => await setActive(workflow, true),

		/** Takes a workflow out of service and waits until its triggers are gone. */
		unpublish: async (workflow: SavedWorkflow): Promise<void> => await setActive(workflow, false),

		/** Runs a workflow by hand, from its first trigger, and returns the execution's id at once. */
		async startManually(workflow: SavedWorkflow): Promise<string> {
			const path = `${pathOf(workflow)}/run`;
			// n8n 1 wants the whole workflow in the call; n8n 2 takes its own.
			const workflowData = await rest.call(anything, { path: pathOf(workflow) });
			const body = { workflowData, triggerToStartFrom: { name: triggerOf(workflow).name } };
			const started = z.object({ executionId: z.coerce.string() });
			return (await rest.call(started, { method: 'POST', path, body })).executionId;
		},
	};
}

function isMissingRoute(error: unknown): boolean {
	return error instanceof RestFailure && error.status === 404;
}

function triggerOf(workflow: SavedWorkflow): WorkflowNode {
	const trigger = workflow.nodes.find(({ type }) => /trigger$|\.webhook$/i.test(type));
	if (!trigger) throw new Error(`The workflow "${workflow.name}" has no trigger.`);
	return trigger;
}
