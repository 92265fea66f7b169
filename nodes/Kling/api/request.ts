// A video as the user asks for it, and the JSON that each family and gateway wants for it.
import { createHash } from 'node:crypto';
import type { Gateway } from './gateways';
import { modelRow, type Family } from './models';
import { parseJson } from './reply/json';
import { sentPrompts } from './request/prompt';

export { callbackUrlIssue, imageUrlIssue, isPrivateHost } from './request/urls';

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
 * callback URL, which change from try to try. Images stand there by URL, or by the digest of their bytes.
 *
 * Money rule: it is made from the body, so no parameter can be forgotten here.
 */
export function fingerprintSource(request: VideoRequest, family: Family, gateway: Gateway): string {
	const lasting: VideoRequest = {
		...request,
		images: request.images.map(imageIdentity),
		callbackUrl: undefined,
		externalTaskId: undefined,
	};
	return JSON.stringify(inOrder(parseJson(toBody(lasting, family, gateway))));
}

/** The digest that stands for a Base64 image in `fingerprintSource`; may be given there in its place. */
export function imageDigest(base64: string): string {
	return `sha256:${createHash('sha256').update(base64).digest('hex')}`;
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

function imageIdentity(image: string): string {
	return /^(?:https?|sha256):/i.test(image) ? image : imageDigest(image);
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
