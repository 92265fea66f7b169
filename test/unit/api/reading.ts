// Short ways for the tests of the reply reader: the task of a reply, and a reply of new-api.
import { readTask } from '../../../nodes/Kling/api/reply/readReply';
import type { ReplyKind } from '../../../nodes/Kling/api/reply/result';
import type { Task } from '../../../nodes/Kling/api/task';

export const LINK = 'https://cdn.example.com/v.mp4';

export function taskIn(body: unknown, kind: ReplyKind = 'get'): Task | undefined {
	const reading = readTask(body, kind);
	return reading.kind === 'task' ? reading.task : undefined;
}

/** The task of new-api: Kling's reply inside the gateway's own task. */
export function newApi(outer: object, inner?: unknown): object {
	return { code: 'success', message: '', data: { task_id: 'public-1', ...outer, data: inner } };
}
