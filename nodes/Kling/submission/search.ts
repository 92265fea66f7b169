// A retried execution finds its tasks in the service's list: by fingerprint, one to one, none that was delivered.
import type { ListOutcome, Told } from '../api/client';
import type { Family, FamilyName } from '../api/models';
import { Limit } from '../api/limit';
import { againDelayMs, orStopped } from '../waiting/backoff';
import { isUsable } from './decide';
import type { SearchLook } from './facts';
import { isOfExecution, parseKey } from './key';
import type { ExecutionOutcome, Ports } from './ports';
import { listTooLong } from './words';

const PAGE_SIZE = 500;
const MAX_PAGES = 100;
const PAGE_TRIES = 4;
const LONGEST_PAUSE_MS = 60_000;
/** n8n hands out an execution with all its data, which may be many megabytes. */
const EXECUTIONS_AT_ONCE = 2;
const LAST_DAY_MS = 24 * 60 * 60 * 1000;

type SearchPorts = Pick<Ports, 'client' | 'clock' | 'random' | 'signal' | 'executionOutcome'>;
type Reading =
	| { kind: 'tasks'; tasks: Told[]; isWhole: boolean }
	| Exclude<SearchLook, { kind: 'found' }>
	| 'stopped';

/** Searches the list once for all items of a run. */
export class TaskSearch {
	private readonly readings = new Map<FamilyName, Promise<Reading>>();
	private readonly outcomes = new Map<string, Promise<ExecutionOutcome>>();
	private readonly executions = new Limit(EXECUTIONS_AT_ONCE);

	/** @param claimed ids of tasks that belong to an item already; grows with every claim */
	constructor(
		private readonly ports: SearchPorts,
		private readonly executionId: string,
		private readonly claimed: Set<string>,
	) {}

	/**
	 * Takes one task of equal work whose execution, as far as n8n can tell, did not succeed.
	 * One that is known not to have succeeded comes before one that nothing is known of, which n8n may
	 * not have saved because it succeeded; the newest is the likeliest to be missing.
	 */
	async claim(family: Family, fingerprint: string): Promise<SearchLook | 'stopped'> {
		const reading = await this.read(family);
		if (reading === 'stopped' || reading.kind !== 'tasks') return reading;
		const candidates = reading.tasks
			.filter((told) => this.isCandidate(told, fingerprint))
			.sort((a, b) => (b.task.createdAt ?? 0) - (a.task.createdAt ?? 0));
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
		// Money rule: what stands behind the last page that was read may be the task that is missed.
		return reading.isWhole ? { kind: 'none' } : { kind: 'unanswered', error: listTooLong() };
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
		const { executionOutcome } = this.ports;
		const executionId = parseKey(task.externalId ?? '')?.executionId;
		if (executionId === undefined || executionOutcome === undefined) return 'unknown';
		const asked =
			this.outcomes.get(executionId) ??
			this.executions.run(async () => await executionOutcome(executionId));
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
	const ours = new Map<string, Told>();
	const order = new NewestFirst();
	let isWhole = false;
	for (let pageNum = 1; pageNum <= MAX_PAGES && !isWhole; pageNum++) {
		const page = await readPage(ports, family, pageNum);
		if (page === 'stopped') return 'stopped';
		if (page.kind === 'transient') return { kind: 'unanswered', error: page.error };
		if (page.kind !== 'page') return page;
		for (const told of page.tasks) {
			order.see(told.task.createdAt);
			if (parseKey(told.task.externalId ?? '') !== undefined) ours.set(told.task.id, told);
		}
		isWhole = page.tasks.length < PAGE_SIZE || order.provesOnlyOlderFollow(since);
	}
	return { kind: 'tasks', tasks: [...ours.values()], isWhole };
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
		const pause = againDelayMs(round, random, page.error.facts.retryAfterMs);
		await clock.sleep(Math.min(pause, LONGEST_PAUSE_MS), signal);
	}
}

/** No order is documented, so the walk ends early only where the pages prove theirs: newest first, throughout. */
class NewestFirst {
	private isProven = true;
	private last = Infinity;

	see(createdAt: number | undefined): void {
		if (createdAt === undefined || createdAt > this.last) this.isProven = false;
		else this.last = createdAt;
	}

	provesOnlyOlderFollow(since: number): boolean {
		return this.isProven && this.last < since;
	}
}
