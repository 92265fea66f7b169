// The two model families: path, models, and what each field may hold.

export type FamilyName = 'multi-image2video' | 'omni-video';

export interface Family {
	readonly name: FamilyName;
	readonly defaultModel: string;
	readonly models: Readonly<Record<string, ModelLimits>>;
	readonly imageKey: 'image' | 'image_url';
	readonly imagesRequired: boolean;
	readonly maxImages: number;
	/** With a reference video; equal to maxImages where there is no such thing. */
	readonly maxImagesBesideVideo: number;
	readonly modes: readonly string[];
	readonly hasNegativePrompt: boolean;
	/** References by `<<<…>>>`, frames, shots, sound. */
	readonly isOmni: boolean;
}

/**
 * What one model takes.
 *
 * @see https://docs.powertokens.ai/en/zmodelVideo/kling/kling-v3-omni-video-omni
 * @see https://docs.fast-token.com/en/kling/video/KlingOmniVideo.html
 * @see https://doc.ezmodel.cloud/en/kling/omni-video.html which model makes shots
 * @see https://github.com/WHQ25/rawgenai/blob/b3f9cef/docs/research/kling/omni-video-o1.md
 */
export interface ModelLimits {
	/** Seconds. */
	readonly durations: readonly number[];
	/** Seconds, where a first frame is the only reference. */
	readonly firstFrameDurations?: readonly number[];
	/** More images than this forbid a last frame. */
	readonly maxImagesWithEndFrame?: number;
	readonly hasShots: boolean;
}

export const ASPECT_RATIOS = ['16:9', '9:16', '1:1'] as const;
export type AspectRatio = (typeof ASPECT_RATIOS)[number];

export const MAX_PROMPT = 2500;
export const MAX_SHOTS = 6;
export const MAX_SHOT_PROMPT = 512;

export const families: Readonly<Record<FamilyName, Family>> = {
	'multi-image2video': {
		name: 'multi-image2video',
		defaultModel: 'kling-v1-6',
		models: { 'kling-v1-6': { durations: [5, 10], hasShots: false } },
		imageKey: 'image',
		imagesRequired: true,
		maxImages: 4,
		maxImagesBesideVideo: 4,
		modes: ['std', 'pro'],
		hasNegativePrompt: true,
		isOmni: false,
	},
	'omni-video': {
		name: 'omni-video',
		defaultModel: 'kling-video-o1',
		models: {
			'kling-video-o1': {
				durations: seconds(3, 10),
				firstFrameDurations: [5, 10],
				maxImagesWithEndFrame: 2,
				hasShots: false,
			},
			'kling-v3-omni': { durations: seconds(3, 15), hasShots: true },
		},
		imageKey: 'image_url',
		imagesRequired: false,
		maxImages: 7,
		maxImagesBesideVideo: 4,
		modes: ['std', 'pro', '4k'],
		hasNegativePrompt: false,
		isOmni: true,
	},
};

/** The family that a path piece names, or undefined. */
export function familyOf(piece: string): Family | undefined {
	return Object.values(families).find(({ name }) => name === piece);
}

function seconds(from: number, to: number): number[] {
	return Array.from({ length: to - from + 1 }, (_, step) => from + step);
}
