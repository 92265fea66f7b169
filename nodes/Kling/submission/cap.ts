// The cap on new paid tasks per execution: a place is held before a send, spent by it, and given back if unused.
import type { ExecutionRecord } from './memory';

/** Money rule: what is queued, in flight, unknown or paid counts; only what is proven unpaid does not. */
export class Cap {
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
	giveUp(slot: string): void {
		this.held.delete(slot);
	}

	/** Tasks that this execution has submitted, or is about to. */
	get submitted(): number {
		return this.record.newTasks + this.held.size;
	}
}
