// Submits many items under faults in a real n8n, in several executions at once, and counts.
import type { Emulator } from '../../../lab/emulator/emulator.mts';
import { runOf, type Execution } from '../../../lab/instance/api/execution.mts';
import { ENDED } from '../../../lab/instance/api/execution.mts';
import type { Client, CredentialReference } from '../../../lab/instance/client.mts';
import { items, kling, manualTrigger, workflow } from '../../../lab/instance/workflows.mts';
import { planFaults } from './plan.mts';
import { tally, type Outcome, type Tally } from './tally.mts';

export interface SubmitRun {
	emulator: Emulator;
	client: Client;
	credential: CredentialReference;
	/** of the emulator, which the credential leads to */
	dialect: string;
	seed: number;
	items: number;
	/** items of one execution; the executions run side by side */
	perExecution?: number;
	/** of n8n's Retry On Fail, which allows 5 at most */
	tries?: number;
	/** `Stop` with n8n's Retry On Fail, or `continue` with one output item for every input item */
	onError: 'stopWorkflow' | 'continueRegularOutput';
	hangs?: number;
	refusals?: number;
	timeoutMs?: number;
}

export interface SubmitReport extends Tally {
	dialect: string;
	seed: number;
	seconds: number;
	/** executions that did not succeed, with what they said */
	ended: string[];
}

const NODE = 'Kling AI';
const TIMEOUT_MS = 15 * 60_000;

/** Orders the faults of the seed for the dialect, runs the executions, and counts. */
export async function submitUnderFaults(run: SubmitRun): Promise<SubmitReport> {
	const { emulator, client, dialect, seed, perExecution = 50, timeoutMs = TIMEOUT_MS } = run;
	for (const rule of planFaults(run)) emulator.faults.add(rule);
	const started = Date.now();
	const batches = inBatches(
		Array.from({ length: run.items }, (_, n) => `Item ${n} of seed ${seed} for ${dialect}`),
		perExecution,
	);
	const ids: string[] = [];
	for (const prompts of batches) {
		ids.push(await client.startManually(await client.createWorkflow(workflowOf(run, prompts))));
	}
	const outcomes: Outcome[] = [];
	const ended: string[] = [];
	for (const [index, prompts] of batches.entries()) {
		const execution = await client.waitForExecution(ids[index] ?? '', ENDED, timeoutMs);
		if (execution.status !== 'success') ended.push(`${execution.status}: ${wordsOf(execution)}`);
		outcomes.push(...outcomesOf(execution, prompts));
	}
	const seconds = Math.round((Date.now() - started) / 1000);
	return { ...tally(emulator, dialect, outcomes), dialect, seed, seconds, ended };
}

/** What the run shows against the promises of the gateway; empty where all were kept. */
export function brokenPromises(report: SubmitReport, canLookUp: boolean): string[] {
	const { items: count, billed, delivered, named, refused, lost, twice, ended } = report;
	const broken: string[] = [];
	if (lost.length > 0) broken.push(`${lost.length} lost: ${lost.slice(0, 5).join(', ')}`);
	if (twice.length > 0)
		broken.push(`${twice.length} billed twice: ${twice.slice(0, 5).join(', ')}`);
	if (canLookUp && (billed !== count || delivered !== count)) {
		broken.push(`${count} items, ${billed} billed, ${delivered} delivered, ${ended.join('; ')}`);
	}
	if (!canLookUp && delivered + named + refused !== count) {
		broken.push(`${count} items: ${delivered} delivered, ${named} named, ${refused} refused`);
	}
	return broken;
}

function workflowOf({ emulator, credential, onError, tries = 5 }: SubmitRun, prompts: string[]) {
	const parameters = {
		resource: 'task',
		operation: 'submit',
		model: { __rl: true, mode: 'id', value: 'kling-v1-6' },
		images: { image: [{ source: 'url', url: emulator.imageUrl('dog.png') }] },
		prompt: '={{ $json.prompt }}',
		afterSubmit: 'return',
		options: { maxConcurrent: 10 },
	};
	const retry = { retryOnFail: true, maxTries: tries, waitBetweenTries: 500 };
	return workflow([
		manualTrigger(),
		items(prompts.map((prompt) => ({ json: { prompt } }))),
		kling(parameters, credential, { name: NODE, onError, ...retry }),
	]);
}

function outcomesOf(execution: Execution, prompts: string[]): Outcome[] {
	const put = execution.nodes[NODE] === undefined ? [] : runOf(execution, NODE).items;
	return prompts.map((prompt, index) => ({
		prompt,
		item: put.find(({ pairedItem }) => isPairedWith(pairedItem, index)),
	}));
}

function isPairedWith(pairedItem: unknown, index: number): boolean {
	const one = Array.isArray(pairedItem) ? pairedItem[0] : pairedItem;
	return typeof one === 'object' && one !== null && 'item' in one && one.item === index;
}

function wordsOf({ error }: Execution): string {
	return `${error?.message ?? ''} ${error?.description ?? ''}`;
}

function inBatches<T>(all: readonly T[], size: number): T[][] {
	return Array.from({ length: Math.ceil(all.length / size) }, (_, n) =>
		all.slice(n * size, (n + 1) * size),
	);
}
