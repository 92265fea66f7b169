// The world of a chaos run: the emulated service, a real n8n with the packed node, and the planned workflows in it.
import { randomBytes, randomUUID } from 'node:crypto';
import { startEmulator, type Emulator } from '../emulator/emulator.mts';
import { NOTHING_RETIRED } from '../emulator/settings.mts';
import { startFront, type Front } from '../front/front.mts';
import { connect, type Client, type CredentialReference } from '../instance/client.mts';
import { startN8n, type N8n } from '../instance/n8n.mts';
import { packNode } from '../instance/pack.mts';
import type { SavedWorkflow } from '../instance/api/workflows.mts';
import {
	inLine,
	kling,
	klingTrigger,
	loop,
	node,
	sink,
	webhook,
	workflow,
	type WorkflowJson,
	type WorkflowNode,
} from '../instance/workflows.mts';
import { PROVIDERS, TRIGGERS, type Provider, type SubmitPlan, type TriggerPlan } from './plan.mts';
import { startRelay, type Relay } from './relay.mts';

export const KLING = 'Kling AI';
export const TRIGGER = 'Kling AI Trigger';
export const ORDERS = 'Orders';
/** Of n8n's Retry On Fail, where it is on. */
export const MAX_TRIES = 2;

export interface Secret {
	name: string;
	value: string;
}

export interface World {
	emulator: Emulator;
	n8n: N8n;
	client: Client;
	relay: Relay;
	submits: ReadonlyArray<SubmitPlan & { saved: SavedWorkflow; path: string }>;
	triggers: ReadonlyArray<{
		name: string;
		downloadVideo: boolean;
		saved: SavedWorkflow;
		url: string;
	}>;
	reads: ReadonlyArray<{
		kind: 'get' | 'list';
		provider: Provider;
		saved: SavedWorkflow;
		path: string;
	}>;
	/** Everything that n8n must keep to itself; signatures come on top. */
	secrets: readonly Secret[];
	close(): Promise<void>;
}

/** Faster than n8n's own minute, so that a sleeper that is due wakes soon. */
const TRACKER_MS = 2_000;

/**
 * @param slots of executions at once (`N8N_CONCURRENCY_PRODUCTION_LIMIT`); undefined sets no limit
 * @param userFolder where n8n's data stays after the run; a folder that is removed where left out
 */
export async function openWorld(
	plans: readonly SubmitPlan[],
	seed: number,
	slots: number | undefined,
	userFolder?: string,
): Promise<World> {
	const packed = await packNode();
	const token = `chaos-token-${randomBytes(12).toString('hex')}`;
	const signingSecret = `whsec_${randomBytes(24).toString('base64')}`;
	const account = {
		name: 'main',
		apiKey: `api-key-kling-chaos-${randomBytes(16).toString('hex')}`,
		accessKey: `chaosaccess${randomBytes(12).toString('hex')}`,
		secretKey: `chaossecret${randomBytes(24).toString('hex')}`,
	};
	const emulator = await startEmulator({
		seed,
		accounts: [account],
		signingSecrets: [signingSecret],
		lifetimeMs: 20_000,
		...NOTHING_RETIRED,
	});
	const front: Front = await startFront({ emulatorUrl: emulator.url });
	const relay = await startRelay();
	const limit: Record<string, string> =
		slots === undefined ? {} : { N8N_CONCURRENCY_PRODUCTION_LIMIT: String(slots) };
	const n8n = await startN8n({
		packages: [packed.dir],
		env: { ...front.env, ...limit },
		waitTrackerMs: TRACKER_MS,
		userFolder,
	});
	const client = await connect(n8n.url);
	const build = new Builder({ emulator, client, relay, account, token, signingSecret });
	const triggers = await build.triggers(n8n.url);
	const submits = await build.submits(plans);
	const reads = await build.reads();
	return {
		emulator,
		n8n,
		client,
		relay,
		triggers,
		submits,
		reads,
		secrets: [
			{ name: 'API key', value: account.apiKey },
			{ name: 'access key', value: account.accessKey },
			{ name: 'secret key', value: account.secretKey },
			{ name: 'callback token', value: token },
			{ name: 'signing secret', value: signingSecret },
			{ name: 'signing secret without its prefix', value: signingSecret.slice('whsec_'.length) },
			{ name: 'signed token', value: tokenStart(account.accessKey) },
		],
		async close() {
			await client.close();
			await n8n.close();
			await relay.close();
			await front.close();
			await emulator.close();
		},
	};
}

/** The beginning of the claims of every JWT that the node signs with this key. */
function tokenStart(accessKey: string): string {
	const claims = Buffer.from(`{"iss":"${accessKey}"`);
	return claims.subarray(0, claims.length - (claims.length % 3)).toString('base64url');
}

interface Parts {
	emulator: Emulator;
	client: Client;
	relay: Relay;
	account: { apiKey: string; accessKey: string; secretKey: string };
	token: string;
	signingSecret: string;
}

/** Makes credentials and workflows in n8n as the plan says. */
class Builder {
	readonly #credentials = new Map<string, CredentialReference>();
	readonly #parts: Parts;

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	async submits(plans: readonly SubmitPlan[]): Promise<World['submits'][number][]> {
		const made: World['submits'][number][] = [];
		for (const plan of plans) {
			const start = webhook();
			const saved = await this.#publish(await this.#submitWorkflow(plan, start));
			made.push({ ...plan, saved, path: pathOf(start) });
		}
		return made;
	}

	async triggers(origin: string): Promise<World['triggers'][number][]> {
		const made: World['triggers'][number][] = [];
		// A trigger asks the service of its credential, so that each service has triggers of its own.
		const services = PROVIDERS.filter(({ authType }) => authType === 'apiKey');
		for (const [service, plan] of services.flatMap((each) =>
			TRIGGERS.map((plan) => [each, plan] as const),
		)) {
			const webhookId = randomUUID();
			const { authentication, fetchTask, downloadVideo } = plan;
			const parameters = {
				triggerOn: ['succeed', 'failed'],
				authentication,
				fetchTask,
				options: { binaryData: true, downloadVideo },
			};
			const name = reportName(service, plan.name);
			const credential = await this.#credential(service);
			const start = klingTrigger(parameters, credential, { name: TRIGGER, webhookId });
			const saved = await this.#publish(
				workflow([start, sink('Started')], { name: `Trigger ${name}` }),
			);
			const url = `${origin}/webhook/${webhookId}/kling`;
			const query = authentication === 'token' ? `?token=${this.#parts.token}` : '';
			this.#parts.relay.lead(name, url + query);
			made.push({ name, downloadVideo, saved, url });
		}
		return made;
	}

	async reads(): Promise<World['reads'][number][]> {
		const made: World['reads'][number][] = [];
		for (const provider of PROVIDERS) {
			const credential = await this.#credential(provider);
			for (const kind of ['get', 'list'] as const) {
				const start = webhook();
				const task = kling(kind === 'get' ? GET : LIST, credential, {
					name: KLING,
					onError: 'continueRegularOutput',
				});
				const nodes = kind === 'get' ? [start, splitOut(), task] : [start, task];
				const name = `${kind} ${provider.provider} ${provider.authType}`;
				const saved = await this.#publish(workflow(nodes, { name }));
				made.push({ kind, provider, saved, path: pathOf(start) });
			}
		}
		return made;
	}

	async #submitWorkflow(plan: SubmitPlan, start: WorkflowNode): Promise<WorkflowJson> {
		const { onError, retryOnFail, name } = plan;
		const task = kling(this.#parameters(plan), await this.#credential(plan.provider), {
			name: KLING,
			onError,
			...(retryOnFail && { retryOnFail, maxTries: MAX_TRIES, waitBetweenTries: 500 }),
		});
		const settings = { executionOrder: plan.executionOrder };
		if (plan.loop === 0) {
			const nodes = [start, splitOut(), task, sink('Good'), sink('Bad')];
			const wires = inLine(...nodes.slice(0, 4));
			const bad = onError === 'continueErrorOutput' ? [{ from: KLING, output: 1, to: 'Bad' }] : [];
			return workflow(nodes, { name, wires: [...wires, ...bad], settings });
		}
		const line = [start, splitOut(), loop(plan.loop), sink('Good')];
		const bad = onError === 'continueErrorOutput' ? [{ from: KLING, output: 1, to: 'Loop' }] : [];
		const wires = [
			...inLine(...line),
			{ from: 'Loop', output: 1, to: KLING },
			{ from: KLING, to: 'Loop' },
			...bad,
		];
		return workflow([...line, task], { name, wires, settings });
	}

	#parameters(plan: SubmitPlan): Record<string, unknown> {
		const { reportsTo, waitUsing, maxWaitMinutes, pollIntervalSeconds, onTimeout } = plan;
		return {
			resource: 'task',
			operation: 'submit',
			imageInput: 'fields',
			images: { image: [{ source: 'url', url: this.#parts.emulator.imageUrl('dog.png') }] },
			model: { __rl: true, mode: 'id', value: plan.model },
			prompt: '={{ $json.prompt }}',
			mode: 'std',
			duration: '5',
			aspectRatio: '16:9',
			afterSubmit: plan.afterSubmit,
			downloadVideo: plan.downloadVideo,
			additionalFields:
				reportsTo === undefined
					? {}
					: { callbackUrl: this.#parts.relay.urlOf(reportName(plan.provider, reportsTo)) },
			options: {
				waitUsing,
				maxWaitMinutes,
				pollIntervalSeconds,
				onTimeout,
				maxConcurrent: plan.maxConcurrent,
				reuse: plan.reuse,
				fetchImages: plan.fetchImages,
				downloadVideo: plan.downloadVideo,
				simplify: true,
			},
		};
	}

	async #publish(json: WorkflowJson): Promise<SavedWorkflow> {
		const saved = await this.#parts.client.createWorkflow(json);
		await this.#parts.client.publish(saved);
		return saved;
	}

	async #credential({ provider, authType }: Provider): Promise<CredentialReference> {
		const name = `${provider} ${authType}`;
		const known = this.#credentials.get(name);
		if (known !== undefined) return known;
		const { apiKey, accessKey, secretKey } = this.#parts.account;
		const keys = authType === 'apiKey' ? { apiKey } : { accessKey, secretKey };
		const made = await this.#parts.client.createCredential(name, 'klingApi', {
			provider,
			authType,
			...keys,
			callbackToken: this.#parts.token,
			callbackSecret: this.#parts.signingSecret,
		});
		this.#credentials.set(name, made);
		return made;
	}
}

/** The name of a trigger, for one service and in one way of authentication. */
function reportName({ provider }: Provider, name: TriggerPlan['name']): string {
	return `${provider}-${name}`;
}

/** Gives each order of the call an item of its own. */
function splitOut(): WorkflowNode {
	return node(ORDERS, 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.orders', options: {} });
}

function pathOf(start: WorkflowNode): string {
	return String(start.parameters.path);
}

const GET = {
	resource: 'task',
	operation: 'get',
	taskId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
	options: { waitUntilFinished: true, maxWaitMinutes: 1, pollIntervalSeconds: 2 },
};

const LIST = { resource: 'task', operation: 'list', returnAll: true, filters: { family: 'all' } };
