// n8n's own engine, from the installation that the lab keeps: the real helpers, errors and workflow run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
	ICredentialDataDecryptedObject,
	IHttpRequestOptions,
	INode,
	INodeExecutionData,
	INodeType,
	IRun,
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';

import type * as workflowTypes from 'n8n-workflow';

import { KlingApi } from '../../../credentials/KlingApi.credentials';
import { Kling } from '../../../nodes/Kling/Kling.node';
import type * as coreTypes from './coreTypes';

const ROOT = path.resolve(__dirname, '../../..');

/** Installs n8n when it is not there, and says where. */
function n8nFolder(): string {
	const script = `
		import { ensureN8n } from ${JSON.stringify(path.join(ROOT, 'lab/instance/install.mts'))};
		const { dir } = await ensureN8n({ onProgress: (line) => console.error(line) });
		console.log(dir);`;
	const args = ['--input-type=module', '--eval', script];
	return execFileSync(process.execPath, args, {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'inherit'],
	}).trim();
}

const userFolder = mkdtempSync(path.join(tmpdir(), 'kling-engine-'));
process.env.N8N_USER_FOLDER = userFolder;
const requireFromN8n = createRequire(path.join(n8nFolder(), 'package.json'));
const requireFromCore = createRequire(requireFromN8n.resolve('n8n-core'));
const core = requireFromN8n('n8n-core') as typeof coreTypes;
/** n8n's copy, so that errors and workflows are of the engine's own classes. */
const workflowPackage = requireFromCore('n8n-workflow') as typeof workflowTypes;

export function removeUserFolder(): void {
	rmSync(userFolder, { recursive: true, force: true });
}

const START = 'Start';
export const KLING = 'Kling AI';

/** A trigger that only passes its items on. */
const start: INodeType = {
	description: {
		displayName: 'Start',
		name: 'start',
		group: ['input'],
		version: 1,
		description: '',
		defaults: {},
		inputs: [],
		outputs: ['main'],
		properties: [],
	},
	execute() {
		return Promise.resolve([this.getInputData()]);
	},
};

/** The rows of n8n's deduplication store, by workflow and node id. */
const rows = new Map<string, string[]>();
const everStored: string[] = [];

interface RowOf {
	workflow: { id: string };
	node: { id: string };
}

const deduplicator = {
	checkProcessedAndRecord(items: string[], _scope: string, { workflow, node }: RowOf) {
		const name = `${workflow.id}/${node.id}`;
		if (!rows.has(name)) everStored.push(name);
		const known = rows.get(name) ?? [];
		const added = items.filter((item) => !known.includes(item));
		rows.set(name, [...known, ...added]);
		return Promise.resolve({
			new: added,
			processed: items.filter((item) => !added.includes(item)),
		});
	},
	removeProcessed(items: string[], _scope: string, { workflow, node }: RowOf) {
		const name = `${workflow.id}/${node.id}`;
		rows.set(
			name,
			(rows.get(name) ?? []).filter((item) => !items.includes(item)),
		);
		return Promise.resolve();
	},
	clearAllProcessedItems(_scope: string, { workflow, node }: RowOf) {
		rows.delete(`${workflow.id}/${node.id}`);
		return Promise.resolve();
	},
	getProcessedDataCount(_scope: string, { workflow, node }: RowOf) {
		return Promise.resolve((rows.get(`${workflow.id}/${node.id}`) ?? []).length);
	},
};

const storeReady = core.DataDeduplicationService.init(deduplicator);

let nodeUnderTest: () => INodeType = () => new Kling();

const nodeTypes = {
	getByName: (type: string) => (type === 'start' ? start : nodeUnderTest()),
	getByNameAndVersion: (type: string) => (type === 'start' ? start : nodeUnderTest()),
	getKnownTypes: () => ({}),
};

/** The names of the store's rows: those that were ever made, and those that are there. */
export function storedRows(): { ever: string[]; now: string[] } {
	return { ever: [...everStored], now: [...rows.keys()] };
}

interface EngineRun {
	run: IRun;
	/** The items of the node's first output in its last run. */
	items: INodeExecutionData[];
	data: IRunExecutionData;
}

interface EngineSettings {
	parameters: INode['parameters'];
	credential: ICredentialDataDecryptedObject;
	items?: INodeExecutionData[];
	node?: Partial<INode>;
	/** Runs in the place of the node. */
	nodeType?: INodeType;
	/** Given the handle by which the run can be stopped. */
	onStart?(stop: () => void): void;
}

/** Each run is an execution of its own. */
let executions = 4_710;

/** Runs Start → Kling AI in the real engine, in this process. */
export async function runInEngine(settings: EngineSettings): Promise<EngineRun> {
	const { parameters, credential, items = [{ json: {} }], node = {}, onStart } = settings;
	const { nodeType } = settings;
	nodeUnderTest = () => nodeType ?? new Kling();
	const kling: INode = {
		id: 'kling-node',
		name: KLING,
		type: 'kling',
		typeVersion: 1,
		position: [200, 0],
		parameters,
		credentials: { klingApi: { id: '1', name: 'Kling API' } },
		...node,
	};
	const startNode: INode = {
		id: 'start',
		name: START,
		type: 'start',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	const workflow = new workflowPackage.Workflow({
		id: 'engine',
		name: 'Engine',
		nodes: [startNode, kling],
		connections: { [START]: { main: [[{ node: KLING, type: 'main', index: 0 }]] } },
		active: false,
		nodeTypes,
		settings: { executionOrder: 'v1' },
	});
	const data: IRunExecutionData = workflowPackage.createRunExecutionData({
		executionData: {
			nodeExecutionStack: [{ node: startNode, data: { main: [items] }, source: null }],
		},
	});
	const additionalData = additionalDataFor(credential, workflow.id, String((executions += 1)));
	await storeReady;
	await workflow.expression.acquireIsolate();
	try {
		const engine = new core.WorkflowExecute(additionalData, 'manual', data);
		const running = engine.processRunExecutionData(workflow);
		onStart?.(() => running.cancel());
		const run = await running;
		const last = run.data.resultData.runData[KLING]?.at(-1);
		return { run, items: last?.data?.main?.[0] ?? [], data: run.data };
	} finally {
		await workflow.expression.releaseIsolate();
	}
}

function additionalDataFor(
	credential: ICredentialDataDecryptedObject,
	workflowId: string,
	executionId: string,
): IWorkflowExecuteAdditionalData {
	const authenticate = new KlingApi().authenticate;
	if (typeof authenticate !== 'function') throw new Error('The credential signs by a function');
	const credentialsHelper = {
		getParentTypes: () => [],
		isCredentialUsableByNode: () => true,
		getCredentialsProperties: () => [],
		preAuthentication: () => Promise.resolve(undefined),
		getDecrypted: () => Promise.resolve(structuredClone(credential)),
		authenticate: async (
			given: ICredentialDataDecryptedObject,
			_: string,
			options: IHttpRequestOptions,
		) => await authenticate(given, options),
	};
	return {
		credentialsHelper,
		executionId,
		webhookBaseUrl: 'http://127.0.0.1:5678/webhook',
		webhookWaitingBaseUrl: 'http://127.0.0.1:5678/webhook-waiting',
		webhookTestBaseUrl: 'http://127.0.0.1:5678/webhook-test',
		formWaitingBaseUrl: 'http://127.0.0.1:5678/form-waiting',
		instanceBaseUrl: 'http://127.0.0.1:5678',
		restApiUrl: 'http://127.0.0.1:5678/rest',
		variables: {},
		workflowId,
		hooks: new core.ExecutionLifecycleHooks('manual', executionId, { id: workflowId }),
		setExecutionStatus: () => undefined,
	} as unknown as IWorkflowExecuteAdditionalData;
}
