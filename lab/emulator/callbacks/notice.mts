// The bodies that are posted to a callback_url.
import { randomUUID } from 'node:crypto';
import type { Task, TaskStatus } from '../service/task.mts';
import { newId } from '../service/ids.mts';

export interface Notice {
	readonly task: Task;
	readonly status: TaskStatus;
	readonly body: Record<string, unknown>;
}

/** The legacy body: bare, no envelope, without watermark_url. */
export function legacyBody(task: Task, link: string): Record<string, unknown> {
	const done = task.status === 'succeed';
	return {
		task_id: task.id,
		task_status: task.status,
		task_status_msg: task.reason,
		created_at: task.createdAt,
		updated_at: task.updatedAt,
		...(done && {
			final_unit_deduction: task.units,
			final_balance_deduction: { quota: task.units, list_price: task.units },
		}),
		task_info: task.externalTaskId === undefined ? {} : { external_task_id: task.externalTaskId },
		task_result: done
			? { videos: [{ id: task.videoId, url: link, duration: `${task.seconds}.0` }] }
			: {},
	};
}

const NEW_WORDS = {
	submitted: 'submitted',
	processing: 'processing',
	succeed: 'succeeded',
	failed: 'failed',
};

/** The same news in the new format, made from the legacy body. */
export function newFormatBody({ task, status, body }: Notice): Record<string, unknown> {
	const result = body['task_result'];
	const videos =
		typeof result === 'object' && result !== null && 'videos' in result ? result.videos : [];
	return {
		id: task.id,
		status: NEW_WORDS[status],
		message: body['task_status_msg'],
		create_time: body['created_at'],
		update_time: body['updated_at'],
		external_id: task.externalTaskId ?? '',
		outputs: Array.isArray(videos) ? videos.map((video) => ({ type: 'video', ...video })) : [],
		billing: [],
	};
}

/** The envelope that some gateways wrap around it. */
export function enveloped(body: Record<string, unknown>): Record<string, unknown> {
	return { code: 0, message: 'SUCCEED', request_id: randomUUID(), data: body };
}

/** A false notice: about a task that nobody knows, or of an end that has not come. */
export function forged(
	notice: Notice,
	forge: 'id' | 'succeed' | 'failed',
): Record<string, unknown> {
	if (forge === 'id') return { ...notice.body, task_id: newId() };
	return {
		...notice.body,
		task_status: forge,
		task_status_msg: forge === 'failed' ? 'forged' : '',
		task_result:
			forge === 'succeed'
				? { videos: [{ id: '1', url: 'https://forged.example/video.mp4', duration: '5' }] }
				: {},
	};
}

/** What the "test" button of Kling's console posts, also to receivers of the legacy format. */
export function testEvent(now: number): Record<string, unknown> {
	return {
		id: newId(),
		status: 'submitted',
		outputs: [],
		message: '',
		create_time: now,
		update_time: now,
	};
}
