// Guard rails: what users read in the editor and in messages follows n8n's guide.
import { filesIn, read } from './support/papers';
import { allFields, allOptions, allTexts, forms } from './support/visibleText';

describe('what users read in the editor', () => {
	it('avoids the words that n8n asks to avoid', () => {
		const bad = allTexts().filter(({ text }) =>
			/\b(errors?|problems?|failures?|mistakes?)\b/i.test(text),
		);
		expect(bad).toEqual([]);
	});

	it('avoids them in messages too', () => {
		const code = [...filesIn('nodes'), ...filesIn('credentials')].filter((file) =>
			file.endsWith('.ts'),
		);
		const bad = code.flatMap((file) =>
			sentencesIn(read(file))
				.filter((text) => /\b(errors?|problems?|failures?|mistakes?)\b/i.test(text))
				.map((text) => `${file}: ${text}`),
		);
		expect(bad).toEqual([]);
	});

	it('describes every field', () => {
		// n8n wants the event selector of a trigger without a tooltip, and has its own words for these groups.
		const silent = new Set([
			'Trigger On',
			'Resource',
			'Operation',
			'Options',
			'Additional Fields',
			'Filters',
		]);
		const undescribed = allFields().filter(
			({ field }) =>
				field.type !== 'notice' && !silent.has(field.displayName) && !field.description,
		);
		expect(undescribed.map(({ path: where }) => where)).toEqual([]);
	});

	it('describes every operation, in sentence case and without articles', () => {
		const operations = allOptions().filter(({ action }) => action !== undefined);
		for (const { action = '', description = '' } of operations) {
			expect(description.length).toBeGreaterThan(20);
			expect(action).toMatch(/^[A-Z][^A-Z]*$/);
			expect(action).not.toMatch(/\b(a|an|the)\b/);
		}
	});

	it('writes labels in title case', () => {
		const labels = [
			...forms.map(({ name }) => ({ path: name, name, value: undefined })),
			...allFields()
				.filter(({ field }) => field.type !== 'notice')
				.map(({ path: where, field }) => ({
					path: where,
					name: field.displayName,
					value: undefined,
				})),
			...allOptions(),
		];
		const wrong = labels.filter(({ name, value }) => name !== value && !isTitleCase(name));
		expect(wrong.map(({ path: where }) => where)).toEqual([]);
	});

	it('begins placeholders with "e.g."', () => {
		const placeholders = allFields().flatMap(({ path: where, field }) => [
			...(field.type === 'collection' ||
			field.type === 'fixedCollection' ||
			field.placeholder === undefined
				? []
				: [[where, field.placeholder]]),
			...(field.modes ?? [])
				.filter(({ type, placeholder }) => type !== 'list' && placeholder !== undefined)
				.map(({ displayName, placeholder }) => [`${where} › ${displayName}`, placeholder ?? '']),
		]);
		expect(placeholders.filter(([, text]) => !text?.startsWith('e.g. '))).toEqual([]);
	});
});

/** String literals of at least three words, without comments and without what is filled in. */
function sentencesIn(code: string): string[] {
	const bare = code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
	return [...bare.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)]
		.map(([literal]) => literal.slice(1, -1).replace(/\$\{[^}]*\}/g, '…'))
		.filter((text) => text.trim().split(/\s+/).length >= 3);
}

const SMALL_WORDS = new Set(
	'a an and as at but by for from in into nor of off on or per the to up via with'.split(' '),
);

/** Roughly: every word but small ones in the middle begins with a capital, a digit or a sign. */
function isTitleCase(label: string): boolean {
	const words = label.split(/[\s-]+/).filter((word) => /\p{L}/u.test(word));
	return words.every((word, index) => {
		const inTheMiddle = index > 0 && index < words.length - 1;
		return /^[^\p{Ll}]/u.test(word) || (inTheMiddle && SMALL_WORDS.has(word));
	});
}
