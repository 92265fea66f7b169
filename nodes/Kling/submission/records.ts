// What the node remembers of its submits: per execution (survives Retry On Fail) and over all executions; and the cap that counts them.
import { z } from 'zod';

/** A place for one JSON value; what is read from it is foreign. */
export interface Memory {
	read(): unknown;
	write(value: object): void;
}

/**
 * `sending`: written before the request, so that a later try knows that a task may exist.
 * `sent`: the service gave a task id. `unknown`: the answer never came and look-ups did not settle it.
 * `ended`: the task failed; the next try is a new attempt under a new key.
 */
const entrySchema = z.object({
	key: z.string(),
	fingerprint: z.string(),
	/** The external task id that the user gave. */
	userKey: z.string().optional(),
	executionId: z.string(),
	run: z.number(),
	item: z.number(),
	attempt: z.number(),
	/** Tasks that were submitted for it in this run of the node, this one included. */
	tries: z.number().optional(),
	/** Counts equal requests of the execution, from 0. */
	ordinal: z.number().optional(),
	state: z.enum(['sending', 'sent', 'unknown', 'ended']),
	/** The task id, once there is one. */
	id: z.string().optional(),
	/** The family whose endpoint it went to. */
	family: z.string(),
	/** When it was written, Unix time in milliseconds. */
	at: z.number(),
	/** Its request was sent by another execution, so its callback goes there. */
	adopted: z.boolean().optional(),
	/** The node ended well with this task: a later run of the same work is work of its own. */
	delivered: z.boolean().optional(),
	/** Its key is claimed in n8n's store until the execution ends. */
	claimed: z.boolean().optional(),
});

const recordSchema = z.object({
	version: z.literal(1),
	/** The execution that `newTasks` counts for; a retried execution is a new one. */
	executionId: z.string(),
	/** Tasks that were paid for, or may have been. */
	newTasks: z.number().int().min(0),
	/** The scope of its keys, and the name under which n8n's store keeps that it is this execution's. */
	scope: z.string().optional(),
	scopeName: z.string().optional(),
	entries: z.record(z.string(), entrySchema),
});

export type Entry = z.infer<typeof entrySchema>;
type Stored = z.infer<typeof recordSchema>;

/** The record of one execution. Every change is written at once, so that it outlives a failure of the node. */
export class ExecutionRecord {
	private constructor(
		private readonly memory: Memory,
		private readonly stored: Stored,
	) {}

	/**
	 * Opens what the execution remembers. Content that this version cannot read counts as none.
	 * The very object is kept and changed in place, so that tool calls that run side by side share it;
	 * a new one is written at once, or each of them would begin its own.
	 */
	static open(memory: Memory, executionId: string): ExecutionRecord {
		const found = memory.read();
		const stored = isStored(found) ? found : emptyRecord(executionId);
		if (stored !== found) memory.write(stored);
		if (stored.executionId !== executionId) {
			stored.executionId = executionId;
			stored.newTasks = 0;
			// The execution before has released it.
			delete stored.scopeName;
		}
		return new ExecutionRecord(memory, stored);
	}

	/** The same object wherever this process opened the record of this execution. */
	get shared(): object {
		return this.stored;
	}

	/** The scope that the keys of this execution, or of the one that it retries, were made with. */
	get scope(): string | undefined {
		return this.stored.scope;
	}

	/** @param scopeName what is to be released in n8n's store when the execution ends */
	keepScope(scope: string, scopeName?: string): void {
		this.stored.scope = scope;
		this.stored.scopeName = scopeName;
		this.memory.write(this.stored);
	}

	/** Names that n8n's store holds for this execution, to be released when it ends. */
	get claimedNames(): { scopeName?: string; keys: string[] } {
		const { executionId, scopeName } = this.stored;
		const keys = this.entries()
			.filter((entry) => entry.claimed === true && entry.executionId === executionId)
			.map(({ key }) => key);
		return { scopeName, keys };
	}

	get newTasks(): number {
		return this.stored.newTasks;
	}

	get(slot: string): Entry | undefined {
		return Object.hasOwn(this.stored.entries, slot) ? this.stored.entries[slot] : undefined;
	}

	entries(): Entry[] {
		return Object.values(this.stored.entries);
	}

	/** Keeps an entry; `paid` counts one more task that is, or may be, paid for. */
	put(slot: string, entry: Entry, paid: 'paid' | 'notPaid'): void {
		this.stored.entries[slot] = entry;
		if (paid === 'paid') this.stored.newTasks += 1;
		this.memory.write(this.stored);
	}

	/** It is proven that the entry's task was never made: what was known before counts again. */
	takeBack(slot: string, before: Entry | undefined): void {
		if (before === undefined) delete this.stored.entries[slot];
		else this.stored.entries[slot] = before;
		this.stored.newTasks = Math.max(0, this.stored.newTasks - 1);
		this.memory.write(this.stored);
	}

	/** The items of a run went on to the next node. */
	markDelivered(run: number, items: readonly number[]): void {
		const done = new Set(items);
		for (const entry of this.entries()) {
			const ofRun = entry.executionId === this.stored.executionId && entry.run === run;
			if (ofRun && done.has(entry.item)) entry.delivered = true;
		}
		this.memory.write(this.stored);
	}
}

/**
 * To be called when the node ends well for these items: in a retry of the whole execution their
 * tasks are not taken for tasks of later, equal work (a loop may ask for the same video three times).
 */
export function markDelivered(
	memory: Memory,
	executionId: string,
	run: number,
	items: readonly number[],
): void {
	ExecutionRecord.open(memory, executionId).markDelivered(run, items);
}

/** Names that an execution holds in n8n's store, as its memory tells them. */
export function claimedNames(memory: Memory, executionId: string): ExecutionRecord['claimedNames'] {
	return ExecutionRecord.open(memory, executionId).claimedNames;
}

/** Static data is loaded with every execution of the workflow: 10,000 tasks are about 1 MB. */
const MAX_KNOWN_TASKS = 10_000;

/** A task that is remembered over all executions. */
export interface KnownTask {
	id: string;
	key: string;
	attempt: number;
	/** When it was written, Unix time in milliseconds. */
	at: number;
}

const knownTaskSchema = z.object({
	id: z.string(),
	key: z.string(),
	attempt: z.number().int().min(0),
	at: z.number(),
});

const knownTasksSchema = z.object({
	version: z.literal(1),
	tasks: z.record(z.string(), knownTaskSchema),
});

/** What this process remembers for a node, shared by all of its executions. */
export type ProcessMemory = Map<string, KnownTask>;

/**
 * Which task belongs to a piece of work, over all executions of the workflow.
 *
 * n8n saves static data when an execution ends, from what that execution began with: of two that overlap the
 * last one wins, and a run in the editor saves nothing. So what any execution of this process wrote is kept in
 * the process as well, and merged into what is read and written.
 */
export class KnownTasks {
	private hasNews: boolean;

	/**
	 * @param shared what all executions of the node in this process know
	 * @param memory workflow static data
	 */
	constructor(
		private readonly shared: ProcessMemory,
		private readonly memory: Memory | undefined,
		private readonly log: (line: string) => void,
	) {
		this.hasNews = this.merge() < shared.size;
	}

	get(work: string): KnownTask | undefined {
		return this.shared.get(work);
	}

	/** Keeps the newest; beyond the limit the oldest give way, which the log tells. */
	put(work: string, task: KnownTask): void {
		this.shared.delete(work);
		this.shared.set(work, task);
		this.hasNews = true;
		for (const [oldest, { id }] of this.shared) {
			if (this.shared.size <= MAX_KNOWN_TASKS) break;
			this.shared.delete(oldest);
			this.log(`Task ${id} is forgotten: ${MAX_KNOWN_TASKS} newer ones are remembered`);
		}
	}

	/** Writes what is new; n8n saves it when the execution ends. */
	save(): void {
		if (!this.hasNews || this.memory === undefined) return;
		this.merge();
		this.memory.write({ version: 1, tasks: Object.fromEntries(this.shared) });
		this.hasNews = false;
	}

	/** Takes what the memory knows better. @returns how many tasks the memory holds */
	private merge(): number {
		const parsed = knownTasksSchema.safeParse(this.memory?.read());
		const saved = parsed.success ? Object.entries(parsed.data.tasks) : [];
		for (const [work, task] of saved) {
			if ((this.shared.get(work)?.at ?? -Infinity) < task.at) this.shared.set(work, task);
		}
		return saved.length;
	}
}

/** Money rule: what is queued, in flight, in doubt or paid counts; only what is proven unpaid does not. */
export class SubmitCap {
	private readonly held = new Set<string>();

	/** @param limit new tasks per execution; 0 for none */
	constructor(
		readonly limit: number,
		private readonly record: ExecutionRecord,
	) {}

	/** Holds a place for a piece of work. @returns false when there is none left */
	reserve(slot: string): boolean {
		if (this.limit === 0 || this.held.has(slot)) return true;
		if (this.record.newTasks + this.held.size >= this.limit) return false;
		this.held.add(slot);
		return true;
	}

	/** Whether nothing is left of what the record counts: tool calls side by side hold places of the same few. */
	get isUsedUp(): boolean {
		return this.limit !== 0 && this.record.newTasks >= this.limit;
	}

	/** The record counts the task from now on. */
	spend(slot: string): void {
		this.held.delete(slot);
	}

	/** The record no longer counts the task, but it is to be sent again. */
	regain(slot: string): void {
		this.held.add(slot);
	}

	/** The work has ended. */
	release(slot: string): void {
		this.held.delete(slot);
	}

	/** Tasks that this execution has submitted, or is about to. */
	get submitted(): number {
		return this.record.newTasks + this.held.size;
	}
}

function isStored(value: unknown): value is Stored {
	return recordSchema.safeParse(value).success;
}

function emptyRecord(executionId: string): Stored {
	return { version: 1, executionId, newTasks: 0, entries: {} };
}
