// The two model families: path, models, and what each field may hold (fact sheet 1.3 and 1.6).

export type FamilyName = 'multi-image2video' | 'omni-video';

export interface Family {
	readonly name: FamilyName;
	readonly defaultModel: string;
	/** Durations in seconds that each model takes. */
	readonly models: Readonly<Record<string, readonly number[]>>;
	readonly imageKey: 'image' | 'image_url';
	readonly imagesRequired: boolean;
	readonly maxImages: number;
	/** With a reference video; equal to maxImages where there is no such thing. */
	readonly maxImagesBesideVideo: number;
	readonly modes: readonly string[];
	readonly hasNegativePrompt: boolean;
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
		models: { 'kling-v1-6': [5, 10] },
		imageKey: 'image',
		imagesRequired: true,
		maxImages: 4,
		maxImagesBesideVideo: 4,
		modes: ['std', 'pro'],
		hasNegativePrompt: true,
		hasShots: false,
	},
	'omni-video': {
		name: 'omni-video',
		defaultModel: 'kling-video-o1',
		models: { 'kling-video-o1': seconds(3, 10), 'kling-v3-omni': seconds(3, 15) },
		imageKey: 'image_url',
		imagesRequired: false,
		maxImages: 7,
		maxImagesBesideVideo: 4,
		modes: ['std', 'pro', '4k'],
		hasNegativePrompt: false,
		hasShots: true,
	},
};

/** The family that a path piece names, or undefined. */
export function familyOf(piece: string): Family | undefined {
	return Object.values(families).find(({ name }) => name === piece);
}

function seconds(from: number, to: number): number[] {
	return Array.from({ length: to - from + 1 }, (_, step) => from + step);
}
