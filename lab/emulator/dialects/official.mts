// The official API, with API keys and JWTs.
import { json } from '../reply.mts';
import { textOf } from '../service/fields.mts';
import { refusal } from '../service/refusal.mts';
import type { Dialect } from './dialect.mts';
import {
	klingNotFound,
	klingOk,
	klingPaging,
	klingRefused,
	klingSubmitted,
	klingTask,
} from './klingShape.mts';

export const official: Dialect = {
	name: 'official',
	about: "Kling's own API",
	basePath: '/official',
	authScheme: 'Bearer',
	acceptsJwt: true,
	modelField: 'model_name',
	hasList: true,
	hasExternalLookup: true,
	drops: [],
	idForm: 'digits',
	prepare: (body) => ({ kind: 'send', body, clientKey: textOf(body, 'external_task_id') }),
	canLookUp: () => true,
	paging: klingPaging,
	submitted: (task) => json(200, klingOk(klingSubmitted(task))),
	got: (task, view) => json(200, klingOk(klingTask(task, view))),
	listed: (tasks, view) => json(200, klingOk(tasks.map((task) => klingTask(task, view)))),
	notFound: () => klingRefused(klingNotFound()),
	refused: klingRefused,
	unauthorized: klingRefused,
	noRoute: () => klingRefused(refusal(1202)),
};
