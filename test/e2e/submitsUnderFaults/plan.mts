// The plan of faults: which create and which look-up meets which fault, as a function of a seed alone.
import type { FaultRule } from '../../../lab/emulator/faults/rules.mts';
import { seededRandom } from '../../../lab/emulator/random.mts';

export interface PlanOptions {
	seed: number;
	/** of the emulator: only its calls are met */
	dialect: string;
	/** how many items are to be submitted; so many creates are first tries, the rest repetitions */
	items: number;
	/** the share of the first creates that meet a fault, 0 to 1; hangs and refusals come on top */
	share?: number;
	/** requests that are never answered; each costs the node's time-out of two minutes */
	hangs?: number;
	/** certain refusals, after which the node ends badly and n8n's Retry On Fail runs it again */
	refusals?: number;
}

type Kind = Record<string, unknown> & { kind: string };

/** The task was made and billed, and the caller is not told. */
const AFTER: readonly Kind[] = [
	{ kind: 'reset' },
	{ kind: 'http', status: 500 },
	{ kind: 'http', status: 502 },
	{ kind: 'http', status: 504 },
	{ kind: 'http', status: 408 },
	{ kind: 'empty' },
	{ kind: 'html' },
	{ kind: 'html', status: 504 },
	{ kind: 'code', code: 5000, insideOk: true },
	{ kind: 'code', code: 5001, insideOk: true },
	{ kind: 'code', code: 5002 },
].map((kind) => ({ ...kind, when: 'after' }));

/** Nothing was made, and the caller is not told: these cost a look-up of a minute. */
const BEFORE: readonly Kind[] = [
	{ kind: 'reset' },
	{ kind: 'http', status: 503 },
	{ kind: 'http', status: 408 },
	{ kind: 'empty' },
	{ kind: 'html', status: 502 },
	{ kind: 'code', code: 5000, insideOk: true },
].map((kind) => ({ ...kind, when: 'before' }));

const BUSY: readonly Kind[] = [
	{ kind: 'code', code: 1303 },
	{ kind: 'code', code: 1302, retryAfter: 1 },
	{ kind: 'http', status: 429 },
	{ kind: 'http', status: 429, retryAfter: 1 },
];

const HANGS: readonly Kind[] = [
	{ kind: 'hang', when: 'after' },
	{ kind: 'hang', when: 'before' },
];

const REFUSAL: Kind = { kind: 'code', code: 1301, when: 'before' };

/** A look-up may stumble as well; above all, no web page may pass for "there is no such task". */
const LOOK_UP: readonly Kind[] = [
	{ kind: 'http', status: 404 },
	{ kind: 'html', status: 404 },
	{ kind: 'http', status: 502 },
	{ kind: 'reset' },
	{ kind: 'empty' },
	{ kind: 'code', code: 5000, insideOk: true },
];

/** Six of ten faults hide a task that was made, one hides that none was, three ask for patience. */
const CLASSES = [
	[AFTER, 0.6],
	[BEFORE, 0.1],
	[BUSY, 0.3],
] as const;

/** Not `BEFORE`: two of these in a row end a try, by the node's own rule. */
const AGAIN: readonly Kind[] = [...AFTER, ...BUSY];

const CREATE_KINDS: readonly Kind[] = [...HANGS, REFUSAL, ...AFTER, ...BEFORE, ...BUSY];
const LOOK_UP_SHARE = 0.15;

/**
 * The orders for the emulator. The n-th create of the dialect meets the same fault whenever the
 * seed is the same; which item that call belongs to depends on who comes first.
 */
export function planFaults(options: PlanOptions): FaultRule[] {
	const { seed, dialect, items } = options;
	const creates = planCreates(options, seededRandom(seed));
	const lookUps = planLookUps(items, seededRandom(seed + 1));
	return [
		...toRules(CREATE_KINDS, creates, { call: 'create', dialect }),
		...toRules(LOOK_UP, lookUps, { call: 'get', dialect }),
	];
}

function planCreates(options: PlanOptions, random: () => number): Array<Kind | undefined> {
	const { items, share = 0.3, hangs = 0, refusals = 0 } = options;
	const calls: Array<Kind | undefined> = Array.from({ length: items }, () => undefined);
	// Refusals and hangs come early: a hang takes long, and a refusal costs one of n8n's few tries.
	const early = shuffled(range(Math.min(items, 200)), random);
	for (let n = 0; n < hangs; n++) calls[early.pop() ?? n] = HANGS[n % HANGS.length];
	for (let n = 0; n < refusals; n++) calls[early.pop() ?? n] = REFUSAL;
	const free = shuffled(
		range(items).filter((n) => calls[n] === undefined),
		random,
	);
	const faults = Math.round(share * items);
	for (const [classOf, part] of CLASSES) {
		const kinds = shuffled(classOf, random);
		const count = Math.max(1, Math.round(part * faults));
		for (let n = 0; n < count; n++) calls[free.pop() ?? n] = kinds[n % kinds.length];
	}
	// Repetitions meet faults too, but fewer: a run shall end.
	const again = range(items).map(() => (random() < share / 3 ? oneOf(AGAIN, random) : undefined));
	return [...calls, ...again];
}

function planLookUps(items: number, random: () => number): Array<Kind | undefined> {
	return range(4 * items).map(() =>
		random() < LOOK_UP_SHARE ? oneOf(LOOK_UP, random) : undefined,
	);
}

/** A rule counts only the calls that no rule before it has met. */
function toRules(
	kinds: readonly Kind[],
	calls: ReadonlyArray<Kind | undefined>,
	on: { call: 'create' | 'get'; dialect: string },
): FaultRule[] {
	const chosen = calls.map((kind) => (kind === undefined ? Infinity : kinds.indexOf(kind)));
	return kinds.flatMap((kind, rank) => {
		const left = chosen.filter((other) => other >= rank);
		const nth = left.flatMap((other, index) => (other === rank ? [index + 1] : []));
		return nth.length === 0 ? [] : [{ ...kind, on: { ...on, nth } } as FaultRule];
	});
}

function oneOf(kinds: readonly Kind[], random: () => number): Kind | undefined {
	return kinds[Math.floor(random() * kinds.length)];
}

/** The numbers from 0 to `length` - 1. */
function range(length: number): number[] {
	return Array.from({ length }, (_, n) => n);
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
	const keyed = all.map((value) => ({ value, at: random() }));
	return keyed.sort((a, b) => a.at - b.at).map(({ value }) => value);
}
