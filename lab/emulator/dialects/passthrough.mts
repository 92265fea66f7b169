// Gateways that pass Kling's replies through nearly as they are: CometAPI, duomi, ezlinkai.
import { json, type Reply } from '../reply.mts';
import { textOf } from '../service/fields.mts';
import type { Refusal } from '../service/refusal.mts';
import type { Task } from '../service/task.mts';
import type { Dialect, View } from './dialect.mts';
import {
	klingNotFound,
	klingOk,
	klingPaging,
	klingRefusal,
	klingRefused,
	klingSubmitted,
	klingTask,
	klingVideo,
	without,
} from './klingShape.mts';
import { noRoute, openAiRefusal, toSeconds } from './newApi.mts';

/**
 * What they share. Whether they list, or find a task by its external id, is not documented for
 * any of them but ezlinkai; the stricter answer is taken: they do not.
 */
const passthrough = {
	authScheme: 'Bearer',
	acceptsJwt: false,
	modelField: 'model_name',
	hasList: false,
	hasExternalLookup: false,
	drops: [],
	idForm: 'digits',
	prepare: (body) => ({ kind: 'send', body, clientKey: textOf(body, 'external_task_id') }),
	canLookUp: () => false,
	paging: klingPaging,
	submitted: (task) => json(200, klingOk(klingSubmitted(task))),
	got: (task, view) => json(200, klingOk(klingTask(task, view))),
	listed: () => noRoute('GET', '/kling/v1/videos/'),
	notFound: () => klingRefused(klingNotFound()),
	refused: klingRefused,
	noRoute,
} satisfies Partial<Dialect>;

/** Its submit has no request_id; its omni GET wraps the task once less than ezmodel does. */
export const cometapi: Dialect = {
	...passthrough,
	name: 'cometapi',
	about: 'passthrough, as CometAPI runs it',
	basePath: '/cometapi/kling',
	submitted: (task) => json(200, without(klingOk(klingSubmitted(task)), ['request_id'])),
	got: (task, view) =>
		json(
			200,
			task.family === 'omni-video' ? cometOmni(task, view) : klingOk(klingTask(task, view)),
		),
	unauthorized: () => openAiRefusal(401, 'Invalid token', 'comet_api_error'),
};

function cometOmni(task: Task, view: View): Record<string, unknown> {
	const words = {
		submitted: 'SUBMITTED',
		processing: 'IN_PROGRESS',
		succeed: 'SUCCESS',
		failed: 'FAILURE',
	};
	const progress = { submitted: '10%', processing: '30%', succeed: '100%', failed: '100%' };
	const data = {
		task_id: task.id,
		status: words[task.status],
		progress: progress[task.status],
		data: klingTask(task, view),
	};
	return { code: 'success', message: '', data };
}

/** Takes the bare key; UUIDs for ids; GET with seconds, nulls and a message of its own. */
export const duomi: Dialect = {
	...passthrough,
	name: 'duomi',
	about: 'passthrough, as duomi runs it: the key without "Bearer"',
	basePath: '/duomi/api/video/kling',
	authScheme: 'none',
	idForm: 'uuid',
	submitted: (task) =>
		json(200, {
			code: 0,
			message: 'SUCCEED',
			request_id: task.id,
			data: {
				task_id: task.id,
				task_status: 'submitted',
				created_at: task.createdAt,
				updated_at: task.createdAt,
			},
		}),
	got: (task, view) => json(200, { ...klingOk(duomiTask(task, view)), message: '成功' }),
	unauthorized: (refusal) =>
		json(401, { code: refusal.code, message: refusal.message, data: null }),
};

function duomiTask(task: Task, view: View): Record<string, unknown> {
	const done = task.status === 'succeed';
	return {
		...klingTask(task, view),
		task_status_msg: task.reason === '' ? null : task.reason,
		task_result: {
			images: null,
			videos: done ? [{ ...klingVideo(task, view), video_url_download: view.link(task) }] : null,
		},
		created_at: toSeconds(task.createdAt),
		updated_at: toSeconds(task.updatedAt),
	};
}

/** Kling's refusals come with HTTP 200; callbacks are read and written anew, once, unsigned. */
export const ezlinkai: Dialect = {
	...passthrough,
	name: 'ezlinkai',
	about: 'passthrough, as ezlinkai runs it: refusals inside HTTP 200',
	basePath: '/ezlinkai/kling',
	hasExternalLookup: true,
	/** The key it asks Kling with is only the right one for ids of this form. */
	canLookUp: (id) => id.length > 10 || id.includes('-'),
	notFound: () => insideOk(klingNotFound()),
	refused: insideOk,
	unauthorized: () => ownError(401, '无效的令牌', 'invalid_token'),
	noRoute: (method, path) => ownError(404, `Invalid URL (${method} ${path})`, 'not_found'),
	callback: {
		headers: { 'user-agent': 'OneAPI-Kling-Callback/1.0' },
		retries: false,
		signed: false,
		timeoutMs: 5000,
		reshape: (body) =>
			Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1))),
	},
};

function insideOk(refusal: Refusal): Reply {
	return json(200, klingRefusal(refusal));
}

function ownError(status: number, message: string, code: string): Reply {
	return json(status, { message, type: 'api_error', param: '', code });
}
