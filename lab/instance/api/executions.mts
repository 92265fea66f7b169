// Executions: waiting for them, stopping and retrying them, and fetching their files.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../eventually.mts';
import { ENDED, type Execution, type ExecutionStatus, readExecution } from './execution.mts';
import type { RestSession } from './rest.mts';

const TIMEOUT_MS = 60_000;
/** Time in which n8n mostly writes the rest of an execution … */
const REST_WRITTEN_MS = 500;
/** … and how often it is given that. */
const READ_AGAIN = 8;

const anything = z.unknown();
const summaries = z.object({
	results: z.array(
		z.object({ id: z.coerce.string(), status: z.string(), retryOf: z.coerce.string().nullish() }),
	),
});

type ExecutionSummary = z.infer<typeof summaries>['results'][number];

/**
 * n8n 1 writes an execution's new state before its data: the last node's run may be missing then, or all
 * of them, or what is there is still what was stored when the execution fell asleep.
 */
function isWhole({ status, lastNode, nodes, raw }: Execution): boolean {
	if (status === 'success' && Object.keys(nodes).length === 0) return false;
	if (['success', 'error'].includes(status) && Boolean(raw.waitTill)) return false;
	return lastNode === undefined || (nodes[lastNode]?.length ?? 0) > 0;
}

/** The calls about executions, in one session. */
export function executionCalls(rest: RestSession) {
	async function getExecution(id: string): Promise<Execution> {
		return readExecution(await rest.call(anything, { path: `/rest/executions/${id}` }));
	}

	/** The newest 100 executions of a workflow, newest first. */
	async function listExecutions(workflowId: string): Promise<ExecutionSummary[]> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const path = `/rest/executions?filter=${filter}&limit=100`;
		return (await rest.call(summaries, { path })).results;
	}

	/**
	 * Waits until the execution has one of the states; by default until it has ended.
	 * @throws Error that names the last state when that takes longer than `timeoutMs`
	 */
	async function waitForExecution(
		id: string,
		until: ExecutionStatus[] = ENDED,
		timeoutMs = TIMEOUT_MS,
	): Promise<Execution> {
		let last = await getExecution(id);
		const wanted = `execution ${id} to be ${until.join(' or ')}`;
		try {
			await eventually(wanted, timeoutMs, async () => {
				last = await getExecution(id);
				return until.includes(last.status);
			});
		} catch (cause) {
			const running = last.lastNode ? ` after "${last.lastNode}"` : '';
			throw new Error(`No ${wanted}: it is ${last.status}${running}.`, { cause });
		}
		for (let again = 0; again < READ_AGAIN && !isWhole(last); again++) {
			await sleep(REST_WRITTEN_MS);
			last = await getExecution(id);
		}
		return last;
	}

	/**
	 * Does something that starts an execution of the workflow and returns the new execution's id.
	 * Where several start at the same time, it is the first of them.
	 */
	async function startedBy(
		workflowId: string,
		start: () => Promise<unknown>,
		fits: (summary: ExecutionSummary) => boolean = () => true,
	): Promise<string> {
		const before = new Set((await listExecutions(workflowId)).map(({ id }) => id));
		await start();
		let started: ExecutionSummary | undefined;
		await eventually(`an execution of workflow ${workflowId} to start`, TIMEOUT_MS, async () => {
			const now = await listExecutions(workflowId);
			started = now.findLast((each) => !before.has(each.id) && fits(each));
			return started !== undefined;
		});
		return started?.id ?? '';
	}

	return {
		getExecution,
		listExecutions,
		waitForExecution,
		startedBy,

		/** Stops an execution as the editor's Stop button does. */
		async stopExecution(id: string): Promise<void> {
			await rest.call(anything, { method: 'POST', path: `/rest/executions/${id}/stop`, body: {} });
		},

		/**
		 * Retries an ended execution as the editor's list does and returns the new execution's id at once.
		 * @param loadWorkflow with the workflow as it is now, instead of as it was then
		 * @throws RestFailure when n8n refuses, e.g. because the execution succeeded
		 */
		async retryExecution(id: string, loadWorkflow = false): Promise<string> {
			const { workflowId } = await getExecution(id);
			const call = { method: 'POST', path: `/rest/executions/${id}/retry`, body: { loadWorkflow } };
			return await new Promise((done, refuse) => {
				// n8n answers only when the retry has ended; a refusal comes at once.
				const start = async (): Promise<void> => {
					rest.call(anything, call).catch(refuse);
				};
				startedBy(workflowId, start, (each) => each.retryOf === id).then(done, refuse);
			});
		},

		/** Downloads a file from n8n's binary storage by the id that an item carries. */
		async downloadBinary(id: string): Promise<Buffer> {
			return await rest.download(`/rest/binary-data?id=${encodeURIComponent(id)}&action=download`);
		},
	};
}
