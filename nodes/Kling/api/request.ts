// A video as the user asks for it, and the JSON that each family and gateway wants for it.
import type { Gateway } from './gateways';
import { modelRow, type Family } from './models';
import { parseJson } from './reply/json';

/** What an image is for; only omni models take more than references. */
export type ImageRole = 'reference' | 'first_frame' | 'end_frame';

/** One shot of a video that is cut from several. */
export interface Shot {
	prompt: string;
	/** How long it lasts. */
	seconds: number;
}

export interface VideoRequest {
	/** A model's name, never "auto". */
	model: string;
	/** In order; each a URL, or Base64 without a `data:` prefix. */
	images: readonly string[];
	/** By image; a missing one is a reference. */
	roles?: readonly ImageRole[];
	/** Not sent where the shots have prompts of their own. */
	prompt: string;
	/** Put references in front of a prompt that names no image. Default: true. */
	nameImages?: boolean;
	negativePrompt?: string;
	mode?: string;
	/** Seconds. */
	duration?: string | number;
	/** Not sent with a first frame: the video has its shape. */
	aspectRatio?: string;
	/** `auto`: the model cuts as it likes. Default: one shot. */
	shots?: 'auto' | readonly Shot[];
	watermark?: boolean;
	/** `on` or `off`; only where the model makes sound. */
	sound?: string;
	callbackUrl?: string;
	/** The idempotency key. */
	externalTaskId?: string;
	/** JSON text of an object whose members go into the body as they are. */
	additionalBodyFields?: string;
}

/**
 * The body of a create request, as JSON text. Holds only what was given; `duration` is always a string.
 *
 * @param request a request that `checkRequest` found nothing to say about
 * @see https://kling.ai/document-api "Multi-Image to Video": request body
 * @see https://docs.powertokens.ai/en/zmodelVideo/kling/kling-v3-omni-video-omni for shots and roles
 */
export function toBody(request: VideoRequest, family: Family, gateway: Gateway): string {
	const own = JSON.stringify(ownMembers(request, family, gateway));
	// As text, so that no digit of a long number is lost.
	const more = (request.additionalBodyFields ?? '').trim().slice(1, -1).trim();
	return more === '' ? own : `${own.slice(0, -1)},${more}}`;
}

/** The members that the node itself sets, the model first. */
export function ownMembers(
	request: VideoRequest,
	family: Family,
	gateway: Pick<Gateway, 'modelField'>,
): Record<string, unknown> {
	const { duration, watermark, roles = [] } = request;
	const row = modelRow(request.model);
	return {
		[gateway.modelField]: row.model,
		image_list: request.images.map((image, index) => ({
			[family.imageKey]: image,
			type: frameType(roles[index]),
		})),
		...promptMembers(request, family),
		negative_prompt:
			family.maxNegativePromptLength === undefined ? undefined : given(request.negativePrompt),
		mode: given(request.mode),
		duration: duration === undefined ? undefined : given(String(duration)),
		aspect_ratio: roles.includes('first_frame') ? undefined : given(request.aspectRatio),
		sound: row.sound ? given(request.sound) : undefined,
		watermark_info: watermark === undefined ? undefined : { enabled: watermark },
		callback_url: given(request.callbackUrl),
		external_task_id: given(request.externalTaskId),
	};
}

/** Fields that were given and that the gateway drops without a word, by the names of the node's parameters. */
export function droppedFields(
	request: Pick<VideoRequest, 'watermark' | 'negativePrompt'>,
	gateway: Gateway,
): Array<'watermark' | 'negativePrompt'> {
	const dropped: Array<'watermark' | 'negativePrompt'> = [];
	if (request.watermark === true && gateway.drops.includes('watermark_info'))
		dropped.push('watermark');
	if (given(request.negativePrompt) !== undefined && gateway.drops.includes('negative_prompt')) {
		dropped.push('negativePrompt');
	}
	return dropped;
}

/**
 * The text from which an idempotency key is made: the body that is sent, without the key itself and the
 * callback URL, which change from try to try.
 *
 * Money rule: it is made from the body, so no parameter can be forgotten here.
 *
 * @param request its images by URL, or by `sha256:` and the digest of their bytes
 */
export function fingerprintSource(request: VideoRequest, family: Family, gateway: Gateway): string {
	const lasting: VideoRequest = {
		...request,
		callbackUrl: undefined,
		externalTaskId: undefined,
	};
	return JSON.stringify(inOrder(parseJson(toBody(lasting, family, gateway))));
}

function promptMembers(request: VideoRequest, family: Family): Record<string, unknown> {
	const { shots } = request;
	const prompts = sentPrompts(request, family);
	if (shots === undefined) return { prompt: prompts[0] };
	if (shots === 'auto') {
		return { prompt: prompts[0], multi_shot: true, shot_type: 'intelligence' };
	}
	return {
		multi_shot: true,
		shot_type: 'customize',
		multi_prompt: shots.map(({ seconds }, index) => ({
			index: index + 1,
			prompt: prompts[index],
			duration: String(seconds),
		})),
	};
}

function frameType(role: ImageRole | undefined): ImageRole | undefined {
	return role === 'reference' ? undefined : role;
}

/** Objects with their members by name, so that the order in which a user writes them says nothing. */
function inOrder(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(inOrder);
	if (typeof value !== 'object' || value === null) return value;
	const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(members.map(([name, one]) => [name, inOrder(one)]));
}

function given(value: string | undefined): string | undefined {
	return value === undefined || value === '' ? undefined : value;
}

interface PromptReferences {
	/** The prompt as it is sent. */
	prompt: string;
	/** Numbers of images that the prompt names, ascending. */
	named: number[];
	/** Numbers of images that the prompt never names, ascending. */
	unnamed: number[];
	/** Numbers that the prompt names and that no image has, ascending. */
	outOfRange: number[];
}

/** What decides how a prompt is sent. Only the number of the images counts, so they may still be unread. */
type PromptFacts = Pick<VideoRequest, 'prompt' | 'roles' | 'nameImages' | 'shots'> & {
	images: { readonly length: number };
};

/** Letters of words and of e-mail addresses; Chinese and Japanese write no blanks, so theirs do not count. */
const WORD = '\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}\\p{Nd}_';
/** One or two digits: `@2024` is text. */
const SHORT_FORM = new RegExp(
	`(?<![${WORD}%+@-])@(\\d{1,2})(?![${WORD}@])(?!\\.[\\p{L}\\p{Nd}])`,
	'gu',
);
const RAW_FORM = /<<<\s*image_(\d+)\s*>>>/g;

/**
 * Turns `@1` into `<<<image_1>>>`. Raw references stay as they are, and so do numbers that no image has.
 *
 * @param prompt as the user wrote it
 * @param imageCount how many images are sent
 */
export function promptReferences(prompt: string, imageCount: number): PromptReferences {
	const isImage = (number: number) => number >= 1 && number <= imageCount;
	const seen = new Set<number>();
	const sent = prompt.replace(SHORT_FORM, (typed, digits: string) => {
		const number = Number(digits);
		seen.add(number);
		return isImage(number) ? `<<<image_${number}>>>` : typed;
	});
	for (const [, digits] of prompt.matchAll(RAW_FORM)) seen.add(Number(digits));
	const all = [...seen].sort((a, b) => a - b);
	return {
		prompt: sent,
		named: all.filter(isImage),
		unnamed: numbersTo(imageCount).filter((number) => !seen.has(number)),
		outOfRange: all.filter((number) => !isImage(number)),
	};
}

/** The prompts of a request as the user wrote them: one, or one per shot. */
export function promptsOf({ prompt, shots }: PromptFacts): string[] {
	return shots === undefined || shots === 'auto' ? [prompt] : shots.map((shot) => shot.prompt);
}

/**
 * The references that are put in front because the user names no image at all; none for frames, which
 * a model uses anyway.
 *
 * @returns the numbers of the images, ascending; empty where nothing is added
 */
export function addedReferences(request: PromptFacts, family: Family): number[] {
	const { images, roles = [], nameImages = true } = request;
	if (!family.namesImages || !nameImages) return [];
	const isNamed = promptsOf(request).some(
		(prompt) => promptReferences(prompt, images.length).named.length > 0,
	);
	if (isNamed) return [];
	return numbersTo(images.length).filter(
		(number) => (roles[number - 1] ?? 'reference') === 'reference',
	);
}

/** The prompts as they are sent: one, or one per shot. */
export function sentPrompts(request: PromptFacts, family: Family): string[] {
	return promptsOf(request).map((prompt) => sendable(prompt, request, family));
}

function sendable(prompt: string, request: PromptFacts, family: Family): string {
	if (!family.namesImages) return prompt;
	const added = addedReferences(request, family).map((number) => `<<<image_${number}>>>`);
	return [...added, promptReferences(prompt, request.images.length).prompt].join(' ');
}

function numbersTo(count: number): number[] {
	return Array.from({ length: count }, (_, index) => index + 1);
}
