// Finds out for which tasks a workflow has started executions.
import { z } from 'zod';
import { runOf } from '../../instance/api/execution.mts';
import type { Client } from '../../instance/client.mts';

const page = z.object({
	results: z.array(z.object({ id: z.coerce.string() })),
	nextCursor: z.string().nullish(),
});
const AT_ONCE = 8;

/** The task ids of all executions, as often as each one started. */
export async function startedTasks(
	client: Client,
	workflowId: string,
	nodeName: string,
): Promise<string[]> {
	const ids = (await executionIds(client, workflowId)).values();
	const tasks: string[] = [];
	const worker = async (): Promise<void> => {
		for (const id of ids) {
			const [item] = runOf(await client.getExecution(id), nodeName).items;
			tasks.push(String(item?.json.task_id));
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
	return tasks;
}

async function executionIds(client: Client, workflowId: string): Promise<string[]> {
	const filter = encodeURIComponent(JSON.stringify({ workflowId }));
	const ids: string[] = [];
	let from = '';
	for (;;) {
		const path = `/rest/executions?filter=${filter}&limit=100${from}`;
		const { results, nextCursor } = await client.rest.call(page, { path });
		ids.push(...results.map(({ id }) => id));
		if (!nextCursor) return ids;
		from = `&cursor=${encodeURIComponent(nextCursor)}`;
	}
}
