// What a gateway's own record says of a task: the truth, or what was true before an end that it has not noticed yet.
import type { Settings } from '../settings.mts';
import type { Task } from './task.mts';

/** The task as GET and list show it: after its end still `processing`, for as long as the record lags. */
export function asRecorded(
	task: Task,
	{ now, settings }: { readonly now: number; readonly settings: Pick<Settings, 'recordLagMs'> },
): Task {
	const { startedAt, finishedAt, createdAt } = task;
	if (finishedAt === undefined || now >= finishedAt + settings.recordLagMs) return task;
	const updatedAt = startedAt ?? createdAt;
	return { ...task, status: 'processing', reason: '', updatedAt, finishedAt: undefined };
}
