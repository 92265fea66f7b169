// ezmodel: a fork of new-api with a multi-image route.
import { json } from '../reply.mts';
import type { Dialect, View } from './dialect.mts';
import type { Task } from '../service/task.mts';
import { klingPaging } from './klingShape.mts';
import {
	noRoute,
	openAiRefusal,
	prepareByWord,
	refusedByWord,
	taskNotExist,
	taskRecord,
	videoObject,
} from './newApi.mts';

const DROPPED = ['watermark_info'];

export const ezmodel: Dialect = {
	name: 'ezmodel',
	about: 'new-api task shape, as ezmodel runs it',
	basePath: '/ezmodel/kling',
	authScheme: 'Bearer',
	acceptsJwt: false,
	modelField: 'model',
	hasList: false,
	hasExternalLookup: false,
	drops: DROPPED,
	idForm: 'digits',
	prepare: (body, family) => prepareByWord(body, family, DROPPED),
	canLookUp: () => false,
	paging: klingPaging,
	submitted: (task, { settings }) =>
		json(200, settings.ezmodelSubmit === 'videoObject' ? videoObject(task) : documented(task)),
	got: (task, view) => json(200, taskRecord(task, view)),
	listed: () => noRoute('GET', '/kling/v1/videos/'),
	notFound: taskNotExist,
	refused: refusedByWord,
	unauthorized: () => openAiRefusal(401, '无效的令牌', 'new_api_error'),
	noRoute,
};

/** What the documentation promises instead of the video object. */
function documented(task: Task): Record<string, unknown> {
	return { code: 0, message: 'success', data: { task_id: task.id, task_status: 'submitted' } };
}

/** `GET /v1/videos/{id}` without `/kling`: the OpenAI video; a failed one has no error member. */
export function openAiVideo(task: Task, view: View): Record<string, unknown> {
	const words = {
		submitted: 'queued',
		processing: 'in_progress',
		succeed: 'completed',
		failed: 'failed',
	};
	return {
		id: task.id,
		task_id: task.id,
		object: 'video',
		model: task.model,
		status: words[task.status],
		progress: task.status === 'succeed' || task.status === 'failed' ? 100 : 30,
		created_at: task.createdAt,
		...(task.finishedAt !== undefined && { completed_at: task.finishedAt }),
		...(task.status === 'succeed' && { metadata: { url: view.link(task) } }),
	};
}
