// Moves tasks from submitted over processing to their end, on the service's clock.
import type { Clock } from '../clock.mts';
import { isFinished, type Task, type TaskStatus } from './task.mts';

export interface Plan {
	readonly lifetimeMs: number;
	/** The share of the lifetime spent as `submitted`, 0 to 1. */
	readonly submittedShare: number;
	/** The reason it fails with at its end; undefined succeeds. */
	readonly failWith: string | undefined;
}

export class Lifecycle {
	readonly #clock: Clock;
	readonly #changed: (task: Task) => void;
	readonly #timers = new Map<Task, Array<() => void>>();

	/** `changed` is called at every change of status, the first one included. */
	constructor(clock: Clock, changed: (task: Task) => void) {
		this.#clock = clock;
		this.#changed = changed;
	}

	begin(task: Task, { lifetimeMs, submittedShare, failWith }: Plan): void {
		this.#changed(task);
		const end = (): void =>
			failWith === undefined ? this.succeed(task) : this.fail(task, failWith);
		this.#timers.set(task, [
			this.#clock.at(task.createdAt + lifetimeMs * submittedShare, () => this.process(task)),
			this.#clock.at(task.createdAt + lifetimeMs, end),
		]);
	}

	process(task: Task): void {
		if (task.status !== 'submitted') return;
		task.startedAt = this.#clock.now();
		this.#move(task, 'processing');
	}

	succeed(task: Task): void {
		this.#end(task, 'succeed', '');
	}

	fail(task: Task, reason: string): void {
		this.#end(task, 'failed', reason);
	}

	/** Forgets the tasks; the clock's timers are dropped by the clock's own reset. */
	clear(): void {
		this.#timers.clear();
	}

	#end(task: Task, status: TaskStatus, reason: string): void {
		if (isFinished(task)) return;
		this.process(task);
		for (const cancel of this.#timers.get(task) ?? []) cancel();
		this.#timers.delete(task);
		task.reason = reason;
		task.finishedAt = this.#clock.now();
		this.#move(task, status);
	}

	#move(task: Task, status: TaskStatus): void {
		task.status = status;
		task.updatedAt = this.#clock.now();
		this.#changed(task);
	}
}
