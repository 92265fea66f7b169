// What every end-to-end suite stands on: one emulated service, one real n8n with the packed node, and short ways to run it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach } from 'node:test';
import {
	startEmulator,
	type Emulator,
	type EmulatorOptions,
} from '../../lab/emulator/emulator.mts';
import { NOTHING_RETIRED } from '../../lab/emulator/settings.mts';
import { startFront } from '../../lab/front/front.mts';
import { connect, type Client, type CredentialReference } from '../../lab/instance/client.mts';
import { runOf, type Execution, type NodeRun } from '../../lab/instance/api/execution.mts';
import { startN8n, type N8n } from '../../lab/instance/n8n.mts';
import { packNode } from '../../lab/instance/pack.mts';
import {
	inLine,
	items as itemsNode,
	kling,
	loop,
	manualTrigger,
	sink,
	workflow,
	type GivenItem,
	type Wire,
	type WorkflowJson,
} from '../../lab/instance/workflows.mts';

export interface StageOptions {
	emulator?: EmulatorOptions;
	/** Environment of n8n on top of the lab's. */
	env?: Record<string, string>;
	/** Milliseconds between two looks of n8n's wait tracker; `own` leaves n8n's 60 s. Default: 1000. */
	waitTracker?: number | 'own';
	/** Another release of n8n than the one that everything is tested with. */
	version?: string;
	/** Puts the front between n8n and the emulator, so that `preset` credentials work. */
	front?: boolean;
}

/** Providers of the credential that the front leads to the emulator. */
export type Preset = 'klingGlobal' | 'klingChina' | 'hingnet' | 'ezmodel' | 'cometapi';

export interface Stage {
	emulator: Emulator;
	n8n: N8n;
	client: Client;
	/** A saved credential for a dialect of the emulator, through the provider "custom". */
	credential(dialect?: string, changes?: Record<string, unknown>): Promise<CredentialReference>;
	/** A saved credential of a provider that n8n reaches under its public address: needs `front`. */
	preset(provider: Preset): Promise<CredentialReference>;
	close(): Promise<void>;
}

/** Boots everything; about 15 seconds once n8n is installed. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
	// Before anything listens: a build that does not succeed must end the suite, not hang it.
	const packed = await packNode();
	const emulator = await startEmulator({
		lifetimeMs: 1_500,
		...NOTHING_RETIRED,
		...options.emulator,
	});
	const front = options.front ? await startFront({ emulatorUrl: emulator.url }) : undefined;
	const { version, waitTracker = 1_000 } = options;
	const n8n = await startN8n({
		packages: [packed.dir],
		version,
		waitTrackerMs: waitTracker === 'own' ? undefined : waitTracker,
		env: { ...front?.env, ...options.env },
	});
	const client = await connect(n8n.url);
	return {
		emulator,
		n8n,
		client,
		...credentialsFor(emulator, client),
		async close() {
			await client.close();
			await n8n.close();
			await front?.close();
			await emulator.close();
		},
	};
}

/**
 * The one stage of a test file: opened before its tests, with a fresh service for each, closed after them.
 *
 * @param prepare what each test needs on top of a fresh service
 * @returns the stage, which is empty until the first test begins
 */
export function sharedStage<S extends Stage>(
	open: () => Promise<S>,
	prepare: (stage: S) => void = () => undefined,
): S {
	const stage = {} as S;
	before(async () => {
		Object.assign(stage, await open());
	});
	after(async () => {
		// There is nothing to close where it could not be opened.
		if ('close' in stage) await stage.close();
	});
	beforeEach(() => {
		stage.emulator.reset();
		prepare(stage);
	});
	return stage;
}

/** Saves credentials that lead to the emulator; equal ones once. */
export function credentialsFor(
	emulator: Emulator,
	client: Client,
): Pick<Stage, 'credential' | 'preset'> {
	const saved = new Map<string, CredentialReference>();
	async function save(name: string, fields: Record<string, unknown>): Promise<CredentialReference> {
		const facts = JSON.stringify(fields);
		const known = saved.get(facts);
		if (known !== undefined) return known;
		const made = await client.createCredential(`${name} ${saved.size}`, 'klingApi', fields);
		saved.set(facts, made);
		return made;
	}
	return {
		credential: async (dialect = 'official', changes = {}) =>
			await save(dialect, customCredential(emulator, dialect, changes)),
		preset: async (provider) =>
			await save(provider, { provider, authType: 'apiKey', apiKey: emulator.keys.apiKey }),
	};
}

/** The fields of a credential that reaches one dialect of the emulator. */
export function customCredential(
	emulator: Emulator,
	dialect: string,
	changes: Record<string, unknown> = {},
): Record<string, unknown> {
	return {
		provider: 'custom',
		baseUrl: emulator.baseUrl(dialect),
		authType: 'apiKey',
		apiKey: emulator.keys.apiKey,
		authScheme: dialect === 'duomi' ? 'none' : 'Bearer',
		modelField: dialect === 'ezmodel' ? 'model' : 'model_name',
		...changes,
	};
}

/**
 * The parameters of a submit that works, for a test to change. It carries on at once and downloads nothing:
 * what the form's own defaults do is a test of its own.
 */
export function submitParameters(
	emulator: Emulator,
	changes: Record<string, unknown> = {},
): Record<string, unknown> {
	return {
		resource: 'task',
		operation: 'submit',
		model: { __rl: true, mode: 'id', value: 'kling-v1-6' },
		imageInput: 'fields',
		images: { image: [{ source: 'url', url: emulator.imageUrl('dog.png') }] },
		prompt: '={{ $json.prompt ?? "A dog runs over the beach" }}',
		afterSubmit: 'return',
		downloadVideo: false,
		...changes,
	};
}

export interface RunSettings {
	credential: CredentialReference;
	items?: GivenItem[];
	onError?: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	retryOnFail?: boolean;
	maxTries?: number;
	waitBetweenTries?: number;
	alwaysOutputData?: boolean;
}

export const KLING = 'Kling AI';
export const GOOD = 'Good';
export const BAD = 'Bad';

/** Start → Items → Kling AI → Good, and → Bad on the error branch where there is one. */
export function klingWorkflow(
	parameters: Record<string, unknown>,
	settings: RunSettings,
): WorkflowJson {
	const { credential, items = [{ json: {} }], ...nodeSettings } = settings;
	const nodes = [
		manualTrigger(),
		itemsNode(items),
		kling(parameters, credential, { name: KLING, ...nodeSettings }),
		sink(GOOD),
	];
	const wires: Wire[] = inLine(...nodes);
	if (settings.onError !== 'continueErrorOutput') return workflow(nodes, { wires });
	return workflow([...nodes, sink(BAD)], {
		wires: [...wires, { from: KLING, output: 1, to: BAD }],
	});
}

/** Start → Items → Loop ⇄ Kling AI, and → Good when the loop is done. */
export function klingLoop(
	parameters: Record<string, unknown>,
	settings: RunSettings,
	batchSize = 1,
): WorkflowJson {
	const { credential, items = [{ json: {} }], ...nodeSettings } = settings;
	const line = [manualTrigger(), itemsNode(items), loop(batchSize), sink(GOOD)];
	const node = kling(parameters, credential, { name: KLING, ...nodeSettings });
	return workflow([...line, node], {
		wires: [
			...inLine(...line),
			{ from: 'Loop', output: 1, to: KLING },
			{ from: KLING, to: 'Loop' },
		],
	});
}

/** Saves and runs a workflow of `klingWorkflow` by hand, and waits for its end. */
export async function runKling(
	stage: Stage,
	parameters: Record<string, unknown>,
	settings: RunSettings,
	timeoutMs?: number,
): Promise<{ execution: Execution; run: NodeRun }> {
	const saved = await stage.client.createWorkflow(klingWorkflow(parameters, settings));
	const execution = await stage.client.runManually(saved, timeoutMs);
	return { execution, run: runOf(execution, KLING) };
}

/** A sample image of the repository as n8n holds it in a binary field. */
export async function binaryImage(
	name: string,
	mimeType: string,
): Promise<{ data: string; mimeType: string; fileName: string }> {
	const file = path.resolve(import.meta.dirname, '../../lab/emulator/samples', name);
	return {
		data: (await readFile(file)).toString('base64'),
		mimeType,
		fileName: path.basename(name),
	};
}
