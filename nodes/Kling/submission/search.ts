// A retried execution finds its tasks in the service's list: by fingerprint, one to one, none that was delivered.
import type { ListOutcome, Told } from '../api/client';
import type { Family, FamilyName } from '../api/models';
import { againDelayMs, orStopped } from '../waiting/backoff';
import { isUsable } from './decide';
import type { SearchLook } from './facts';
import { isOfExecution, parseKey } from './key';
import type { ExecutionOutcome, Ports } from './ports';

const PAGE_SIZE = 500;
const MAX_PAGES = 20;
const PAGE_TRIES = 4;
const LAST_DAY_MS = 24 * 60 * 60 * 1000;

type SearchPorts = Pick<Ports, 'client' | 'clock' | 'random' | 'signal' | 'executionOutcome'>;
type Reading =
	{ kind: 'tasks'; tasks: Told[] } | Exclude<SearchLook, { kind: 'found' }> | 'stopped';

/** Searches the list once for all items of a run. */
export class TaskSearch {
	private readonly readings = new Map<FamilyName, Promise<Reading>>();
	private readonly outcomes = new Map<string, Promise<ExecutionOutcome>>();

	/** @param claimed ids of tasks that belong to an item already; grows with every claim */
	constructor(
		private readonly ports: SearchPorts,
		private readonly executionId: string,
		private readonly claimed: Set<string>,
	) {}

	/**
	 * Takes one task of equal work whose execution, as far as n8n can tell, did not succeed.
	 * One that is known not to have succeeded comes before one that nothing is known of.
	 */
	async claim(family: Family, fingerprint: string): Promise<SearchLook | 'stopped'> {
		const reading = await this.read(family);
		if (reading === 'stopped' || reading.kind !== 'tasks') return reading;
		const candidates = reading.tasks.filter((told) => this.isCandidate(told, fingerprint));
		const outcomes = await Promise.all(candidates.map((told) => this.outcomeOf(told)));
		// From here on nothing is awaited, so no two items take the same task.
		for (const wanted of ['notSucceeded', 'unknown'] as const) {
			const told = candidates.find(
				({ task }, index) => outcomes[index] === wanted && !this.claimed.has(task.id),
			);
			if (told === undefined) continue;
			this.claimed.add(told.task.id);
			return { kind: 'found', told };
		}
		return { kind: 'none' };
	}

	private isCandidate({ task }: Told, fingerprint: string): boolean {
		const now = this.ports.clock.now();
		const key = parseKey(task.externalId ?? '');
		if (key?.fingerprint !== fingerprint) return false;
		if (key.executionId === undefined && key.executionHash === undefined) return false;
		if (isOfExecution(key, this.executionId)) return false;
		return isUsable(task, now) && (task.createdAt ?? now) >= now - LAST_DAY_MS;
	}

	private async outcomeOf({ task }: Told): Promise<ExecutionOutcome> {
		const executionId = parseKey(task.externalId ?? '')?.executionId;
		if (executionId === undefined || this.ports.executionOutcome === undefined) return 'unknown';
		const asked = this.outcomes.get(executionId) ?? this.ports.executionOutcome(executionId);
		this.outcomes.set(executionId, asked);
		return await asked;
	}

	private async read(family: Family): Promise<Reading> {
		const reading = this.readings.get(family.name) ?? readPages(this.ports, family);
		this.readings.set(family.name, reading);
		return await reading;
	}
}

async function readPages(ports: SearchPorts, family: Family): Promise<Reading> {
	const since = ports.clock.now() - LAST_DAY_MS;
	// By id: a task that is made while the pages are read pushes another onto the next page.
	const tasks = new Map<string, Told>();
	const all: Told[] = [];
	for (let pageNum = 1; pageNum <= MAX_PAGES; pageNum++) {
		const page = await readPage(ports, family, pageNum);
		if (page === 'stopped') return 'stopped';
		if (page.kind === 'transient') return { kind: 'unanswered', error: page.error };
		if (page.kind !== 'page') return page;
		all.push(...page.tasks);
		for (const told of page.tasks) tasks.set(told.task.id, told);
		if (page.tasks.length < PAGE_SIZE || allOlderFollow(all, since)) break;
	}
	return { kind: 'tasks', tasks: [...tasks.values()] };
}

async function readPage(
	{ client, clock, random, signal }: SearchPorts,
	family: Family,
	pageNum: number,
): Promise<ListOutcome | 'stopped'> {
	for (let round = 0; ; round++) {
		const page = await orStopped(client.list(family, pageNum, PAGE_SIZE), signal);
		if (page === 'stopped' || signal?.aborted) return 'stopped';
		if (page.kind !== 'transient' || round + 1 >= PAGE_TRIES) return page;
		await clock.sleep(againDelayMs(round, random, page.error.facts.retryAfterMs), signal);
	}
}

/** No order is documented, so the walk ends early only where the pages prove theirs: newest first, throughout. */
function allOlderFollow(tasks: readonly Told[], since: number): boolean {
	let last = Infinity;
	for (const { task } of tasks) {
		if (task.createdAt === undefined || task.createdAt > last) return false;
		last = task.createdAt;
	}
	return last < since;
}
