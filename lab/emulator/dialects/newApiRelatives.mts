// Gateways of the new-api software's family: anyfast, crazyrouter, the docs.newapi.pro shape, a double relay.
import { json, type Reply } from '../reply.mts';
import { textOf } from '../service/fields.mts';
import { refusal, type Refusal } from '../service/refusal.mts';
import { isFinished, type Task } from '../service/task.mts';
import type { Dialect, View } from './dialect.mts';
import { klingPaging, klingRefusal, retryAfter } from './klingShape.mts';
import {
	noRoute,
	openAiRefusal,
	OVERLOADED,
	prepareByWord,
	refusedByWord,
	taskNotExist,
	taskRecord,
	videoObject,
} from './newApi.mts';

const relative = {
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
	submitted: (task) => json(200, videoObject(task)),
	got: (task, view) => json(200, taskRecord(task, view)),
	listed: () => noRoute('GET', '/kling/v1/videos/'),
	notFound: taskNotExist,
	refused: refusedByWord,
	unauthorized: () => openAiRefusal(401, '无效的令牌', 'new_api_error'),
	noRoute,
} satisfies Partial<Dialect>;

/** Its GET reply is not documented; that of the same software family is taken. */
export const anyfast: Dialect = {
	...relative,
	name: 'anyfast',
	about: 'OpenAI video object on submit, as anyfast runs it',
	basePath: '/anyfast/kling',
	prepare: (body, family) => prepareByWord(body, family, []),
};

/** Its submit reply is not documented; the OpenAI video object of the same software is taken. */
export const crazyrouter: Dialect = {
	...relative,
	name: 'crazyrouter',
	about: 'one flat URL, as crazyrouter runs it',
	basePath: '/crazyrouter/kling',
	got: (task, view) => json(200, flatUrl(task, view)),
};

function flatUrl(task: Task, view: View): Record<string, unknown> {
	const words = {
		submitted: 'queued',
		processing: 'processing',
		succeed: 'succeeded',
		failed: 'failed',
	};
	const data = {
		error: task.status === 'failed' ? { message: task.reason, code: 'task_failed' } : null,
		format: 'mp4',
		metadata: null,
		status: words[task.status],
		task_id: task.id,
		url: task.status === 'succeed' ? view.link(task) : '',
	};
	return { code: 'success', message: '', data };
}

/** What docs.newapi.pro tells: `error` is there on success too. Its refusals are not documented. */
export const newapiDocs: Dialect = {
	...relative,
	name: 'newapi-docs',
	about: 'the reply shape of docs.newapi.pro',
	basePath: '/newapi-docs/kling',
	modelField: 'model',
	prepare: (body, family) => prepareByWord(body, family, []),
	submitted: (task) => json(200, { task_id: task.id, status: 'queued' }),
	got: (task, view) => json(200, documentedTask(task, view)),
	notFound: () => openAiRefusal(404, 'task not found', 'invalid_request_error', 'task_not_exist'),
	refused: ({ httpStatus, code, message }) =>
		openAiRefusal(httpStatus, message, 'upstream_error', String(code)),
};

function documentedTask(task: Task, view: View): Record<string, unknown> {
	const words = {
		submitted: 'queued',
		processing: 'in_progress',
		succeed: 'completed',
		failed: 'failed',
	};
	const done = task.status === 'succeed';
	const error =
		task.status === 'failed' ? { code: 1, message: task.reason } : { code: 0, message: '' };
	return {
		task_id: task.id,
		status: words[task.status],
		url: done ? view.link(task) : '',
		format: 'mp4',
		metadata: isFinished(task) && done ? { duration: task.seconds } : null,
		error,
	};
}

/** A gateway behind a gateway: every refusal is JSON inside JSON. */
export const relay: Dialect = {
	...relative,
	name: 'relay',
	about: 'a gateway that buys from another one: refusals nested twice',
	basePath: '/relay/kling',
	refused: nestedTwice,
	notFound: () => nestedTwice(refusal(1203, 'task not found')),
};

function nestedTwice(refused: Refusal): Reply {
	const busy = refused.httpStatus === 429;
	const inner = {
		code: refused.insideOk ? 'task_failed' : 'fail_to_fetch_task',
		message: busy ? OVERLOADED : JSON.stringify(klingRefusal(refused)),
		data: null,
	};
	const error = {
		code: 'fail_to_fetch_task',
		message: JSON.stringify(inner),
		type: 'upstream_error',
		param: '',
	};
	return json(refused.httpStatus, { error }, retryAfter(refused));
}
