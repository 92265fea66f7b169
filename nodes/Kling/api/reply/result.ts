// What a reply says of its task: the status (every gateway's words on Kling's own four), why it failed, and its videos.
import { z } from 'zod';

import { classifyLostAnswer } from '../errors/words';
import { isFinished, type JsonObject, type TaskStatus, type Video } from '../task';
import { asObject, asObjects, asText, firstText, member } from './json';
import { looksLikeTask } from './layers';
import { nestedWords, saysAllIsWell } from './refusal';

/** What a reply answers. */
export type ReplyKind = 'submit' | 'get' | 'callback';

const WORDS: Readonly<Record<string, TaskStatus>> = {
	submitted: 'submitted',
	queued: 'submitted',
	not_start: 'submitted',
	processing: 'processing',
	in_progress: 'processing',
	succeed: 'succeed',
	success: 'succeed',
	succeeded: 'succeed',
	completed: 'succeed',
	failed: 'failed',
	failure: 'failed',
};

/** Kling's own word; what else is called `status` may be a gateway's. */
const OWN_KEYS = ['task_status', 'taskStatus'];
const OTHER_KEYS = ['status', 'state'];

interface StatusReading {
	status: TaskStatus;
	/** Some word was there, known or not. */
	isSaid: boolean;
	/** The word is one that means something. */
	isKnown: boolean;
}

/**
 * The status of the task in a reply: the innermost `task_status`, else `status`.
 * A word that is not known means that the task is still running.
 *
 * @param kind a reply to a submit says nothing, or an empty word, where the task is new
 * @param hasLink a video is there: without one, an envelope's "success" speaks of the request, not of the task
 */
export function statusOf(
	layers: readonly JsonObject[],
	kind: ReplyKind,
	hasLink: boolean,
): StatusReading {
	const inner = innermost(layers, OWN_KEYS) ?? taskWord(layers) ?? envelopeWord(layers, hasLink);
	const word = endedOutside(layers, inner, hasLink) ?? refusedWord(layers, inner) ?? inner;
	const isNew = kind === 'submit' && (word ?? '') === '';
	const known = meaningOf(word ?? '');
	return {
		status: known ?? (isNew ? 'submitted' : 'processing'),
		isSaid: word !== undefined,
		isKnown: known !== undefined,
	};
}

/**
 * A gateway may end a task by itself (its own time limit) and still carry Kling's last words, in
 * which the task runs. Its end counts then, else the task would be waited for until the deadline.
 */
function endedOutside(
	layers: readonly JsonObject[],
	inner: string | undefined,
	hasLink: boolean,
): string | undefined {
	const meaning = inner === undefined ? undefined : meaningOf(inner);
	if (meaning !== undefined && isFinished({ status: meaning })) return undefined;
	const outer = taskWord(layers);
	const end = outer === undefined ? undefined : meaningOf(outer);
	return end === 'failed' || (end === 'succeed' && hasLink) ? outer : undefined;
}

/**
 * "error" ends a task only together with an `error` object that says why: by itself it may be about the request.
 *
 * @returns a word for failed; nothing where the object tells of a lost answer, which may be about the question
 */
function refusedWord(layers: readonly JsonObject[], word: string | undefined): string | undefined {
	if (word === undefined || !/^\s*error\s*$/i.test(word)) return undefined;
	const message = layers
		.map((layer) => asObject(member(layer, 'error')))
		.flatMap((error) => (error === undefined ? [] : nestedWords(error).messages))
		.pop();
	return message === undefined || classifyLostAnswer(message) ? undefined : 'failed';
}

/** `status` of the layers that belong to the task: the one that names it and what is inside. */
function taskWord(layers: readonly JsonObject[]): string | undefined {
	const inner = looksLikeTask(layers[0] ?? {}) ? layers : layers.slice(1);
	return innermost(inner, OTHER_KEYS);
}

function envelopeWord(layers: readonly JsonObject[], hasLink: boolean): string | undefined {
	const word = innermost(layers.slice(0, 1), OTHER_KEYS);
	if (word === undefined || (meaningOf(word) === 'succeed' && !hasLink)) return undefined;
	return word;
}

/** An inner word that is not known gives way to an outer one that is. */
function innermost(layers: readonly JsonObject[], keys: readonly string[]): string | undefined {
	const words = [...layers]
		.reverse()
		.flatMap((layer) => keys.map((key) => member(layer, key)))
		.filter((value) => typeof value === 'string');
	return words.find((word) => meaningOf(word) !== undefined) ?? words[0];
}

function meaningOf(word: string): TaskStatus | undefined {
	const folded = word
		.trim()
		.toLowerCase()
		.replace(/[\s-]+/g, '_');
	return Object.hasOwn(WORDS, folded) ? WORDS[folded] : undefined;
}

/** In this order within one layer: `message` is often the request's, `fail_reason` often a copy of it. */
const PLACES = ['task_status_msg', 'error', 'message', 'fail_reason', 'failure_reason', 'reason'];

/**
 * The innermost reason. "SUCCEED", which Kling says of the request, is none, and neither is a link.
 *
 * @param layers of the reply of a failed task, outermost first
 */
export function reasonOf(layers: readonly JsonObject[]): string | undefined {
	return [...layers]
		.reverse()
		.flatMap((layer) => PLACES.map((key) => innermostMessage(member(layer, key))))
		.find((reason) => reason !== undefined);
}

function innermostMessage(value: unknown): string | undefined {
	const { messages } = nestedWords(typeof value === 'number' ? asText(value) : value);
	const message = messages[messages.length - 1];
	if (message === undefined || saysAllIsWell(message) || isLink(message)) return undefined;
	return message;
}

const FLAT_LINKS = ['url', 'video_url', 'result_url', 'videoUrl', 'resultUrl'];

/** A link is what a browser would open; gateways put other words into the same members. */
function isLink(value: unknown): value is string {
	return typeof value === 'string' && /^https?:\/\/[^\s/]/i.test(value.trim());
}

const videoSchema = z.object({
	id: z.unknown().optional().transform(asText),
	url: z.string().refine(isLink),
	watermark_url: z
		.unknown()
		.optional()
		.transform((value) => (isLink(value) ? value.trim() : undefined)),
	duration: z.unknown().optional().transform(secondsOf),
});

/**
 * Lists of videos: `task_result.videos[]`, and `outputs[]` of the new format; innermost first.
 *
 * @param layers of the reply, outermost first
 */
export function listedVideos(layers: readonly JsonObject[]): Video[] {
	for (const layer of [...layers].reverse()) {
		const videos = listsIn(layer)
			.map(videosOf)
			.find((found) => found.length > 0);
		if (videos !== undefined) return videos;
	}
	return [];
}

/**
 * A link that stands alone: `url`, `result_url`, `metadata.url`; on success also `fail_reason`,
 * where new-api keeps it.
 *
 * @returns nothing unless the task succeeded: until then these members hold other things
 */
export function flatVideo(layers: readonly JsonObject[]): Video[] {
	const inward = [...layers].reverse();
	const places = [
		...inward.map((layer) => [layer, ...FLAT_LINKS] as const),
		...inward.map((layer) => [asObject(member(layer, 'metadata')), ...FLAT_LINKS] as const),
		...inward.map((layer) => [asObject(member(layer, 'task_result')), ...FLAT_LINKS] as const),
		...inward.map((layer) => [layer, 'fail_reason'] as const),
	];
	for (const [place, ...keys] of places) {
		const url = keys.map((key) => member(place, key)).find(isLink);
		if (place !== undefined && url !== undefined) return [flatOne(place, url.trim())];
	}
	return [];
}

function listsIn(layer: JsonObject): unknown[] {
	const result = asObject(member(layer, 'task_result'));
	return [member(result, 'videos'), member(layer, 'outputs'), member(layer, 'videos')];
}

function videosOf(list: unknown): Video[] {
	return asObjects(list)
		.filter((item) => (firstText(item, ['type']) ?? 'video') === 'video')
		.map((item) => videoSchema.safeParse(item))
		.flatMap((read) => (read.success ? [videoOf(read.data)] : []));
}

function videoOf(read: z.infer<typeof videoSchema>): Video {
	return {
		...(read.id === undefined ? {} : { id: read.id }),
		url: read.url.trim(),
		...(read.watermark_url === undefined ? {} : { watermarkUrl: read.watermark_url }),
		...(read.duration === undefined ? {} : { durationSeconds: read.duration }),
	};
}

function flatOne(place: JsonObject, url: string): Video {
	const durationSeconds = secondsOf(member(place, 'duration'));
	return durationSeconds === undefined ? { url } : { url, durationSeconds };
}

/** Written "5", "5.0", "5.041" or as a number. */
function secondsOf(value: unknown): number | undefined {
	const text = asText(value);
	const seconds = text === undefined ? Number.NaN : Number(text);
	return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
