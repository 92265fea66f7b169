// hingnet: the one-hub software, which answers from its own database.
import { randomBytes } from 'node:crypto';
import { json, type Reply } from '../reply.mts';
import { absent, textOf } from '../service/fields.mts';
import type { Refusal } from '../service/refusal.mts';
import type { Task } from '../service/task.mts';
import type { Dialect, Page, View } from './dialect.mts';
import { klingPaging, retryAfter, without } from './klingShape.mts';

/** Read, but not sent to Kling; watermark_info is not even read. */
const DROPPED = ['negative_prompt', 'watermark_info', 'external_task_id'];

export const hingnet: Dialect = {
	name: 'hingnet',
	about: 'one-hub software, as hingnet and kapon run it',
	basePath: '/hingnet/kling',
	authScheme: 'Bearer',
	acceptsJwt: false,
	modelField: 'model_name',
	hasList: true,
	hasExternalLookup: true,
	drops: DROPPED,
	idForm: 'digits',

	prepare(body, family) {
		const images = body['image_list'];
		const missing = absent(images) || (Array.isArray(images) && images.length === 0);
		if (missing && family.imagesRequired)
			return { kind: 'refuse', reply: ownRefusal(400, 'image_list是必填参数') };
		return {
			kind: 'send',
			body: without(body, DROPPED),
			clientKey: textOf(body, 'external_task_id'),
		};
	},
	canLookUp: () => true,

	/** Paging that fails validation is reset without a word: pageSize alone, or over 500. */
	paging(query) {
		const asked = klingPaging(query);
		const fine = query.has('pageNum') && 'pageNum' in asked;
		return fine ? asked : FIRST_PAGE;
	},

	submitted: (task) =>
		json(
			200,
			ok({
				task_id: task.id,
				task_status: 'submitted',
				created_at: task.createdAt,
				updated_at: task.createdAt,
			}),
		),
	got: (task, view) => json(200, ok({ ...record(task, view), task_id: idInGet(task, view) })),
	listed: (tasks, view) =>
		json(200, ok(tasks.length === 0 ? null : tasks.map((task) => record(task, view)))),
	notFound: () => ownRefusal(404, '任务不存在'),
	refused,
	unauthorized: () =>
		json(401, {
			error: { message: `无效的令牌 (request id: ${requestNumber()})`, type: 'one_hub_error' },
		}),
	noRoute: (method, path) =>
		json(404, {
			error: { message: `Invalid URL (${method} ${path})`, type: 'invalid_request_error' },
		}),
};

const FIRST_PAGE: Page = { pageNum: 1, pageSize: 30 };

function ok(data: unknown): Record<string, unknown> {
	return { code: 0, message: 'success', request_id: `req_${requestNumber()}`, data };
}

/** Only id, url and duration of a video survive in the gateway's database. */
function record(task: Task, view: View): Record<string, unknown> {
	return {
		task_id: task.id,
		task_info: task.clientKey === undefined ? {} : { external_task_id: task.clientKey },
		task_status: task.status,
		...(task.status === 'failed' && { task_status_msg: task.reason }),
		...(task.status === 'succeed' && {
			task_result: {
				videos: [{ id: task.videoId, url: view.link(task), duration: `${task.seconds}.0` }],
			},
		}),
		created_at: task.createdAt,
		updated_at: task.updatedAt,
	};
}

/** One branch of the software gives another id in GET, which its own GET cannot resolve. */
function idInGet(task: Task, { settings }: View): string {
	return settings.hingnetGetIds === 'kling' ? task.id : `task_${BigInt(task.id).toString(36)}`;
}

function ownRefusal(status: number, message: string): Reply {
	return json(status, { code: status, message, request_id: '' });
}

/** Kling's refusal becomes JSON inside the message; one inside HTTP 200 looks like success without an id. */
function refused(refusal: Refusal): Reply {
	if (refusal.insideOk) {
		return json(200, ok({ task_id: '', task_status: '', created_at: 0, updated_at: 0 }));
	}
	const inner = {
		error: {
			code: refusal.code,
			message: `Provider API error: ${refusal.message}`,
			type: 'Kling_error',
		},
	};
	const body = { code: refusal.httpStatus, message: JSON.stringify(inner), request_id: '' };
	return json(refusal.httpStatus, body, retryAfter(refusal));
}

function requestNumber(): string {
	return `${Date.now()}000000_${randomBytes(4).toString('hex')}`;
}
