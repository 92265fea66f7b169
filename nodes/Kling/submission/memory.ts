// What the node remembers of its submits: per execution (survives Retry On Fail) and, if asked, per workflow.
import { z } from 'zod';

/** A place for one JSON value; what is read from it is foreign. */
export interface Memory {
	read(): unknown;
	write(value: object): void;
}

/**
 * `sending`: written before the request, so that whoever finds it knows that a task may exist.
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
});

const recordSchema = z.object({
	version: z.literal(1),
	/** The execution that `newTasks` counts for; a retried execution is a new one. */
	executionId: z.string(),
	/** Tasks that were paid for, or may have been. */
	newTasks: z.number().int().min(0),
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
		}
		return new ExecutionRecord(memory, stored);
	}

	/** Is the same for all who opened the record of this execution in this process. */
	get shared(): object {
		return this.stored;
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

/** Static data is loaded with every execution of the workflow, so it stays small. */
const MAX_WORKFLOW_TASKS = 500;

const workflowTaskSchema = z.object({
	id: z.string(),
	key: z.string(),
	attempt: z.number().int().min(0),
	at: z.number(),
});

const workflowSchema = z.object({
	version: z.literal(1),
	tasks: z.record(z.string(), workflowTaskSchema),
});

export type WorkflowTask = z.infer<typeof workflowTaskSchema>;

/** `reuse: workflow`: which task belongs to a fingerprint, over all executions of the workflow. */
export class WorkflowRecord {
	/** What stands in the memory, as far as this record has seen it. */
	private seen: unknown;
	private tasks = new Map<string, WorkflowTask>();

	constructor(private readonly memory: Memory | undefined) {}

	get(fingerprint: string): WorkflowTask | undefined {
		return this.current().get(fingerprint);
	}

	/** Keeps the newest; the oldest give way. */
	put(fingerprint: string, task: WorkflowTask): void {
		const tasks = this.current();
		tasks.delete(fingerprint);
		tasks.set(fingerprint, task);
		for (const oldest of tasks.keys()) {
			if (tasks.size <= MAX_WORKFLOW_TASKS) break;
			tasks.delete(oldest);
		}
		this.memory?.write({ version: 1, tasks: Object.fromEntries(tasks) });
		// As the memory gives it back, which may be a proxy of what was written.
		this.seen = this.memory?.read();
	}

	/** Read anew when others wrote: an agent's tool calls run side by side and share the memory. */
	private current(): Map<string, WorkflowTask> {
		const found = this.memory?.read();
		if (found === this.seen) return this.tasks;
		const parsed = workflowSchema.safeParse(found);
		this.seen = found;
		this.tasks = new Map(parsed.success ? Object.entries(parsed.data.tasks) : []);
		return this.tasks;
	}
}

function isStored(value: unknown): value is Stored {
	return recordSchema.safeParse(value).success;
}

function emptyRecord(executionId: string): Stored {
	return { version: 1, executionId, newTasks: 0, entries: {} };
}
