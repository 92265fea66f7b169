// Shapes of the new-api software: task words, the OpenAI video object, its way of refusing.
import { json, type Reply } from '../reply.mts';
import type { Family } from '../service/families.mts';
import { absent, textOf, type Body } from '../service/fields.mts';
import type { Refusal } from '../service/refusal.mts';
import type { Task } from '../service/task.mts';
import type { CallKind, Prepared, View } from './dialect.mts';
import {
	klingOk,
	klingRefusal,
	klingTask,
	klingTaskInfo,
	retryAfter,
	withModelName,
	without,
} from './klingShape.mts';

/** Unix seconds. */
export function toSeconds(ms: number | undefined): number {
	return ms === undefined ? 0 : Math.floor(ms / 1000);
}

/** The submit reply: an OpenAI video object whose status is empty. */
export function videoObject(task: Task): Record<string, unknown> {
	return {
		id: task.id,
		task_id: task.id,
		object: 'video',
		model: task.model,
		status: '',
		progress: 0,
		created_at: toSeconds(task.createdAt),
	};
}

/** The GET reply: the gateway's own record with Kling's raw reply inside. */
export function taskRecord(task: Task, view: View): Record<string, unknown> {
	const { word, progress } = gatewayStatus(task, view);
	const record = {
		task_id: task.id,
		action: task.family === 'omni-video' ? 'omniVideo' : 'multiImage2Video',
		status: word,
		fail_reason: failReason(task, view),
		submit_time: toSeconds(task.createdAt),
		start_time: toSeconds(task.startedAt),
		finish_time: toSeconds(task.finishedAt),
		progress,
		data: word === 'NOT_START' ? null : klingOk(rawKlingTask(task, view)),
	};
	return { code: 'success', message: '', data: record };
}

/** The gateway polls Kling, so its words lag behind: NOT_START and QUEUED come first. */
export function gatewayStatus(
	task: Task,
	{ now, settings }: View,
): { word: string; progress: string } {
	if (task.status === 'succeed') return { word: 'SUCCESS', progress: '100%' };
	if (task.status === 'failed') return { word: 'FAILURE', progress: '100%' };
	if (task.status === 'submitted') {
		return now - task.createdAt < settings.gatewayLagMs
			? { word: 'NOT_START', progress: '0%' }
			: { word: 'SUBMITTED', progress: '10%' };
	}
	return now - (task.startedAt ?? now) < settings.gatewayLagMs
		? { word: 'QUEUED', progress: '20%' }
		: { word: 'IN_PROGRESS', progress: '30%' };
}

/** On success the video's URL; on failure Kling's outer message, which says "SUCCEED". */
function failReason(task: Task, view: View): string {
	if (task.status === 'succeed') return view.link(task);
	return task.status === 'failed' ? 'SUCCEED' : '';
}

function rawKlingTask(task: Task, view: View): Record<string, unknown> {
	return { ...without(klingTask(task, view), ['watermark_info']), task_info: klingTaskInfo(task) };
}

/** `{"code":"<word>","message":…,"data":null}`. */
export function wordRefusal(status: number, word: string, message: string, headers = {}): Reply {
	return json(status, { code: word, message, data: null }, headers);
}

/** Every 429 loses its message, and with it Kling's code. */
export const OVERLOADED = '当前分组上游负载已饱和，请稍后再试';

/** Kling's refusal as this software passes it on. */
export function refusedByWord(refusal: Refusal, call: CallKind = 'create'): Reply {
	if (call === 'get' && refusal.code === 1203) return taskNotExist();
	if (refusal.insideOk) return wordRefusal(400, 'task_failed', refusal.message);
	const message = refusal.httpStatus === 429 ? OVERLOADED : JSON.stringify(klingRefusal(refusal));
	return wordRefusal(refusal.httpStatus, 'fail_to_fetch_task', message, retryAfter(refusal));
}

export function taskNotExist(): Reply {
	return wordRefusal(400, 'task_not_exist', 'task_not_exist');
}

/** A wrong key, in OpenAI's form. */
export function openAiRefusal(status: number, message: string, type: string, code = ''): Reply {
	return json(status, { error: { message, type, param: '', code } });
}

export function noRoute(method: string, path: string): Reply {
	return openAiRefusal(404, `Invalid URL (${method} ${path})`, 'invalid_request_error');
}

/** The gateway builds Kling's request itself: what it cannot build is answered with HTTP 500. */
export function prepareByWord(body: Body, family: Family, drops: readonly string[]): Prepared {
	const mistake = callerMistake(body, family);
	if (mistake !== undefined) {
		return { kind: 'refuse', reply: wordRefusal(500, 'build_request_failed', mistake) };
	}
	const sent = without(withModelName(body), drops);
	return { kind: 'send', body: sent, clientKey: textOf(body, 'external_task_id') };
}

function callerMistake(body: Body, family: Family): string | undefined {
	if (textOf(body, 'prompt') === undefined && absent(body['multi_prompt']))
		return 'prompt is required';
	const images = body['image_list'];
	const none = !Array.isArray(images) || images.length === 0;
	if (none && family.imagesRequired) return 'image_list is required';
	const tooMany = Array.isArray(images) && images.length > family.maxImages;
	return tooMany ? `image_list supports at most ${family.maxImages} images` : undefined;
}
