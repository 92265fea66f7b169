// Where a value can be kept: in the execution (survives retries and sleeps) and in the workflow.
import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import type { Memory } from '../submission/records';

/**
 * The node's context in the running execution. n8n saves it with the execution's data, so it
 * survives *Retry On Fail*, loops, sleeps and the retry of an ended execution.
 *
 * Money rule: while all slots for production executions are taken n8n queues copies of a sleeping execution, each with
 * the data of its moment, and runs every one of them. So what this process has written last is read, not an older copy.
 *
 * @param name the member of the context to use
 */
export function executionMemory(context: IExecuteFunctions, name: string): Memory {
	const container = context.getContext('node');
	const executionId = context.getExecutionId();
	if (typeof executionId !== 'string' || executionId === '') return member(container, name);
	return newestOf(container, name, `${executionId}/${context.getNode().id}/${name}`);
}

/**
 * The same context seen from a resume webhook, whose functions offer no `getContext`.
 *
 * @returns the value, or undefined where this n8n does not show the execution's data to webhooks
 */
export function suspendedMemory(context: IWebhookFunctions, name: string): unknown {
	const runData = suspendedRunData(context);
	if (runData === undefined) return undefined;
	return NodeHelpers.getContext(runData, 'node', context.getNode())[name];
}

/** Workflow static data of this node; n8n saves it when a production execution ends. */
export function workflowMemory(
	context: IExecuteFunctions | IWebhookFunctions,
	name: string,
): Memory {
	return member(context.getWorkflowStaticData('node'), name);
}

/** What this process keeps for nodes: by workflow, node and name. */
const ofProcess = new Map<string, Map<string, unknown>>();

/**
 * A map that all executions of this node in this process share. It ends with the process.
 *
 * @param name tells the maps of a node apart
 */
export function processMemory<Value>(context: IExecuteFunctions, name: string): Map<string, Value> {
	const owner = JSON.stringify([context.getWorkflow().id, context.getNode().id, name]);
	const known = ofProcess.get(owner) ?? new Map<string, unknown>();
	ofProcess.set(owner, known);
	return known as Map<string, Value>;
}

type RunData = Parameters<typeof NodeHelpers.getContext>[0];

/** The sleeping execution's own data. It is not part of the public type, hence the careful look. */
export function suspendedRunData(context: IWebhookFunctions): RunData | undefined {
	const { runExecutionData } = context as { runExecutionData?: unknown };
	if (typeof runExecutionData !== 'object' || runExecutionData === null) return undefined;
	if (!('executionData' in runExecutionData)) return undefined;
	return runExecutionData as RunData;
}

function member(container: IDataObject, name: string): Memory {
	return {
		read: () => container[name],
		write: (value) => {
			container[name] = value as IDataObject;
		},
	};
}

/** What this process wrote last, by execution, node and member; `age` counts the writings. */
const newest = new Map<string, { age: number; value: object }>();
/** Members that are remembered so; far more than executions wait for a slot at a time. */
const MOST_REMEMBERED = 2_000;

function newestOf(container: IDataObject, name: string, key: string): Memory {
	const ageName = `${name}Age`;
	const ageOf = (): number => Number(container[ageName] ?? 0);
	return {
		read() {
			const known = newest.get(key);
			if (known !== undefined && known.age > ageOf()) {
				container[name] = known.value as IDataObject;
				container[ageName] = known.age;
			}
			return container[name];
		},
		write(value) {
			const age = Math.max(ageOf(), newest.get(key)?.age ?? 0) + 1;
			container[name] = value as IDataObject;
			container[ageName] = age;
			newest.delete(key);
			newest.set(key, { age, value });
			for (const oldest of newest.keys()) {
				if (newest.size <= MOST_REMEMBERED) break;
				newest.delete(oldest);
			}
		},
	};
}
