// The storm itself: what users, operators and strangers do to a running n8n, one action after the other.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RestFailure } from '../instance/api/rest.mts';
import { eventually } from '../instance/eventually.mts';
import { ACTIONS, CALM, Chance, nameOfFault, planWeather, type Action } from './plan.mts';
import type { World } from './world.mts';

/** One order: one item that one video is wanted for. */
export interface Order {
	/** Unique, and part of the prompt. */
	name: string;
	prompt: string;
	workflowId: string;
	/** Whether n8n answered that it has started an execution with it. */
	isStarted: boolean;
}

/** What was really done, by action. */
export type Done = Record<Action, number>;

/** A span in which n8n was down, Unix ms. */
export interface Outage {
	from: number;
	to: number;
}

/** How often a fault struck. */
export interface Struck {
	kind: string;
	name: string;
	times: number;
	/** How often chance should have let it strike, by the calls that it met. */
	expected: number;
}

export interface Summary {
	id: string;
	status: string;
	workflowId: string;
	retryOf?: string | null;
}

const summaries = z.object({
	nextCursor: z.string().nullish(),
	results: z.array(
		z.object({
			id: z.coerce.string(),
			status: z.string(),
			workflowId: z.string(),
			retryOf: z.coerce.string().nullish(),
		}),
	),
});
const anything = z.unknown();

/** For how long n8n may be too busy to answer. */
const BUSY_MS = 120_000;
/** What a user who starts too much at once would not do either. */
const MOST_AT_WORK = 40;

export class Storm {
	readonly orders: Order[] = [];
	readonly outages: Outage[] = [];
	readonly done: Done = {
		submit: 0,
		submitAgain: 0,
		get: 0,
		list: 0,
		forge: 0,
		retrySaved: 0,
		retryOriginal: 0,
		stop: 0,
		weather: 0,
		kill: 0,
		restart: 0,
	};
	readonly retried = new Set<string>();
	readonly #world: World;
	readonly #chance: Chance;
	readonly #seed: number;
	readonly #itemsPerCall: number;
	readonly #say: (line: string) => void;
	#placed = 0;

	constructor(world: World, seed: number, itemsPerCall: number, say: (line: string) => void) {
		this.#world = world;
		this.#chance = new Chance(seed + 1);
		this.#seed = seed;
		this.#itemsPerCall = itemsPerCall;
		this.#say = say;
	}

	/** Acts until the time has come, or so many orders were placed. */
	async blow(until: number, mostOrders: number): Promise<void> {
		while (Date.now() < until && this.orders.length < mostOrders) {
			await this.#try(this.#chance.weighted(ACTIONS));
			await sleep(this.#chance.between(0, 600));
		}
		// What chance has left out is done once, the outages last.
		for (const action of Object.keys(ACTIONS) as Action[]) {
			for (let tries = 0; this.done[action] === 0 && tries < 3; tries++) await this.#try(action);
		}
	}

	/** Ends the bad weather, so that everything can come to its end. Returns how often each fault struck. */
	calm(): Struck[] {
		const struck = this.#world.emulator.faults.list().map(({ fault, struck: times, matched }) => ({
			kind: fault.kind,
			name: nameOfFault(fault),
			times,
			expected: matched * (fault.probability ?? 1),
		}));
		this.#world.emulator.faults.clear();
		Object.assign(this.#world.emulator.settings, CALM);
		return struck;
	}

	/** The executions in one of these states, newest first. */
	async executions(...status: string[]): Promise<Summary[]> {
		const filter = encodeURIComponent(JSON.stringify({ status }));
		const found: Summary[] = [];
		let cursor: string | undefined;
		do {
			const after = cursor === undefined ? '' : `&cursor=${cursor}`;
			const path = `/rest/executions?filter=${filter}&limit=100${after}`;
			const page = await patiently(
				async () => await this.#world.client.rest.call(summaries, { path }),
			);
			found.push(...page.results);
			cursor = page.nextCursor ?? undefined;
		} while (cursor !== undefined);
		// A page names what is at work once more.
		const wanted = found.filter((each) => status.includes(each.status));
		return [...new Map(wanted.map((each) => [each.id, each])).values()];
	}

	/** Retries an execution as the editor does: with the workflow as it is now, or as it was then. */
	async retry({ id, workflowId }: Summary, loadWorkflow: boolean): Promise<void> {
		this.retried.add(id);
		const { rest, listExecutions } = this.#world.client;
		const call = { method: 'POST', path: `/rest/executions/${id}/retry`, body: { loadWorkflow } };
		let refusal: unknown;
		// n8n answers only when the retry has ended, or not at all when it is killed meanwhile.
		rest.call(anything, call).catch((reason: unknown) => {
			refusal = reason;
		});
		await eventually(`a retry of ${id} to start`, 60_000, async () => {
			if (refusal !== undefined) throw refusal;
			const all = await patiently(async () => await listExecutions(workflowId));
			return all.some(({ retryOf }) => retryOf === id);
		});
	}

	/** The submits that ended otherwise than well, and of which no retry is known. */
	async notWell(): Promise<Summary[]> {
		const ended = await this.executions('error', 'crashed', 'canceled');
		const submits = new Set(this.#world.submits.map(({ saved }) => saved.id));
		return ended.filter(({ id, workflowId }) => submits.has(workflowId) && !this.retried.has(id));
	}

	async #try(action: Action): Promise<void> {
		const isDone = await this.#act(action).catch((reason: unknown) => {
			// n8n refuses what it cannot do any more, e.g. to stop what has ended.
			this.#say(`${action}: ${String(reason).slice(0, 140)}`);
			return false;
		});
		if (isDone) this.done[action] += 1;
	}

	async #act(action: Action): Promise<boolean> {
		switch (action) {
			case 'submit':
				return await this.#submit();
			case 'submitAgain':
				return await this.#submitAgain();
			case 'get':
			case 'list':
				return await this.#read(action);
			case 'forge':
				return await this.#forge();
			case 'retrySaved':
			case 'retryOriginal':
				return await this.#retryOne(action === 'retrySaved');
			case 'stop':
				return await this.#stop();
			case 'weather':
				Object.assign(this.#world.emulator.settings, planWeather(this.#chance));
				return true;
			case 'kill':
				return await this.#outage(async () => await this.#world.n8n.kill());
			case 'restart':
				return await this.#outage(async () => await this.#world.n8n.stop());
		}
	}

	async #submit(): Promise<boolean> {
		const atWork = (await this.executions('running', 'new')).length;
		if (atWork >= MOST_AT_WORK) return false;
		const { saved, path } = this.#chance.oneOf(this.#world.submits);
		const count = this.#chance.between(1, this.#itemsPerCall);
		const orders = Array.from({ length: count }, () => this.#order(saved.id));
		this.orders.push(...orders);
		await this.#call(path, orders);
		return true;
	}

	/** The same rows once more, where the user has asked for one task within the workflow. */
	async #submitAgain(): Promise<boolean> {
		const once = new Map(
			this.#world.submits
				.filter(({ reuse }) => reuse === 'workflow')
				.map(({ saved, path }) => [saved.id, path]),
		);
		const known = this.orders.filter(({ workflowId }) => once.has(workflowId)).slice(-40);
		if (known.length === 0) return false;
		const { workflowId } = this.#chance.oneOf(known);
		const again = known.filter((each) => each.workflowId === workflowId).slice(-3);
		await this.#call(once.get(workflowId) ?? '', again);
		return true;
	}

	#order(workflowId: string): Order {
		const name = `order-${this.#seed}-${++this.#placed}-`;
		const seconds = this.#chance.oneOf([1, 5, 15, 30, 75]);
		const fails = this.#chance.is(0.06) ? ' [fail]' : '';
		const prompt = `${name} [lifetime ${seconds}s]${fails}`;
		return { name, prompt, workflowId, isStarted: false };
	}

	async #call(path: string, orders: Order[]): Promise<void> {
		const body = { orders: orders.map(({ name, prompt }) => ({ order: name, prompt })) };
		const { status } = await this.#world.client.callWebhook(path, body);
		if (status === 200) for (const order of orders) order.isStarted = true;
	}

	async #read(kind: 'get' | 'list'): Promise<boolean> {
		const { path, provider } = this.#chance.oneOf(
			this.#world.reads.filter((each) => each.kind === kind),
		);
		const tasks = this.#world.emulator.tasks
			.list()
			.filter(({ dialect }) => dialect === provider.dialect);
		if (tasks.length === 0) return false;
		const orders = [
			this.#chance.oneOf(tasks).id,
			this.#chance.is(0.2) ? 'unknown-task' : undefined,
		];
		const body = { orders: orders.flatMap((id) => (id === undefined ? [] : [{ id }])) };
		return (await this.#world.client.callWebhook(path, body)).status === 200;
	}

	/** Calls that nobody at the service has sent: to triggers, and to sleeping executions. */
	async #forge(): Promise<boolean> {
		const { emulator, triggers } = this.#world;
		const running = emulator.tasks.list().filter(({ finishedAt }) => finishedAt === undefined);
		const task = running.length === 0 ? undefined : this.#chance.oneOf(running);
		const resumeUrl = task?.callbackUrl?.includes('/webhook-waiting/')
			? task.callbackUrl
			: undefined;
		const { url } = this.#chance.oneOf(triggers);
		const body = {
			task_id: this.#chance.is(0.5) ? task?.id : '899999999999999999',
			task_status: this.#chance.oneOf(['succeed', 'failed', 'processing']),
			task_result: { videos: [{ id: '1', url: 'https://example.com/forged.mp4', duration: '5' }] },
		};
		await emulator.callbacks.send(resumeUrl ?? url, body, { signed: false });
		return true;
	}

	async #retryOne(loadWorkflow: boolean): Promise<boolean> {
		const candidates = await this.notWell();
		if (candidates.length === 0) return false;
		await this.retry(this.#chance.oneOf(candidates), loadWorkflow);
		return true;
	}

	async #stop(): Promise<boolean> {
		const submits = new Set(this.#world.submits.map(({ saved }) => saved.id));
		const atWork = await this.executions('running', 'waiting');
		const candidates = atWork.filter(({ workflowId }) => submits.has(workflowId));
		if (candidates.length === 0) return false;
		await this.#world.client.stopExecution(this.#chance.oneOf(candidates).id);
		return true;
	}

	async #outage(end: () => Promise<void>): Promise<boolean> {
		const from = Date.now();
		await end();
		await sleep(this.#chance.between(0, 3_000));
		await this.#world.n8n.restart();
		this.outages.push({ from, to: Date.now() });
		return true;
	}
}

/** Asks again while n8n is too busy to answer (503): it says so when its database has kept it waiting. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
	const deadline = Date.now() + BUSY_MS;
	for (;;) {
		try {
			return await ask();
		} catch (reason) {
			const isBusy = reason instanceof RestFailure && reason.status === 503;
			if (!isBusy || Date.now() > deadline) throw reason;
			await sleep(1_000);
		}
	}
}
