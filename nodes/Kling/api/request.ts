// A video as the user asks for it, and the JSON that each family and gateway wants for it.
import { createHash } from 'node:crypto';
import type { Gateway } from './gateways';
import { modelRow, type Family } from './models';
import { promptReferences } from './request/references';

export { checkRequest, codePoints, type RequestIssue } from './request/check';
export { promptReferences } from './request/references';
export { callbackUrlIssue, imageUrlIssue, isPrivateHost } from './request/urls';

export interface VideoRequest {
	/** `kling-v1-6` when empty. */
	model: string;
	/** In order; each a URL, or Base64 without a `data:` prefix. */
	images: readonly string[];
	prompt: string;
	negativePrompt?: string;
	mode?: string;
	/** Seconds. */
	duration?: string | number;
	aspectRatio?: string;
	watermark?: boolean;
	/** `on` or `off`; only where the model makes sound. */
	sound?: string;
	callbackUrl?: string;
	/** The idempotency key. */
	externalTaskId?: string;
}

/**
 * The body of a create request, as JSON text. Holds only what was given; `duration` is always a string.
 *
 * @param request a request that `checkRequest` found nothing to say about
 * @see https://kling.ai/document-api "Multi-Image to Video": request body
 */
export function toBody(request: VideoRequest, family: Family, gateway: Gateway): string {
	const { duration, watermark } = request;
	const row = modelRow(request.model);
	const sound = row.sound ? request.sound : undefined;
	return JSON.stringify({
		[gateway.modelField]: row.model,
		image_list: request.images.map((image) => ({ [family.imageKey]: image })),
		prompt: promptToSend(request, family),
		negative_prompt:
			family.maxNegativePromptLength === undefined ? undefined : given(request.negativePrompt),
		mode: given(request.mode),
		duration: duration === undefined ? undefined : given(String(duration)),
		aspect_ratio: given(request.aspectRatio),
		sound: given(sound),
		watermark_info: watermark === undefined ? undefined : { enabled: watermark },
		callback_url: given(request.callbackUrl),
		external_task_id: given(request.externalTaskId),
	});
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
 * The text from which an idempotency key is made: everything that changes the video, in a fixed order,
 * and nothing that does not (callback URL, external id). Images are given by URL, or by the digest of their bytes.
 */
export function fingerprintSource(request: VideoRequest): string {
	const { duration } = request;
	return JSON.stringify([
		modelRow(request.model).model,
		request.images.map(imageIdentity),
		request.prompt,
		given(request.negativePrompt) ?? null,
		given(request.mode) ?? null,
		duration === undefined ? null : String(duration),
		given(request.aspectRatio) ?? null,
		request.watermark ?? null,
		given(request.sound) ?? null,
	]);
}

/** The digest that stands for a Base64 image in `fingerprintSource`; may be given there in its place. */
export function imageDigest(base64: string): string {
	return `sha256:${createHash('sha256').update(base64).digest('hex')}`;
}

function imageIdentity(image: string): string {
	return /^(?:https?|sha256):/i.test(image) ? image : imageDigest(image);
}

function promptToSend(request: VideoRequest, family: Family): string {
	if (!family.namesImages) return request.prompt;
	return promptReferences(request.prompt, request.images.length).prompt;
}

function given(value: string | undefined): string | undefined {
	return value === undefined || value === '' ? undefined : value;
}
