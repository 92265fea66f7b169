// Keeps the tasks and finds them: by id, by external id, by page; counts those that hold a slot.
import type { FamilyName } from './families.mts';
import type { Task } from './task.mts';

/** Where a task belongs: a task of one account, gateway or family is unknown to the others. */
export interface Scope {
	readonly dialect: string;
	readonly account: string;
	readonly family: FamilyName;
}

export class TaskStore {
	#byId = new Map<string, Task>();
	#byClientKey = new Map<string, Task[]>();
	#externalIds = new Set<string>();
	#running = new Map<string, Set<Task>>();

	add(task: Task): void {
		this.#byId.set(task.id, task);
		if (task.clientKey !== undefined) {
			const key = accountKey(task, task.clientKey);
			this.#byClientKey.set(key, [...(this.#byClientKey.get(key) ?? []), task]);
		}
		if (task.externalTaskId !== undefined)
			this.#externalIds.add(accountKey(task, task.externalTaskId));
		this.#slotsOf(task).add(task);
	}

	/** Frees the slot of a task that ended. */
	release(task: Task): void {
		this.#slotsOf(task).delete(task);
	}

	/** Tasks that hold a slot of this account and model. */
	running(dialect: string, account: string, model: string): number {
		return this.#slotsOf({ dialect, account, model }).size;
	}

	/** Whether Kling already knows this external_task_id for the account, whatever the family. */
	isTaken(dialect: string, account: string, externalTaskId: string): boolean {
		return this.#externalIds.has(accountKey({ dialect, account }, externalTaskId));
	}

	get(id: string): Task | undefined {
		return this.#byId.get(id);
	}

	findById(scope: Scope, id: string): Task | undefined {
		const task = this.#byId.get(id);
		return task !== undefined && belongs(task, scope) ? task : undefined;
	}

	/** The oldest task with this external id that was created before `visibleUntil` (Unix ms). */
	findByClientKey(scope: Scope, key: string, visibleUntil: number): Task | undefined {
		const tasks = this.#byClientKey.get(accountKey(scope, key)) ?? [];
		return tasks.find((task) => belongs(task, scope) && task.createdAt <= visibleUntil);
	}

	/** One page, newest first, of the tasks created before `visibleUntil` (Unix ms). */
	page(scope: Scope, pageNum: number, pageSize: number, visibleUntil: number): Task[] {
		return this.all()
			.filter((task) => belongs(task, scope) && task.createdAt <= visibleUntil)
			.reverse()
			.slice((pageNum - 1) * pageSize, pageNum * pageSize);
	}

	/** Every task, oldest first. */
	all(): Task[] {
		return [...this.#byId.values()];
	}

	clear(): void {
		this.#byId.clear();
		this.#byClientKey.clear();
		this.#externalIds.clear();
		this.#running.clear();
	}

	#slotsOf({ dialect, account, model }: Pick<Task, 'dialect' | 'account' | 'model'>): Set<Task> {
		const key = JSON.stringify([dialect, account, model]);
		const slots = this.#running.get(key) ?? new Set<Task>();
		this.#running.set(key, slots);
		return slots;
	}
}

function belongs(task: Task, scope: Scope): boolean {
	return (
		task.dialect === scope.dialect && task.account === scope.account && task.family === scope.family
	);
}

function accountKey(
	{ dialect, account }: { dialect: string; account: string },
	id: string,
): string {
	return JSON.stringify([dialect, account, id]);
}
