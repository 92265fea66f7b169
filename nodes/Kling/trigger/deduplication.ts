// Remembers which status of which task has started an execution, so that a repeated notification starts none.
import type { IWebhookFunctions } from 'n8n-workflow';
import { createHash } from 'node:crypto';

import type { Task } from '../api/task';
import type { TriggerSettings } from './settings';

/** Which notification of a task is meant. */
export type NotifiedTask = Pick<Task, 'id' | 'status'>;

export function keyOf({ id, status }: NotifiedTask): string {
	return `${status}:${id}`;
}

/** Characters of one mark: 48 bits, so that a new one equals one of 10,000 by chance once in 10^10. */
const MARK_LENGTH = 8;
/** How many marks a process keeps; about 1 MB. */
const KEPT_IN_PROCESS = 10_000;
/** How many marks survive a restart; n8n writes the whole record with each start: 16 kB. */
const KEPT_IN_RECORD = 2_000;

/**
 * The rule: one execution per task and status, in whatever order the notifications arrive. A
 * `processing` that arrives after `succeed` is a status of its own and starts once, if it is wanted.
 *
 * A process keeps one of these per trigger, so that two calls at the same instant cannot both start
 * (`add` right after `has`, with no `await` between). `record` is what n8n stores for the time after
 * a restart; several processes that share it find each other's marks, except at the same instant.
 */
export class StartedTasks {
	private readonly marks = new Set<string>();
	private text = '';

	constructor(
		private readonly keptInProcess = KEPT_IN_PROCESS,
		private readonly keptInRecord = KEPT_IN_RECORD,
	) {}

	has(task: NotifiedTask): boolean {
		return this.marks.has(markOf(task));
	}

	add(task: NotifiedTask): void {
		this.keep(markOf(task));
	}

	/**
	 * Takes over what a stored record knows beyond this process.
	 *
	 * @param record what was stored; anything that is no record is passed over
	 */
	absorb(record: unknown): void {
		if (typeof record !== 'string' || record === this.text) return;
		const start = Math.max(0, record.length - this.keptInRecord * MARK_LENGTH);
		for (let at = start; at + MARK_LENGTH <= record.length; at += MARK_LENGTH) {
			this.keep(record.slice(at, at + MARK_LENGTH));
		}
	}

	/** The newest marks, oldest first, as one text. */
	get record(): string {
		return this.text;
	}

	private keep(mark: string): void {
		if (this.marks.has(mark)) return;
		this.marks.add(mark);
		const [oldest] = this.marks;
		if (this.marks.size > this.keptInProcess && oldest !== undefined) this.marks.delete(oldest);
		this.text = (this.text + mark).slice(-this.keptInRecord * MARK_LENGTH);
	}
}

function markOf(task: NotifiedTask): string {
	const hash = createHash('sha256').update(keyOf(task)).digest('base64url');
	return hash.slice(0, MARK_LENGTH);
}

/** The guard of one call against starting twice for one task and status. */
export interface Deduplication {
	has(task: NotifiedTask): boolean;
	/** Takes the right to start; false when another call took it before. */
	claim(task: NotifiedTask): boolean;
	/** To be called right before `webhook()` returns with an execution to start. */
	save(): void;
}

const EVERY_CALL_STARTS: Deduplication = {
	has: () => false,
	claim: () => true,
	save: () => undefined,
};

/**
 * The process' memory decides; the workflow's static data carries it over a restart. n8n gives each call
 * its own copy of the static data and stores it when `webhook()` returns, and the last one to be stored
 * wins. So the record is written at the end, with all that the process knows by then: a call that took
 * long (a download) stores what later calls have started, too. Several webhook processes overwrite each
 * other's marks, which then hold only until a restart.
 *
 * A test from the editor may be repeated at will.
 */
export function deduplicationOf(
	context: IWebhookFunctions,
	{ options }: TriggerSettings,
	started: StartedTasks,
): Deduplication {
	if (!options.deduplicate || context.getMode() === 'manual') return EVERY_CALL_STARTS;
	const stored = context.getWorkflowStaticData('node');
	started.absorb(stored.seen);
	return {
		has: (task) => started.has(task),
		claim: (task) => {
			if (started.has(task)) return false;
			started.add(task);
			return true;
		},
		save: () => {
			stored.seen = started.record;
		},
	};
}
