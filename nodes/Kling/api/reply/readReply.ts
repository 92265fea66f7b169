// Reads every gateway's replies and callbacks into one Task, deciding from the reply and never from the host.
import { type AnswerFacts, classifyRefusal } from '../errors/classify';
import { sanitize } from '../sanitize';
import { KlingApiError } from '../errors/error';
import { taskSchema, type JsonObject, type Task } from '../task';
import { asObject, asObjects, firstText, member } from './json';
import {
	createdAtOf,
	externalIdOf,
	hasEmptyId,
	idsIn,
	layersOf,
	taskIdOf,
	updatedAtOf,
} from './layers';
import { flatVideo, listedVideos, reasonOf, statusOf, type ReplyKind } from './result';
import { isSuccess, refusalWords } from './refusal';

export type TaskReading =
	| {
			kind: 'task';
			task: Task;
			/** The reply as received. */
			raw: JsonObject;
			/** Every id that the reply gives the task, besides its external id. */
			ids: string[];
	  }
	| { kind: 'refusal'; error: KlingApiError }
	/** `why` is about the form of the answer and holds nothing of its content. */
	| { kind: 'notKling'; why: string };

type ListReading =
	| {
			kind: 'page';
			tasks: Array<{ task: Task; raw: JsonObject }>;
			/** Rows without a task ID, as received. */
			unreadable: unknown[];
			hasList: boolean;
	  }
	| { kind: 'refusal'; error: KlingApiError }
	| { kind: 'notKling'; why: string };

/**
 * Reads the reply to a submit, the reply to a get, or what was posted to a callback URL.
 *
 * @param body parsed with `parseJson`, so that long ids keep their digits
 * @param kind what the body answers
 * @param answer what is known besides the body: HTTP status, and a masker for secrets
 * @returns a task, a refusal, or why the body is neither; never throws
 */
export function readTask(body: unknown, kind: ReplyKind, answer: AnswerFacts = {}): TaskReading {
	const object = asObject(body) ?? onlyElement(body);
	if (object === undefined) return { kind: 'notKling', why: formOf(body) };
	const layers = layersOf(object);
	const { httpStatus = 200 } = answer;
	const id = taskIdOf(layers, httpStatus >= 400);
	const words = refusalWords(object, httpStatus);
	const task = id === undefined ? undefined : taskOf(id, layers, kind, answer);
	// Money: with a status beside the id it is a task whatever else is said, because it may have been paid for.
	const isCertain = httpStatus >= 400 ? task?.isKnown : task?.isSaid;
	if (task !== undefined && (words === undefined || isCertain === true)) {
		return { kind: 'task', task: task.task, raw: object, ids: idsIn(layers) };
	}
	if (words !== undefined) return { kind: 'refusal', error: classifyRefusal(words, answer) };
	if (saysYes(object) || hasEmptyId(layers)) {
		return { kind: 'refusal', error: emptyId(object, answer) };
	}
	return { kind: 'notKling', why: 'a JSON object without a task ID' };
}

/**
 * Reads a page of the list route. Rows without a task ID are counted, because they are rows of the page.
 *
 * @returns a page, a refusal, or why the body is neither; never throws
 */
export function readList(body: unknown, answer: AnswerFacts = {}): ListReading {
	const list = listIn(body);
	if (list !== undefined) return pageOf(list, answer);
	const object = asObject(body);
	if (object === undefined) return { kind: 'notKling', why: formOf(body) };
	const words = refusalWords(object);
	if (words !== undefined) return { kind: 'refusal', error: classifyRefusal(words, answer) };
	if (saysYes(object) && member(object, 'data') === undefined) {
		return { kind: 'page', tasks: [], unreadable: [], hasList: false };
	}
	return { kind: 'notKling', why: 'a JSON object without a list of tasks' };
}

function taskOf(id: string, layers: JsonObject[], kind: ReplyKind, answer: AnswerFacts) {
	const listed = listedVideos(layers);
	const loose = listed.length > 0 ? listed : flatVideo(layers);
	const { status, ...certainty } = statusOf(layers, kind, loose.length > 0);
	const reason = status === 'failed' ? reasonOf(layers) : undefined;
	const task = taskSchema.parse({
		id,
		externalId: externalIdOf(layers),
		status,
		reason: reason === undefined ? undefined : sanitize(reason, answer.redact),
		videos: status === 'succeed' ? loose : listed,
		createdAt: createdAtOf(layers),
		updatedAt: updatedAtOf(layers),
		unitDeduction: deductionOf(layers),
	});
	return { task, ...certainty };
}

function pageOf(rows: readonly unknown[], answer: AnswerFacts): ListReading {
	const tasks: Array<{ task: Task; raw: JsonObject }> = [];
	const unreadable: unknown[] = [];
	for (const row of rows) {
		const raw = asObject(row);
		const reading = raw === undefined ? undefined : readTask(raw, 'get', answer);
		if (raw !== undefined && reading?.kind === 'task') tasks.push({ task: reading.task, raw });
		else unreadable.push(row);
	}
	return { kind: 'page', tasks, unreadable, hasList: true };
}

/** `data` of the official reply, `data_list` and its like of others; null is an empty page. */
function listIn(body: unknown): unknown[] | undefined {
	if (Array.isArray(body)) return body;
	const object = asObject(body);
	if (object === undefined || refusalWords(object) !== undefined) return undefined;
	const inner = asObject(member(object, 'data'));
	for (const place of inner === undefined ? [object] : [object, inner]) {
		const list = ['data', 'data_list', 'list', 'tasks', 'items']
			.map((name) => member(place, name))
			.find(Array.isArray);
		if (list !== undefined) return list;
	}
	return saysYes(object) && member(object, 'data') === null ? [] : undefined;
}

function deductionOf(layers: JsonObject[]): string | undefined {
	return [...layers]
		.reverse()
		.map((layer) => firstText(layer, ['final_unit_deduction']))
		.find((text) => text !== undefined);
}

function saysYes(object: JsonObject): boolean {
	const code = firstText(object, ['code']);
	return code !== undefined && isSuccess(code);
}

function onlyElement(body: unknown): JsonObject | undefined {
	const items = asObjects(body);
	return items.length === 1 ? items[0] : undefined;
}

function formOf(body: unknown): string {
	if (body === undefined) return 'not JSON';
	if (body === null) return 'JSON null';
	return Array.isArray(body) ? 'a JSON list' : `a JSON ${typeof body}`;
}

/**
 * Money rule: it proves nothing. One-Hub answers code 0 and an empty `task_id` whenever Kling gave a code
 * inside HTTP 200, also for 5000 to 5002, behind which Kling may have made the task.
 */
function emptyId(body: JsonObject, answer: AnswerFacts): KlingApiError {
	const requestId = firstText(body, ['request_id']);
	return new KlingApiError({
		category: 'reply',
		sendAgain: 'lookUpFirst',
		message: 'The service accepted the request but returned no task ID',
		description:
			"The request was probably refused behind the gateway: check the model, the images and the prompt, and the gateway's own log",
		...(answer.httpStatus === undefined ? {} : { httpStatus: answer.httpStatus }),
		...(requestId === undefined
			? {}
			: { requestId: sanitize(requestId, answer.redact).slice(0, 100) }),
	});
}
