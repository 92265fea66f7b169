// Builds workflow JSON for tests: nodes by short names, connected in a line or by hand.
import { randomUUID } from 'node:crypto';
import type { CredentialReference } from './api/credentials.mts';

export const WEBHOOK_TYPE = 'n8n-nodes-base.webhook';

export interface WorkflowNode {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
	/** n8n needs one at every node that answers webhooks */
	webhookId?: string;
	onError?: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	retryOnFail?: boolean;
	maxTries?: number;
	/** milliseconds */
	waitBetweenTries?: number;
	alwaysOutputData?: boolean;
}

interface Target {
	node: string;
	type: string;
	index: number;
}

export interface WorkflowJson {
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, Record<string, Target[][]>>;
	settings: Record<string, unknown>;
	pinData?: Record<string, unknown>;
}

/** From one node's output (0 is the first) to another node's input. */
export interface Wire {
	from: string;
	/** for "continueErrorOutput" the error branch is the output after the last */
	output?: number;
	to: string;
	input?: number;
	/** "main" by default; e.g. "ai_tool" from a tool to its agent */
	type?: string;
}

type NodeSettings = Partial<Omit<WorkflowNode, 'name' | 'type' | 'parameters'>>;

/** A node of any type. */
export function node(
	name: string,
	type: string,
	parameters: Record<string, unknown> = {},
	settings: NodeSettings = {},
): WorkflowNode {
	return {
		id: randomUUID(),
		name,
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		...settings,
	};
}

export const manualTrigger = (name = 'Start'): WorkflowNode =>
	node(name, 'n8n-nodes-base.manualTrigger');

/** A webhook that starts a run and answers at once; its path is random where none is given. */
export const webhook = (path: string = randomUUID(), name = 'Webhook'): WorkflowNode =>
	node(
		name,
		WEBHOOK_TYPE,
		{ httpMethod: 'POST', path, responseMode: 'onReceived', options: {} },
		{ typeVersion: 2, webhookId: path },
	);

/** The trigger of a workflow that others call; items come in as they are. */
export const subworkflowTrigger = (name = 'Called'): WorkflowNode =>
	node(
		name,
		'n8n-nodes-base.executeWorkflowTrigger',
		{ inputSource: 'passthrough' },
		{ typeVersion: 1.1 },
	);

/** Calls another workflow once with all items and waits for its items. */
export const callWorkflow = (workflowId: string, name = 'Call Workflow'): WorkflowNode =>
	node(
		name,
		'n8n-nodes-base.executeWorkflow',
		{ workflowId: { __rl: true, mode: 'id', value: workflowId }, mode: 'once', options: {} },
		{ typeVersion: 1.2 },
	);

/** Runs JavaScript once for all items. */
export const code = (jsCode: string, name = 'Code'): WorkflowNode =>
	node(name, 'n8n-nodes-base.code', { mode: 'runOnceForAllItems', jsCode }, { typeVersion: 2 });

export interface GivenItem {
	json: Record<string, unknown>;
	/** files by field name; `data` is Base64 */
	binary?: Record<string, { data: string; mimeType: string; fileName?: string }>;
}

/** Puts out just these items. */
export const items = (given: GivenItem[], name = 'Items'): WorkflowNode =>
	code(`return ${JSON.stringify(given)};`, name);

/** Goes to output 0 where the expression is true, to output 1 where not, e.g. `={{ $json.ok }}`. */
export const ifNode = (expression: string, name = 'If'): WorkflowNode =>
	node(
		name,
		'n8n-nodes-base.if',
		{
			conditions: {
				options: { caseSensitive: true, leftValue: '', typeValidation: 'loose', version: 2 },
				combinator: 'and',
				conditions: [
					{
						id: randomUUID(),
						leftValue: expression,
						rightValue: '',
						operator: { type: 'boolean', operation: 'true', singleValue: true },
					},
				],
			},
			options: {},
		},
		{ typeVersion: 2.2 },
	);

/** Output 0 is "done", output 1 gives the next batch; wire the loop's end back to this node. */
export const loop = (batchSize = 1, name = 'Loop'): WorkflowNode =>
	node(name, 'n8n-nodes-base.splitInBatches', { batchSize, options: {} }, { typeVersion: 3 });

/** Waits for some seconds; from 65 s on n8n parks the execution. */
export const waitNode = (seconds: number, name = 'Wait'): WorkflowNode =>
	node(
		name,
		'n8n-nodes-base.wait',
		{ resume: 'timeInterval', amount: seconds, unit: 'seconds' },
		{ typeVersion: 1.1, webhookId: randomUUID() },
	);

/** Passes items through: a place to see what arrives. */
export const sink = (name = 'Sink'): WorkflowNode => node(name, 'n8n-nodes-base.noOp');

/** The node of this package, as installed. */
export const kling = (
	parameters: Record<string, unknown>,
	credential: CredentialReference,
	{ name = 'Kling AI', ...settings }: NodeSettings & { name?: string } = {},
): WorkflowNode =>
	node(name, 'n8n-nodes-kling-video.kling', parameters, {
		credentials: referTo(credential),
		webhookId: randomUUID(),
		...settings,
	});

/** The trigger of this package, as installed; its webhook is `/webhook/<webhookId>/…`. */
export const klingTrigger = (
	parameters: Record<string, unknown>,
	credential: CredentialReference,
	{ name = 'Kling AI Trigger', ...settings }: NodeSettings & { name?: string } = {},
): WorkflowNode =>
	node(name, 'n8n-nodes-kling-video.klingTrigger', parameters, {
		credentials: referTo(credential),
		webhookId: randomUUID(),
		...settings,
	});

/** What a node says in its JSON to use a credential. */
export function referTo({ id, name, type }: CredentialReference): WorkflowNode['credentials'] {
	return { [type]: { id, name } };
}

/** Connects each node's first output with the next node. */
export function inLine(...nodes: WorkflowNode[]): Wire[] {
	return nodes.slice(1).map((to, index) => ({ from: nodes[index]?.name ?? '', to: to.name }));
}

/** A workflow of these nodes; connected in their order where no wires are given. */
export function workflow(
	nodes: WorkflowNode[],
	{
		name = `Test ${randomUUID().slice(0, 8)}`,
		wires = inLine(...nodes),
		settings = {},
	}: { name?: string; wires?: Wire[]; settings?: Record<string, unknown> } = {},
): WorkflowJson {
	const connections: WorkflowJson['connections'] = {};
	for (const { from, output = 0, to, input = 0, type = 'main' } of wires) {
		const outputs = ((connections[from] ??= {})[type] ??= []);
		while (outputs.length <= output) outputs.push([]);
		outputs[output]?.push({ node: to, type, index: input });
	}
	return {
		name,
		nodes: nodes.map((each, column) => ({ ...each, position: [column * 220, 0] })),
		connections,
		settings: { executionOrder: 'v1', ...settings },
	};
}
