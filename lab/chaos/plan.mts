// What a chaos run does, as a function of its seed: which workflows there are, and how hostile the service is.
import type { FaultRule } from '../emulator/faults/rules.mts';
import { seededRandom } from '../emulator/random.mts';

export const PROVIDERS = [
	{ provider: 'klingGlobal', dialect: 'official', authType: 'apiKey' },
	{ provider: 'klingGlobal', dialect: 'official', authType: 'accessKey' },
	{ provider: 'hingnet', dialect: 'hingnet', authType: 'apiKey' },
	{ provider: 'ezmodel', dialect: 'ezmodel', authType: 'apiKey' },
] as const;

export type Provider = (typeof PROVIDERS)[number];

/** One workflow that submits. */
export interface SubmitPlan {
	name: string;
	provider: Provider;
	model: 'kling-v1-6' | 'kling-v3-omni';
	afterSubmit: 'return' | 'wait';
	downloadVideo: boolean;
	waitUsing: 'auto' | 'callback' | 'poll';
	onTimeout: 'error' | 'return';
	maxWaitMinutes: number;
	pollIntervalSeconds: number;
	maxConcurrent: number;
	reuse: 'execution' | 'workflow';
	fetchImages: boolean;
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	retryOnFail: boolean;
	/** Items go through a Loop node in batches of this size; 0 gives them all at once. */
	loop: number;
	executionOrder: 'v0' | 'v1';
	/** The trigger that the service is to call, where the user gives a callback URL. */
	reportsTo?: TriggerPlan['name'];
}

export interface TriggerPlan {
	name: 'open' | 'token' | 'signature';
	authentication: 'none' | 'token' | 'signature';
	fetchTask: boolean;
	downloadVideo: boolean;
}

/** Forged calls start nothing at any of these, not even what the service itself signs. */
export const TRIGGERS: readonly TriggerPlan[] = [
	{ name: 'open', authentication: 'none', fetchTask: true, downloadVideo: false },
	{ name: 'token', authentication: 'token', fetchTask: true, downloadVideo: true },
	{ name: 'signature', authentication: 'signature', fetchTask: true, downloadVideo: false },
];

/** What the user does, and how often compared with the rest. */
export const ACTIONS = {
	submit: 40,
	submitAgain: 4,
	get: 8,
	list: 4,
	forge: 6,
	retrySaved: 6,
	retryOriginal: 6,
	stop: 4,
	weather: 5,
	kill: 0.8,
	restart: 0.4,
} as const;

export type Action = keyof typeof ACTIONS;

/** Chance with the ways of choosing that a plan needs. */
export class Chance {
	readonly #random: () => number;

	constructor(seed: number) {
		this.#random = seededRandom(seed);
	}

	/** A number from 0 up to, but not including, 1. */
	number(): number {
		return this.#random();
	}

	/** A whole number from `least` to `most`. */
	between(least: number, most: number): number {
		return least + Math.floor(this.#random() * (most - least + 1));
	}

	is(probability: number): boolean {
		return this.#random() < probability;
	}

	/** @throws Error for an empty list */
	oneOf<T>(values: readonly T[]): T {
		const value = values[this.between(0, values.length - 1)];
		if (value === undefined) throw new Error('There is nothing to choose from');
		return value;
	}

	weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
		const entries = Object.entries(weights) as Array<[K, number]>;
		let place = this.#random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
		for (const [key, weight] of entries) {
			place -= weight;
			if (place < 0) return key;
		}
		return this.oneOf(entries)[0];
	}
}

/** So many workflows that submit; each provider has about as many. */
export function planSubmits(seed: number, count: number): SubmitPlan[] {
	const chance = new Chance(seed);
	return Array.from({ length: count }, (_, n) => {
		const provider = PROVIDERS[n % PROVIDERS.length] ?? PROVIDERS[0];
		const afterSubmit = chance.is(0.75) ? 'wait' : 'return';
		const loop = chance.is(0.25) ? chance.between(2, 3) : 0;
		const reportsTo = chance.is(0.35) ? chance.oneOf(TRIGGERS).name : undefined;
		return {
			name: `Submit ${n} ${provider.provider} ${provider.authType}`,
			provider,
			model: chance.is(0.5) ? 'kling-v1-6' : 'kling-v3-omni',
			afterSubmit,
			downloadVideo: afterSubmit === 'wait' && chance.is(0.5),
			waitUsing: chance.weighted({ auto: 2, callback: 3, poll: 3 }),
			onTimeout: chance.is(0.7) ? 'error' : 'return',
			// A loop waits once for each batch.
			maxWaitMinutes: loop > 0 ? 1 : chance.oneOf([0.5, 1.5, 2, 2]),
			pollIntervalSeconds: chance.between(1, 4),
			maxConcurrent: chance.oneOf([1, 3, 10]),
			reuse: chance.is(0.7) ? 'execution' : 'workflow',
			fetchImages: chance.is(0.2),
			onError: chance.oneOf(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput']),
			retryOnFail: chance.is(0.3),
			loop,
			executionOrder: chance.is(0.8) ? 'v1' : 'v0',
			...(reportsTo !== undefined && { reportsTo }),
		};
	});
}

/** A rule without the calls that it meets. */
type Bare = FaultRule extends infer Rule
	? Rule extends FaultRule
		? Omit<Rule, 'on' | 'probability'>
		: never
	: never;

/**
 * Every fault that the emulator knows, each with its chance. What takes minutes (a submit that hangs) is
 * bounded in number; a bound counts for the whole run.
 *
 * @param hangs how many submits may hang, which costs the node's own time-out of two minutes each
 */
export function planFaults(hangs: number): FaultRule[] {
	const create = (rule: Bare, probability: number) =>
		({ ...rule, on: { call: 'create' }, probability }) as FaultRule;
	const read = (rule: Bare, probability: number) =>
		(['get', 'list'] as const).map((call) => ({ ...rule, on: { call }, probability }) as FaultRule);
	const rules: FaultRule[] = [
		create({ kind: 'hang', when: 'after', times: hangs }, 0.02),
		create({ kind: 'hang', when: 'before', times: hangs }, 0.01),
		create({ kind: 'reset', when: 'after' }, 0.03),
		create({ kind: 'reset', when: 'before' }, 0.01),
		create({ kind: 'http', status: 502, when: 'after' }, 0.02),
		create({ kind: 'http', status: 408, when: 'after' }, 0.01),
		create({ kind: 'http', status: 503, when: 'before' }, 0.01),
		create({ kind: 'http', status: 429, retryAfter: 1 }, 0.03),
		create({ kind: 'http', status: 429 }, 0.02),
		create({ kind: 'code', code: 1303 }, 0.03),
		create({ kind: 'code', code: 1301 }, 0.01),
		create({ kind: 'code', code: 5000, when: 'after', insideOk: true }, 0.02),
		create({ kind: 'code', code: 5002, when: 'after' }, 0.02),
		create({ kind: 'duplicate' }, 0.005),
		create({ kind: 'empty', when: 'after' }, 0.02),
		create({ kind: 'html', when: 'after', status: 504 }, 0.02),
		create({ kind: 'slow', delayMs: 4_000 }, 0.05),
		...read({ kind: 'hang', times: hangs }, 0.003),
		...read({ kind: 'reset' }, 0.02),
		...read({ kind: 'http', status: 502 }, 0.02),
		...read({ kind: 'http', status: 404 }, 0.01),
		...read({ kind: 'http', status: 429, retryAfter: 1 }, 0.02),
		...read({ kind: 'code', code: 5000, insideOk: true }, 0.02),
		...read({ kind: 'empty' }, 0.01),
		...read({ kind: 'html', status: 200 }, 0.01),
		...read({ kind: 'slow', delayMs: 2_000 }, 0.03),
		{ kind: 'callback-lost', probability: 0.1 },
		{ kind: 'callback-late', delayMs: 5_000, probability: 0.1 },
		{ kind: 'callback-early', on: { status: 'succeed' }, probability: 0.03 },
		{ kind: 'callback-early', on: { status: 'submitted' }, probability: 0.03 },
		{ kind: 'callback-repeated', copies: 3, probability: 0.15 },
		{ kind: 'callback-reordered', probability: 0.1 },
		{ kind: 'callback-forged', forge: 'id', probability: 0.05 },
		{ kind: 'callback-forged', forge: 'succeed', probability: 0.05 },
		{ kind: 'callback-forged', forge: 'failed', probability: 0.05 },
		{ kind: 'callback-not-json', probability: 0.04 },
		{ kind: 'callback-envelope', probability: 0.08 },
		{ kind: 'callback-new-format', probability: 0.08 },
		{ kind: 'callback-bad-signature', probability: 0.04 },
		{ kind: 'callback-stale-signature', probability: 0.04 },
		{ kind: 'download-truncated', probability: 0.05 },
		{ kind: 'download-short', probability: 0.03 },
		{ kind: 'download-slow', bytesPerSecond: 20_000, probability: 0.05 },
		{ kind: 'download-expired', probability: 0.05 },
		{ kind: 'download-html', probability: 0.03 },
		{ kind: 'download-wrong-type', probability: 0.05 },
		{ kind: 'download-redirect', probability: 0.05 },
		{ kind: 'download-chunked', probability: 0.05 },
		{ kind: 'download-reset', probability: 0.05 },
		{ kind: 'download-hang', times: hangs, probability: 0.03 },
		{ kind: 'download-http', status: 500, probability: 0.04 },
	];
	return rules;
}

/** Names a rule in a table: its kind, what tells it from others of that kind, and the calls that it meets. */
export function nameOfFault(rule: object): string {
	const facts = new Map<string, unknown>(Object.entries(rule));
	const told = ['status', 'code', 'when', 'forge', 'retryAfter', 'insideOk']
		.filter((name) => facts.has(name) && facts.get(name) !== undefined)
		.map((name) => `${facts.get(name) === true ? name : String(facts.get(name))}`);
	const on = new Map<string, unknown>(Object.entries(Object(facts.get('on'))));
	const met = on.get('call') ?? on.get('status');
	const of = met === undefined ? '' : ` of ${String(met)}`;
	return `${String(facts.get('kind'))}${of}${told.length > 0 ? ` (${told.join(', ')})` : ''}`;
}

/** Settings of the service that change during the run. */
export function planWeather(chance: Chance): {
	lookupLagMs: number;
	listLagMs: number;
	recordLagMs: number;
	concurrency: number;
	linkLifeMs: number;
} {
	return {
		lookupLagMs: chance.oneOf([0, 0, 2_000, 10_000]),
		listLagMs: chance.oneOf([0, 0, 3_000, 15_000]),
		recordLagMs: chance.oneOf([0, 0, 3_000, 10_000]),
		concurrency: chance.oneOf([1_000, 1_000, 12]),
		linkLifeMs: chance.oneOf([30 * 24 * 3_600_000, 20_000]),
	};
}

export const CALM = {
	lookupLagMs: 0,
	listLagMs: 0,
	recordLagMs: 0,
	concurrency: 1_000,
	linkLifeMs: 30 * 24 * 3_600_000,
};
