// Images named in a prompt: `@1` for people, `<<<image_1>>>` for the service.
import type { Family } from '../models';
import type { VideoRequest } from '../request';

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
export type PromptFacts = Pick<VideoRequest, 'prompt' | 'roles' | 'nameImages' | 'shots'> & {
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
