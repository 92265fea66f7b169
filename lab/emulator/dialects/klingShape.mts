// The official reply shapes, which passthrough gateways share.
import { randomUUID } from 'node:crypto';
import { json, type Reply } from '../reply.mts';
import { absent, type Body } from '../service/fields.mts';
import { refusal, type Refusal } from '../service/refusal.mts';
import type { Task } from '../service/task.mts';
import type { Page, View } from './dialect.mts';

/** The task as Kling's GET and list give it. */
export function klingTask(task: Task, view: View): Record<string, unknown> {
	const done = task.status === 'succeed';
	return {
		task_id: task.id,
		task_status: task.status,
		task_status_msg: task.reason,
		task_info: klingTaskInfo(task),
		task_result: done ? { videos: [klingVideo(task, view)] } : {},
		watermark_info: { enabled: task.watermark },
		...(done && { final_unit_deduction: task.units }),
		created_at: task.createdAt,
		updated_at: task.updatedAt,
	};
}

/** One finished video; the watermarked copy only where it was asked for. */
export function klingVideo(task: Task, view: View): Record<string, unknown> {
	return {
		id: task.videoId,
		url: view.link(task),
		...(task.watermark && { watermark_url: view.link(task, true) }),
		duration: `${task.seconds}.0`,
	};
}

/** The task as the create reply gives it. */
export function klingSubmitted(task: Task): Record<string, unknown> {
	return {
		task_id: task.id,
		task_status: 'submitted',
		task_info: klingTaskInfo(task),
		created_at: task.createdAt,
		updated_at: task.createdAt,
	};
}

/** `{}` where no external id was given, as real replies have it. */
export function klingTaskInfo(task: Task): Record<string, unknown> {
	return task.externalTaskId === undefined ? {} : { external_task_id: task.externalTaskId };
}

/** The success envelope. */
export function klingOk(data: unknown): Record<string, unknown> {
	return { code: 0, message: 'SUCCEED', request_id: randomUUID(), data };
}

/** The refusal body; `data` is absent. */
export function klingRefusal({ code, message }: Refusal): Record<string, unknown> {
	return { code, message, request_id: randomUUID() };
}

/** A refusal with its HTTP status, or inside HTTP 200 where that was asked for. */
export function klingRefused(refused: Refusal): Reply {
	return json(
		refused.insideOk ? 200 : refused.httpStatus,
		klingRefusal(refused),
		retryAfter(refused),
	);
}

/** The Retry-After header of a refusal that names one. */
export function retryAfter({ retryAfter: seconds }: Refusal): Record<string, string> {
	return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** Kling's answer about an id that it does not know. The text is not documented. */
export function klingNotFound(): Refusal {
	return refusal(1203, 'task not found');
}

/** pageNum 1 to 1000, pageSize 1 to 500; anything else is refused. */
export function klingPaging(query: URLSearchParams): Page | Refusal {
	const pageNum = pageValue(query, 'pageNum', 1, 1000);
	const pageSize = pageValue(query, 'pageSize', 30, 500);
	if (typeof pageNum !== 'number') return pageNum;
	if (typeof pageSize !== 'number') return pageSize;
	return { pageNum, pageSize };
}

function pageValue(
	query: URLSearchParams,
	name: string,
	otherwise: number,
	max: number,
): number | Refusal {
	const given = query.get(name);
	if (given === null) return otherwise;
	const fine = /^\d{1,4}$/.test(given) && Number(given) >= 1 && Number(given) <= max;
	return fine ? Number(given) : refusal(1201, `${name} value '${given}' is invalid`);
}

/** A copy of the body without the named fields. */
export function without(body: Body, fields: readonly string[]): Body {
	return Object.fromEntries(Object.entries(body).filter(([name]) => !fields.includes(name)));
}

/** The body with `model` moved to `model_name`; `model_name` wins where both are given. */
export function withModelName(body: Body): Body {
	const { model, ...rest } = body;
	return absent(rest['model_name']) && !absent(model) ? { ...rest, model_name: model } : rest;
}
