// Keys as people paste them, and keys kept out of everything that is shown.
const INVISIBLE = /[\u00AD\u200B-\u200F\u2028\u2029\u2060\uFEFF]/g;
const MASK = '***';
/** Shorter values would mask ordinary words. */
const SHORTEST_SECRET = 4;

/** What looks like a key, whoever's it is. */
const LOOKS_SECRET: ReadonlyArray<[RegExp, string]> = [
	[/\beyJ[\w-]{4,}(?:\.[\w-]*){1,2}/g, MASK],
	[/\bBearer\s+[^\s"'\\,;<>)\]}]+/gi, `Bearer ${MASK}`],
	[/api-key-kling-[\w.*-]+/gi, MASK],
	[/\bsk-[\w*.-]*[\w*-]/gi, MASK],
	[/\bwhsec_[\w+/=*-]+/g, MASK],
	[/\bbce-v3\/[\w/*-]+/g, MASK],
	[
		/\b(api[-_ ]?key|access[-_ ]?key|secret[-_ ]?key|authorization|password)("?\s*[:=]\s*"?)[^\s"',;&}]{8,}/gi,
		`$1$2${MASK}`,
	],
];

export type Redact = (text: string) => string;

/** Takes out characters that cannot be seen and that copying from a web page brings along. */
export function stripInvisible(text: string): string {
	return text.replace(INVISIBLE, '').replace(/\u00A0/g, ' ');
}

/**
 * A key without what surrounds it when pasted: blanks, line breaks, quotes, `Authorization:` and `Bearer`.
 * No key holds white space, so what a line break split is joined again.
 */
export function cleanKey(pasted: string): string {
	let key = stripInvisible(pasted).trim();
	for (let before = ''; before !== key;) {
		before = key;
		key = key
			.replace(/^["'`]+|["'`]+$/g, '')
			.replace(/^authorization\s*[:=]\s*/i, '')
			.replace(/^bearer(?:\s+|$)/i, '')
			.trim();
	}
	return key.replace(/\s+/g, '');
}

/**
 * Masks everything in `text` that is one of `secrets` or looks like a key, a token or a signing secret.
 *
 * @param secrets keys of the credential at hand; leave out where it is not known
 */
export function stripSecrets(text: string, secrets: readonly string[] = []): string {
	const known = secrets
		.filter((secret) => secret.length >= SHORTEST_SECRET)
		.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
		.sort((a, b) => b.length - a.length);
	const masked = known.reduce((words, secret) => words.replaceAll(secret, MASK), text);
	return LOOKS_SECRET.reduce((words, [pattern, mask]) => words.replace(pattern, mask), masked);
}

/** A masker for one credential. The keys live in its closure: they are never a field that could be printed. */
export function redactor(secrets: readonly string[]): Redact {
	return (text) => stripSecrets(text, secrets);
}
