// The videos in a reply, wherever a gateway puts their links.
import { z } from 'zod';
import type { JsonObject, Video } from '../task';
import { asObject, asObjects, asText, firstText, member } from './json';

const FLAT_LINKS = ['url', 'video_url', 'result_url', 'videoUrl', 'resultUrl'];

/** A link is what a browser would open; gateways put other words into the same members. */
export function isLink(value: unknown): value is string {
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
