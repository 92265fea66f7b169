// Decides, from the ordered rules and a seed, which fault meets which call.
import { seededRandom } from '../random.mts';
import {
	faultSchema,
	type ApiFault,
	type CallbackFault,
	type DownloadFault,
	type Fault,
	type FaultRule,
} from './rules.mts';

export type EarlyFault = Extract<CallbackFault, { kind: 'callback-early' }>;
export type NoticeFault = Exclude<CallbackFault, EarlyFault>;

/** What a rule's `on` is held against. */
export type Subject = Readonly<Record<string, string>>;

interface Ordered {
	readonly id: number;
	readonly fault: Fault;
	matched: number;
	struck: number;
}

export class FaultPlan {
	#rules: Ordered[] = [];
	#nextId = 1;
	#seed: number;
	#random: () => number;

	constructor(seed: number) {
		this.#seed = seed;
		this.#random = seededRandom(seed);
	}

	get seed(): number {
		return this.#seed;
	}

	/** Starts the sequence of chance anew. */
	reseed(seed: number): void {
		this.#seed = seed;
		this.#random = seededRandom(seed);
	}

	/** Orders a fault; throws a ZodError for a rule that is not understood. Returns its number. */
	add(rule: FaultRule): number {
		const id = this.#nextId++;
		this.#rules.push({ id, fault: faultSchema.parse(rule), matched: 0, struck: 0 });
		return id;
	}

	remove(id: number): boolean {
		const before = this.#rules.length;
		this.#rules = this.#rules.filter((rule) => rule.id !== id);
		return this.#rules.length < before;
	}

	clear(): void {
		this.#rules = [];
	}

	/** The rules, with how many calls each has matched and struck. */
	list(): ReadonlyArray<{ id: number; fault: Fault; matched: number; struck: number }> {
		return this.#rules.map((rule) => ({ ...rule }));
	}

	/** The fault of an API call, if any. */
	forApi(subject: Subject): ApiFault | undefined {
		return this.#pick(subject, isApiFault);
	}

	/** The fault of a callback, if any; `early` ones are asked for apart, before the notice exists. */
	forCallback(subject: Subject): NoticeFault | undefined {
		return this.#pick(subject, isNoticeFault);
	}

	/** The order to notify before the submit is answered, if any. */
	forEarlyCallback(subject: Subject): EarlyFault | undefined {
		return this.#pick(subject, isEarlyFault);
	}

	/** The fault of a download, if any. */
	forDownload(subject: Subject): DownloadFault | undefined {
		return this.#pick(subject, isDownloadFault);
	}

	#pick<T extends Fault>(subject: Subject, kind: (fault: Fault) => fault is T): T | undefined {
		for (const rule of this.#rules) {
			if (!kind(rule.fault) || !matches(rule.fault.on, subject)) continue;
			rule.matched += 1;
			if (!this.#strikes(rule)) continue;
			rule.struck += 1;
			return rule.fault;
		}
		return undefined;
	}

	#strikes({ fault, matched, struck }: Ordered): boolean {
		const { on, times, probability } = fault;
		if (times !== undefined && struck >= times) return false;
		if (on.nth !== undefined && ![on.nth].flat().includes(matched)) return false;
		return probability === undefined || this.#random() < probability;
	}
}

function matches(on: Fault['on'], subject: Subject): boolean {
	return Object.entries(on).every(([name, wanted]) => {
		if (name === 'nth' || wanted === undefined) return true;
		const given = subject[name] ?? '';
		return name === 'path' ? given.includes(String(wanted)) : given === wanted;
	});
}

function isDownloadFault(fault: Fault): fault is DownloadFault {
	return fault.kind.startsWith('download-');
}

function isEarlyFault(fault: Fault): fault is EarlyFault {
	return fault.kind === 'callback-early';
}

function isNoticeFault(fault: Fault): fault is NoticeFault {
	return fault.kind.startsWith('callback-') && !isEarlyFault(fault);
}

function isApiFault(fault: Fault): fault is ApiFault {
	return !fault.kind.includes('-');
}
