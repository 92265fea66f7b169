// Checks a create request against the documented fields and limits, before any image is looked at.
import { ASPECT_RATIOS, MAX_PROMPT, MAX_SHOTS, MAX_SHOT_PROMPT, type Family } from './families.mts';
import {
	absent,
	httpUrl,
	objects,
	oneOf,
	textOf,
	textWithin,
	watermark,
	type Body,
} from './fields.mts';
import { refusal, type Refusal } from './refusal.mts';

export interface ModelRules {
	readonly retiredModels: readonly string[];
	readonly unknownModelCode: number;
}

/** The model of a request: `model_name`, else the family's default; `model` is ignored. */
export function modelOf(family: Family, body: Body): string {
	return textOf(body, 'model_name') ?? family.defaultModel;
}

/** The refusal that the request earns, or undefined where every field is within its limits. */
export function checkRequest(family: Family, body: Body, rules: ModelRules): Refusal | undefined {
	const model = modelOf(family, body);
	const durations = family.models[model];
	if (durations === undefined || rules.retiredModels.includes(model)) {
		return refusal(
			rules.unknownModelCode,
			`model_name value '${model}' is invalid or not supported`,
		);
	}
	const text =
		checkPrompt(family, body) ??
		checkImageList(family, body) ??
		checkShots(family, body) ??
		oneOf(body, 'mode', family.modes) ??
		oneOf(body, 'duration', durations.map(String)) ??
		oneOf(body, 'aspect_ratio', ASPECT_RATIOS) ??
		watermark(body) ??
		httpUrl(body, 'callback_url') ??
		textWithin(body, 'external_task_id', MAX_PROMPT);
	return text === undefined ? undefined : refusal(1201, text);
}

function checkPrompt(family: Family, body: Body): string | undefined {
	const hasPrompt = textOf(body, 'prompt')?.trim();
	const mayDoWithout = family.hasShots && Array.isArray(body['multi_prompt']);
	if (!hasPrompt && !mayDoWithout) return 'prompt can not be null';
	const negative = family.hasNegativePrompt
		? textWithin(body, 'negative_prompt', MAX_PROMPT)
		: undefined;
	return textWithin(body, 'prompt', MAX_PROMPT) ?? negative;
}

function checkImageList(family: Family, body: Body): string | undefined {
	const images = objects(body, 'image_list');
	if (typeof images === 'string') return images;
	if (images.length === 0 && family.imagesRequired) return 'image can not be null';
	const empty = images.some((image) => textOf(image, family.imageKey) === undefined);
	if (empty) return 'image can not be null';
	if (!family.hasShots) {
		return images.length > family.maxImages
			? `image_list exceeds the limit of ${family.maxImages}`
			: undefined;
	}
	return checkReferences(family, body, images);
}

function checkReferences(family: Family, body: Body, images: Body[]): string | undefined {
	const elements = objects(body, 'element_list');
	const videos = objects(body, 'video_list');
	if (typeof elements === 'string') return elements;
	if (typeof videos === 'string') return videos;
	const limit = videos.length > 0 ? family.maxImagesBesideVideo : family.maxImages;
	if (images.length + elements.length > limit)
		return `images and elements exceed the limit of ${limit}`;

	const types = images.map((image) => image['type']).filter((type) => !absent(type) && type !== '');
	if (types.some((type) => type !== 'first_frame' && type !== 'end_frame'))
		return 'image type is invalid';
	return checkMentions(body, {
		image: images.length,
		element: elements.length,
		video: videos.length,
	});
}

/** `<<<image_5>>>` with two images: no source says what happens; refused here, so that it is seen. */
function checkMentions(body: Body, counts: Record<string, number>): string | undefined {
	const mentions = (textOf(body, 'prompt') ?? '').matchAll(/<<<(image|element|video)_(\d+)>>>/g);
	for (const [mention, kind = '', position] of mentions) {
		const known = Number(position) >= 1 && Number(position) <= (counts[kind] ?? 0);
		if (!known) return `prompt refers to ${mention}, which is not in the request`;
	}
	return undefined;
}

function checkShots(family: Family, body: Body): string | undefined {
	if (!family.hasShots) return undefined;
	const shots = objects(body, 'multi_prompt');
	if (typeof shots === 'string') return shots;
	if (shots.length > MAX_SHOTS) return `multi_prompt exceeds the limit of ${MAX_SHOTS}`;
	for (const shot of shots) {
		const text = textWithin(shot, 'prompt', MAX_SHOT_PROMPT);
		if (text !== undefined) return text;
	}
	return oneOf(body, 'sound', ['on', 'off']);
}
