// Follows a running execution and the newest task of the service, which n8n tells only when the node is done.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CredentialReference } from '../instance/api/credentials.mts';
import { ENDED, type Execution } from '../instance/api/execution.mts';
import type { Client } from '../instance/client.mts';

/** Each look asks the service for its list, which is free but not to be overdone. */
const LOOK_MS = 2500;

/** A task as the service lists it. */
interface ListedTask {
	id: string;
	/** e.g. "task 867283741759111202 is processing" */
	words: string;
}

/**
 * Waits for the end of the execution.
 * @param known ids of tasks that were there before it began
 * @param tell receives the task that appeared meanwhile, at each look; never where there is no list
 */
export async function watchRun(
	client: Client,
	credential: CredentialReference,
	executionId: string,
	known: ReadonlySet<string>,
	tell: (task: ListedTask) => void,
): Promise<Execution> {
	for (;;) {
		const execution = await client.getExecution(executionId);
		if (ENDED.includes(execution.status)) return execution;
		const task = (await recentTasks(client, credential)).find(({ id }) => !known.has(id));
		if (task !== undefined) tell(task);
		await sleep(LOOK_MS);
	}
}

/** What the task picker of Get Task offers; nothing where the service has no list. */
export async function recentTasks(
	client: Client,
	credential: CredentialReference,
): Promise<ListedTask[]> {
	try {
		const { results } = await client.listSearch({
			node: 'n8n-nodes-kling-video.kling',
			method: 'searchTasks',
			path: 'parameters.taskId',
			parameters: { resource: 'task', operation: 'get' },
			credential,
		});
		return results.map(({ name, value }) => ({
			id: String(value),
			words: wordsOf(name, String(value)),
		}));
	} catch {
		return [];
	}
}

/** "2026-11-21 08:30 · processing · 867283741759111202 · …" */
function wordsOf(label: string, id: string): string {
	const status = /\b(submitted|processing|succeed|failed)\b/.exec(label)?.[1];
	if (status === undefined) return `task ${id}`;
	return status === 'succeed'
		? `task ${id} is ready, the node is about to fetch it`
		: `task ${id} is ${status}`;
}
