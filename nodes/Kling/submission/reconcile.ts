// Finds out what the service has: one task by id or key, or the tasks of a retried execution in its list.
import type { FetchOutcome, ListOutcome, TaskSnapshot } from '../api/client';
import type { Gateway } from '../api/gateways';
import { Limit } from '../api/limit';
import { lookUpTask, type TaskNames } from '../api/lookUp';
import type { Family, FamilyName } from '../api/models';
import { walkPages } from '../api/pages';
import { againDelayMs, orStopped } from '../waiting/backoff';
import { isUsable, LAST_DAY_MS, type SearchOutcome } from './decide';
import { executionScope, parseKey } from './key';
import { listTooLong } from './messages';
import type { ExecutionOutcome, Ports } from './ports';

/** A submit in doubt is looked up for at least this long before it counts as absent. */
const THOROUGH_MS = 60_000;
/** How long a service that does not answer is asked; nothing is concluded from its silence. */
const SILENT_MS = 180_000;
const BRIEF_TRIES = 4;
const LONGEST_PAUSE_MS = 60_000;

const MAX_PAGES = 100;
const PAGE_TRIES = 4;
/** n8n hands out an execution with all its data, which may be many megabytes. */
const EXECUTIONS_AT_ONCE = 2;

export type Thoroughness =
	/** A first look: one answer is enough. */
	| 'brief'
	/** A task may have been made just now: only a lasting absence counts. */
	| 'thorough';

type LookUpPorts = Pick<Ports, 'client' | 'clock' | 'random' | 'signal'>;

/** Looks a task up by its id, else by its key, again and again until the answer is enough. */
export async function lookUpUntil(
	{ client, clock, random, signal }: LookUpPorts,
	family: Family,
	names: TaskNames,
	{ gateway, how }: { gateway: Pick<Gateway, 'externalIdLookUp'>; how: Thoroughness },
): Promise<FetchOutcome | 'stopped'> {
	const since = clock.now();
	// Money rule: a lasting absence is counted in pauses, because a clock may be set forward meanwhile.
	let pausedMs = 0;
	for (let round = 0; ; round++) {
		const outcome = await orStopped(lookUpTask(client, gateway, family, names), signal);
		if (outcome === 'stopped' || signal?.aborted) return 'stopped';
		const lastsMs = outcome.kind === 'missing' ? pausedMs : clock.now() - since;
		if (isEnough(outcome, how, round, lastsMs)) return outcome;
		const retryAfterMs =
			outcome.kind === 'transient' ? outcome.error.facts.retryAfterMs : undefined;
		const pause = Math.min(againDelayMs(round, random, retryAfterMs), LONGEST_PAUSE_MS);
		await clock.sleep(pause, signal);
		pausedMs += pause;
		if (signal?.aborted) return 'stopped';
	}
}

/** Money rule: absence right after a submit is believed only when it is still told after 60 s. */
function isEnough(
	{ kind }: FetchOutcome,
	how: Thoroughness,
	round: number,
	lastsMs: number,
): boolean {
	if (kind === 'found' || kind === 'refused') return true;
	if (how === 'brief' && (kind === 'missing' || round + 1 >= BRIEF_TRIES)) return true;
	return lastsMs >= (kind === 'missing' ? THOROUGH_MS : SILENT_MS);
}

type SearchPorts = LookUpPorts & Pick<Ports, 'executionOutcome'>;

/** Whose tasks the search may take. */
interface SearchScope {
	gateway: Pick<Gateway, 'listRoute' | 'externalIdLookUp'>;
	executionId: string;
	/** The scope that the keys of the retried execution have too, where n8n tells it. */
	lineage?: string;
}

/** What is searched for: an equal request, and its number among equal ones. */
export interface Wanted {
	fingerprint: string;
	ordinal?: number;
}

type Reading =
	| { kind: 'tasks'; tasks: TaskSnapshot[]; isWhole: boolean }
	| Exclude<SearchOutcome, { kind: 'found' }>
	| 'stopped';

/** Searches the list once for all items of a retried execution. */
export class TaskSearch {
	private readonly readings = new Map<FamilyName, Promise<Reading>>();
	private readonly outcomes = new Map<string, Promise<ExecutionOutcome>>();
	private readonly executions = new Limit(EXECUTIONS_AT_ONCE);

	/** @param claimed ids of tasks that belong to an item already; grows with every claim */
	constructor(
		private readonly ports: SearchPorts,
		private readonly scope: SearchScope,
		private readonly claimed: Set<string>,
	) {}

	/** Takes the task of an equal request of the retried execution; no two items take the same. */
	async claim(family: Family, wanted: Wanted): Promise<SearchOutcome | 'stopped'> {
		const reading = await this.read(family);
		if (reading === 'stopped' || reading.kind !== 'tasks') return reading;
		const { lineage, gateway } = this.scope;
		const snapshot =
			lineage === undefined
				? await this.ofAnyExecution(reading.tasks, wanted)
				: this.ofLineage(reading.tasks, wanted, lineage);
		if (snapshot !== undefined) {
			this.claimed.add(snapshot.task.id);
			const attempt = lineage === undefined ? 0 : attemptOf(snapshot);
			return { kind: 'found', ...snapshot, attempt };
		}
		// Money rule: what stands behind the last page that was read may be the task that is missed. Where the key
		// is looked up before the send, that look-up decides.
		const isLookedUp = lineage !== undefined && gateway.externalIdLookUp === 'trusted';
		return reading.isWhole || isLookedUp
			? { kind: 'missing' }
			: { kind: 'transient', error: listTooLong() };
	}

	/** The newest attempt of this very request: its key tells the execution and the number. */
	private ofLineage(
		tasks: readonly TaskSnapshot[],
		{ fingerprint, ordinal }: Wanted,
		lineage: string,
	): TaskSnapshot | undefined {
		return tasks
			.filter(({ task }) => {
				const key = parseKey(task.externalId ?? '');
				const isWanted = key?.fingerprint === fingerprint && key.execution === lineage;
				return isWanted && key.ordinal === ordinal && !this.claimed.has(task.id);
			})
			.sort((one, other) => attemptOf(other) - attemptOf(one))[0];
	}

	/**
	 * Where keys do not tell the lineage: a task of equal work whose execution, as far as n8n can tell, did
	 * not succeed. One that is known not to have succeeded comes before one that nothing is known of, which
	 * n8n may not have saved because it succeeded; the newest is the likeliest to be missing.
	 */
	private async ofAnyExecution(
		tasks: readonly TaskSnapshot[],
		{ fingerprint }: Wanted,
	): Promise<TaskSnapshot | undefined> {
		const candidates = tasks
			.filter((snapshot) => this.isCandidate(snapshot, fingerprint))
			.sort((a, b) => (b.task.createdAt ?? 0) - (a.task.createdAt ?? 0));
		const outcomes = await Promise.all(candidates.map((snapshot) => this.outcomeOf(snapshot)));
		// From here to the claim nothing is awaited, so no two items take the same task.
		for (const wanted of ['notSucceeded', 'unknown'] as const) {
			const snapshot = candidates.find(
				({ task }, index) => outcomes[index] === wanted && !this.claimed.has(task.id),
			);
			if (snapshot === undefined) continue;
			this.claimed.add(snapshot.task.id);
			return snapshot;
		}
		return undefined;
	}

	private isCandidate({ task }: TaskSnapshot, fingerprint: string): boolean {
		const now = this.ports.clock.now();
		const key = parseKey(task.externalId ?? '');
		if (key?.fingerprint !== fingerprint || key.execution === undefined) return false;
		if (key.execution === executionScope(this.scope.executionId)) return false;
		return isUsable(task, now) && (task.createdAt ?? now) >= now - LAST_DAY_MS;
	}

	private async outcomeOf({ task }: TaskSnapshot): Promise<ExecutionOutcome> {
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
		const reading =
			this.readings.get(family.name) ?? readList(this.ports, family, this.scope.gateway);
		this.readings.set(family.name, reading);
		return await reading;
	}
}

function attemptOf({ task }: TaskSnapshot): number {
	return parseKey(task.externalId ?? '')?.attempt ?? 0;
}

async function readList(
	ports: SearchPorts,
	family: Family,
	{ listRoute }: Pick<Gateway, 'listRoute'>,
): Promise<Reading> {
	// By id: a task that is made while the pages are read pushes another onto the next page.
	const ours = new Map<string, TaskSnapshot>();
	const walk = await walkPages({
		readPage: async (pageNum, pageSize) => await readPage(ports, family, pageNum, pageSize),
		listRoute,
		maxPages: MAX_PAGES,
		createdAfter: ports.clock.now() - LAST_DAY_MS,
		onTasks(tasks) {
			for (const snapshot of tasks) {
				if (parseKey(snapshot.task.externalId ?? '') === undefined) continue;
				ours.set(snapshot.task.id, snapshot);
			}
			return 'more';
		},
	});
	if (walk.kind === 'stopped') return 'stopped';
	if (walk.kind !== 'walked') return walk;
	return {
		kind: 'tasks',
		tasks: [...ours.values()],
		isWhole: walk.isWhole && walk.unreadable === 0,
	};
}

async function readPage(
	{ client, clock, random, signal }: SearchPorts,
	family: Family,
	pageNum: number,
	pageSize: number,
): Promise<ListOutcome | 'stopped'> {
	for (let round = 0; ; round++) {
		const page = await orStopped(client.list(family, pageNum, pageSize), signal);
		if (page === 'stopped' || signal?.aborted) return 'stopped';
		if (page.kind !== 'transient' || round + 1 >= PAGE_TRIES) return page;
		const pause = againDelayMs(round, random, page.error.facts.retryAfterMs);
		await clock.sleep(Math.min(pause, LONGEST_PAUSE_MS), signal);
	}
}
