// Where a value can be kept: in the execution (survives retries and parking) and in the workflow.
import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

/**
 * Holds one JSON value. What is read is foreign data and has to be parsed.
 * The port `Memory` of submission/ by its shape: neither room may know the other.
 */
interface Memory {
	read(): unknown;
	write(value: object): void;
}

/**
 * The node's context in the running execution. n8n saves it with the execution's data, so it
 * survives *Retry On Fail*, loops, parking and the retry of an ended execution.
 *
 * @param name the member of the context to use
 */
export function executionMemory(context: IExecuteFunctions, name: string): Memory {
	return member(context.getContext('node'), name);
}

/**
 * The same context seen from a resume webhook, whose functions offer no `getContext`.
 *
 * @returns undefined where this n8n does not show the execution's data to webhooks
 */
export function parkedMemory(context: IWebhookFunctions, name: string): Memory | undefined {
	const runData = parkedRunData(context);
	if (runData === undefined) return undefined;
	return member(NodeHelpers.getContext(runData, 'node', context.getNode()), name);
}

/** Workflow static data of this node; n8n saves it when a production execution ends. */
export function workflowMemory(
	context: IExecuteFunctions | IWebhookFunctions,
	name: string,
): Memory {
	return member(context.getWorkflowStaticData('node'), name);
}

type RunData = Parameters<typeof NodeHelpers.getContext>[0];

/** The parked execution's own data. It is not part of the public type, hence the careful look. */
export function parkedRunData(context: IWebhookFunctions): RunData | undefined {
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
