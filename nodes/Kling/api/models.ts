// The table of model families: endpoint, field names, limits. Adding a family means adding a row.
import type { Gateway } from './gateways';

export type FamilyName = 'multiImage' | 'omni';

type Mode = 'std' | 'pro' | '4k';
type AspectRatio = '16:9' | '9:16' | '1:1';
export type ImageType = 'png' | 'jpeg';

/** Limits of one reference image; a URL is checked by the service, binary and Base64 images before sending. */
export interface ImageLimits {
	maxBytes: number;
	/** Pixels of the shorter side. */
	minSide: number;
	/** Longer side divided by shorter side. */
	maxRatio: number;
	types: readonly ImageType[];
}

export interface Family {
	name: FamilyName;
	/** The last piece of `/v1/videos/…`. */
	path: 'multi-image2video' | 'omni-video';
	label: string;
	/** What the service calls the image inside an item of `image_list`. */
	imageKey: 'image' | 'image_url';
	maxImages: number;
	image: ImageLimits;
	/** In code points. */
	maxPromptLength: number;
	/** In code points; absent where the endpoint takes no negative prompt. */
	maxNegativePromptLength?: number;
	aspectRatios: readonly AspectRatio[];
	/** `<<<image_1>>>` in the prompt names an image, and an image may be the first or the last frame. */
	namesImages: boolean;
}

/** What differs from model to model within a family. */
export interface ModelRow {
	model: string;
	label: string;
	family: Family;
	modes: readonly Mode[];
	/** Seconds. */
	durations: readonly number[];
	/** Seconds, where the only image is the first frame; absent where that makes no difference. */
	firstFrameDurations?: readonly number[];
	/** With more images than this none may be the last frame; absent where there is no such limit. */
	maxImagesWithLastFrame?: number;
	/** Takes `sound`: `on` or `off`. */
	sound: boolean;
	/** Absent where the model makes one shot only. */
	shots?: ShotLimits;
}

interface ShotLimits {
	/** How many shots one video has at most. */
	max: number;
	/** In code points, of one shot. */
	maxPromptLength: number;
}

export const MEGABYTE = 1024 * 1024;
const RATIOS: readonly AspectRatio[] = ['16:9', '9:16', '1:1'];
const IMAGE: ImageLimits = {
	maxBytes: 10 * MEGABYTE,
	minSide: 300,
	maxRatio: 2.5,
	types: ['png', 'jpeg'],
};
const PLAIN_MODES: readonly Mode[] = ['std', 'pro'];
const ALL_MODES: readonly Mode[] = ['std', 'pro', '4k'];

export const families: Readonly<Record<FamilyName, Family>> = {
	/** @see https://kling.ai/document-api "Multi-Image to Video", legacy format */
	multiImage: {
		name: 'multiImage',
		path: 'multi-image2video',
		label: 'Multi-Image to Video',
		imageKey: 'image',
		maxImages: 4,
		image: IMAGE,
		maxPromptLength: 2500,
		maxNegativePromptLength: 2500,
		aspectRatios: RATIOS,
		namesImages: false,
	},
	/**
	 * Images, prompt, aspect ratio (required unless a first frame is given), watermark, callback, external id.
	 * The 50 MB that newer pages allow belong to the endpoints with the model in their path.
	 *
	 * Roles of images: `type` is `first_frame` or `end_frame`, and absent for a reference. A last frame needs
	 * a first one, and with a first frame the picture has its shape: no aspect ratio is sent.
	 *
	 * @see https://docs.anyfast.ai/api-reference/model-api/kuaishou/kling-v3-omni aspect ratio and first frame
	 * @see https://docs.powertokens.ai/en/zmodelVideo/kling/kling-v3-omni-video-omni roles, shots
	 * @see https://docs.fast-token.com/en/kling/video/KlingOmniVideo.html roles, durations
	 * @see https://doc.ezmodel.cloud/en/kling/omni-video.html
	 */
	omni: {
		name: 'omni',
		path: 'omni-video',
		label: 'Omni Video',
		imageKey: 'image_url',
		maxImages: 7,
		image: IMAGE,
		maxPromptLength: 2500,
		aspectRatios: RATIOS,
		namesImages: true,
	},
};

const kling16: ModelRow = {
	model: 'kling-v1-6',
	label: 'Kling 1.6',
	family: families.multiImage,
	modes: PLAIN_MODES,
	durations: [5, 10],
	sound: false,
};

/**
 * 4K, 3 to 15 s, sound on or off. Shots (`multi_shot`, `shot_type`, `multi_prompt`): 1 to 6 of 512 characters,
 * at least 1 s each, together as long as the video; not together with a first or last frame.
 *
 * @see https://kling.ai/document-api/api/video/3-0-omni/video-omni
 * @see https://docs.powertokens.ai/en/zmodelVideo/kling/kling-v3-omni-video-omni multi_prompt
 * @see https://docs.comfy.org/zh/development/comfy-router/models/kling/kling-v3-omni/code multi_prompt
 */
const kling3Omni: ModelRow = {
	model: 'kling-v3-omni',
	label: 'Kling 3.0 Omni',
	family: families.omni,
	modes: ALL_MODES,
	durations: seconds(3, 15),
	sound: true,
	shots: { max: 6, maxPromptLength: 512 },
};

/**
 * No 4K, no sound of its own, one shot, 3 to 10 s (5 or 10 s from a first frame alone), no last frame with
 * more than two images.
 *
 * @see https://kling.ai/document-api/api/video/o1/video-omni
 * @see https://github.com/WHQ25/rawgenai/blob/b3f9cef/docs/research/kling/omni-video-o1.md last frame, durations
 * @see https://apidoc.cometapi.com/api/video/kling/omni-video durations
 */
const klingO1: ModelRow = {
	model: 'kling-video-o1',
	label: 'Kling O1',
	family: families.omni,
	modes: PLAIN_MODES,
	durations: seconds(3, 10),
	firstFrameDurations: [5, 10],
	maxImagesWithLastFrame: 2,
	sound: false,
};

/** The models that the form offers; any other name can be typed. */
export const knownModels: readonly ModelRow[] = [kling3Omni, klingO1, kling16];

/** The form's value for "what the provider sells today". */
export const AUTOMATIC_MODEL = 'auto';

/**
 * The model that a request is made with. Key and fingerprint are made from it, never from "auto".
 *
 * @param picked what the form holds; empty counts as automatic
 */
export function resolveModel(picked: string, gateway: Pick<Gateway, 'defaultModel'>): string {
	const name = picked.trim();
	return isAutomatic(name) ? gateway.defaultModel : name;
}

/** True where the node is to choose the model. */
export function isAutomatic(picked: string): boolean {
	return ['', AUTOMATIC_MODEL].includes(picked.trim().toLowerCase());
}

/** The family whose endpoint a model belongs to; names that say neither go to multi-image. */
export function familyOf(model: string): Family {
	return /omni|video-o\d/i.test(model) ? families.omni : families.multiImage;
}

/** The row of a model; a model that is not in the table may use what the widest of its family can. */
export function modelRow(model: string): ModelRow {
	const name = model.trim();
	const known = knownModels.find((row) => row.model === name.toLowerCase());
	if (known !== undefined) return known;
	const widest = familyOf(name).name === 'omni' ? kling3Omni : kling16;
	return { ...widest, model: name, label: name };
}

/**
 * What to know before paying for a model that Kling's partners report as retired.
 * Gateways still sell it, so only Kling's own providers get the hint.
 *
 * @see https://github.com/Comfy-Org/docs/pull/1326 "EOL date: 2026-09-15 for V1.5/V1.6/…"
 */
export function retirementHint(
	model: string,
	gateway: Pick<Gateway, 'official'>,
): string | undefined {
	if (!gateway.official || modelRow(model).model !== kling16.model) return undefined;
	return `Kling's partners report that ${kling16.model} was retired on 2026-09-15; pick ${kling3Omni.model} or ${klingO1.model} instead`;
}

function seconds(from: number, to: number): number[] {
	return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
