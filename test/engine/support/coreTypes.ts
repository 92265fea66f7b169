// What is used of n8n-core, which is not a dependency of this repository.
import type {
	IRun,
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
	Workflow,
} from 'n8n-workflow';

export declare class WorkflowExecute {
	constructor(
		additionalData: IWorkflowExecuteAdditionalData,
		mode: string,
		runExecutionData: IRunExecutionData,
	);
	processRunExecutionData(workflow: Workflow): Promise<IRun> & { cancel(): void };
}

export declare class ExecutionLifecycleHooks {
	constructor(mode: string, executionId: string, workflowData: { id: string });
}

/** Where the engine keeps what nodes have seen; n8n puts its database here. */
export declare class DataDeduplicationService {
	static init(deduplicator: object): Promise<void>;
}
