// Checks a create request against the documented fields and limits, before any image is looked at.
import {
	ASPECT_RATIOS,
	MAX_PROMPT,
	MAX_SHOTS,
	MAX_SHOT_PROMPT,
	type Family,
	type ModelLimits,
} from './families.mts';
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

/** All that a request says in words: its prompt, and those of its shots. */
export function promptsOf(body: Body): string {
	const shots = objects(body, 'multi_prompt');
	const texts = typeof shots === 'string' ? [] : shots.map((shot) => textOf(shot, 'prompt') ?? '');
	return [textOf(body, 'prompt') ?? '', ...texts].join('\n');
}

/** The refusal that the request earns, or undefined where every field is within its limits. */
export function checkRequest(family: Family, body: Body, rules: ModelRules): Refusal | undefined {
	const model = modelOf(family, body);
	const limits = family.models[model];
	if (limits === undefined || rules.retiredModels.includes(model)) {
		return refusal(
			rules.unknownModelCode,
			`model_name value '${model}' is invalid or not supported`,
		);
	}
	const text =
		checkPrompt(family, body) ??
		checkImageList(family, body) ??
		(family.isOmni
			? (checkFrames(body, limits) ?? checkShots(body, limits) ?? checkRatio(body))
			: undefined) ??
		oneOf(body, 'mode', family.modes) ??
		oneOf(body, 'duration', durationsOf(body, limits).map(String)) ??
		oneOf(body, 'aspect_ratio', ASPECT_RATIOS) ??
		watermark(body) ??
		httpUrl(body, 'callback_url') ??
		textWithin(body, 'external_task_id', MAX_PROMPT);
	return text === undefined ? undefined : refusal(1201, text);
}

function checkPrompt(family: Family, body: Body): string | undefined {
	const hasPrompt = textOf(body, 'prompt')?.trim();
	if (!hasPrompt && !(family.isOmni && isStoryboard(body))) return 'prompt can not be null';
	const negative = family.hasNegativePrompt
		? textWithin(body, 'negative_prompt', MAX_PROMPT)
		: undefined;
	return textWithin(body, 'prompt', MAX_PROMPT) ?? negative;
}

/** With shots of its own a request needs no prompt. */
function isStoryboard(body: Body): boolean {
	return body['multi_shot'] === true && body['shot_type'] === 'customize';
}

function checkImageList(family: Family, body: Body): string | undefined {
	const images = objects(body, 'image_list');
	if (typeof images === 'string') return images;
	if (images.length === 0 && family.imagesRequired) return 'image can not be null';
	const empty = images.some((image) => textOf(image, family.imageKey) === undefined);
	if (empty) return 'image can not be null';
	if (!family.isOmni) {
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
	return checkMentions(body, {
		image: images.length,
		element: elements.length,
		video: videos.length,
	});
}

/** What the images of an omni request are for; an empty type counts as none. */
function frameTypes(body: Body): unknown[] {
	const images = objects(body, 'image_list');
	if (typeof images === 'string') return [];
	return images.map((image) => image['type']).filter((type) => !absent(type) && type !== '');
}

function checkFrames(body: Body, limits: ModelLimits): string | undefined {
	const types = frameTypes(body);
	if (types.some((type) => type !== 'first_frame' && type !== 'end_frame'))
		return 'image type is invalid';
	const firsts = types.filter((type) => type === 'first_frame').length;
	const ends = types.length - firsts;
	if (firsts > 1 || ends > 1) return 'only one first_frame and one end_frame are supported';
	if (ends > firsts) return 'end_frame requires first_frame';
	const images = objects(body, 'image_list').length;
	const { maxImagesWithEndFrame: most = Infinity } = limits;
	if (ends > 0 && images > most) return `end_frame is not supported with more than ${most} images`;
	if (ends > 0 && body['multi_shot'] === true)
		return 'multi_shot does not support the start and end frames';
	return undefined;
}

/** Required but for a first frame or a video to edit, which give the shape themselves. */
function checkRatio(body: Body): string | undefined {
	const videos = objects(body, 'video_list');
	const isEdit = Array.isArray(videos) && videos.some((video) => video['refer_type'] === 'base');
	const hasShape = isEdit || frameTypes(body).includes('first_frame');
	const isGiven = !absent(body['aspect_ratio']) && body['aspect_ratio'] !== '';
	if (hasShape && isGiven) return 'aspect_ratio is not supported with first_frame or base video';
	return hasShape || isGiven ? undefined : 'aspect_ratio can not be null';
}

function durationsOf(body: Body, limits: ModelLimits): readonly number[] {
	const isFrameAlone =
		frameTypes(body).join() === 'first_frame' && objects(body, 'image_list').length === 1;
	return (isFrameAlone ? limits.firstFrameDurations : undefined) ?? limits.durations;
}

/** `<<<image_5>>>` with two images: no source says what happens; refused here, so that it is seen. */
function checkMentions(body: Body, counts: Record<string, number>): string | undefined {
	const mentions = promptsOf(body).matchAll(/<<<(image|element|video)_(\d+)>>>/g);
	for (const [mention, kind = '', position] of mentions) {
		const known = Number(position) >= 1 && Number(position) <= (counts[kind] ?? 0);
		if (!known) return `prompt refers to ${mention}, which is not in the request`;
	}
	return undefined;
}

function checkShots(body: Body, limits: ModelLimits): string | undefined {
	const sound = oneOf(body, 'sound', ['on', 'off']);
	if (sound !== undefined) return sound;
	if (absent(body['multi_shot']) || body['multi_shot'] === false) return undefined;
	if (body['multi_shot'] !== true) return 'multi_shot must be a boolean';
	if (!limits.hasShots) return 'multi_shot is not supported by the model';
	const type = textOf(body, 'shot_type');
	if (type === 'intelligence') return undefined;
	return type === 'customize' ? checkStoryboard(body) : `shot_type value '${type}' is invalid`;
}

function checkStoryboard(body: Body): string | undefined {
	const shots = objects(body, 'multi_prompt');
	if (typeof shots === 'string') return shots;
	if (shots.length < 1 || shots.length > MAX_SHOTS)
		return `multi_prompt must hold 1 to ${MAX_SHOTS} shots`;
	for (const [position, shot] of shots.entries()) {
		if (shot['index'] !== position + 1) return 'multi_prompt index is invalid';
		if (!textOf(shot, 'prompt')?.trim()) return 'multi_prompt prompt can not be null';
		const text = textWithin(shot, 'prompt', MAX_SHOT_PROMPT);
		if (text !== undefined) return text;
		if (!/^[1-9]\d*$/.test(textOf(shot, 'duration') ?? ''))
			return 'multi_prompt duration is invalid';
	}
	const together = shots.reduce((total, shot) => total + Number(shot['duration']), 0);
	const whole = Number(textOf(body, 'duration') ?? '5');
	return together === whole
		? undefined
		: `the shots last ${together} seconds, the task lasts ${whole}`;
}
