// Images named in a prompt: `@1` for people, `<<<image_1>>>` for the service.

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
	const named = all.filter(isImage);
	return {
		prompt: sent,
		named,
		unnamed: Array.from({ length: imageCount }, (_, index) => index + 1).filter(
			(number) => !seen.has(number),
		),
		outOfRange: all.filter((number) => !isImage(number)),
	};
}
