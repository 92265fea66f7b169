// Reads every gateway's replies and callbacks into one Task, deciding from the reply and never from the host.
import { z } from 'zod';
import type { KlingApiError } from './errors';
import { judgeRefusal, tidy, type AnswerFacts } from './errors/judge';
import { externalIdOf, hasEmptyId, idsIn, taskIdOf } from './reply/ids';
import { asObject, asObjects, firstText, member } from './reply/json';
import { layersOf } from './reply/layers';
import { emptyId } from './reply/emptyId';
import { reasonOf } from './reply/reason';
import { isSuccess, refusalWords } from './reply/refusal';
import { statusOf } from './reply/status';
import { createdAtOf, updatedAtOf } from './reply/times';
import { flatVideo, listedVideos } from './reply/videos';
import type { JsonObject, Task } from './task';

export type ReplyKind = 'submit' | 'get' | 'callback';

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
	| { kind: 'page'; tasks: Array<{ task: Task; raw: JsonObject }> }
	| { kind: 'refusal'; error: KlingApiError }
	| { kind: 'notKling'; why: string };

const taskSchema: z.ZodType<Task> = z.object({
	id: z.string().min(1),
	externalId: z.string().min(1).optional(),
	status: z.enum(['submitted', 'processing', 'succeed', 'failed']),
	reason: z.string().min(1).optional(),
	videos: z.array(
		z.object({
			id: z.string().optional(),
			url: z.string().min(1),
			watermarkUrl: z.string().optional(),
			durationSeconds: z.number().positive().optional(),
		}),
	),
	createdAt: z.number().positive().optional(),
	updatedAt: z.number().positive().optional(),
	unitDeduction: z.string().optional(),
});

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
	if (words !== undefined) return { kind: 'refusal', error: judgeRefusal(words, answer) };
	if (saysYes(object) || hasEmptyId(layers)) {
		return { kind: 'refusal', error: emptyId(object, answer) };
	}
	return { kind: 'notKling', why: 'a JSON object without a task ID' };
}

/**
 * Reads a page of the list route. Elements without an id are left out.
 *
 * @returns a page, a refusal, or why the body is neither; never throws
 */
export function readList(body: unknown, answer: AnswerFacts = {}): ListReading {
	const list = listIn(body);
	if (list !== undefined)
		return { kind: 'page', tasks: list.flatMap((item) => element(item, answer)) };
	const object = asObject(body);
	if (object === undefined) return { kind: 'notKling', why: formOf(body) };
	const words = refusalWords(object);
	if (words !== undefined) return { kind: 'refusal', error: judgeRefusal(words, answer) };
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
		reason: reason === undefined ? undefined : tidy(reason, answer.redact),
		videos: status === 'succeed' ? loose : listed,
		createdAt: createdAtOf(layers),
		updatedAt: updatedAtOf(layers),
		unitDeduction: deductionOf(layers),
	});
	return { task, ...certainty };
}

function element(item: JsonObject, answer: AnswerFacts): Array<{ task: Task; raw: JsonObject }> {
	const reading = readTask(item, 'get', answer);
	return reading.kind === 'task' ? [{ task: reading.task, raw: item }] : [];
}

/** `data` of the official reply, `data_list` and its like of others; null is an empty page. */
function listIn(body: unknown): JsonObject[] | undefined {
	if (Array.isArray(body)) return asObjects(body);
	const object = asObject(body);
	if (object === undefined || refusalWords(object) !== undefined) return undefined;
	const inner = asObject(member(object, 'data'));
	for (const place of inner === undefined ? [object] : [object, inner]) {
		const key = ['data', 'data_list', 'list', 'tasks', 'items'].find((name) =>
			Array.isArray(member(place, name)),
		);
		if (key !== undefined) return asObjects(member(place, key));
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
