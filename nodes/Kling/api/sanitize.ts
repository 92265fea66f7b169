// Makes a text of somebody else fit for messages and logs: cut, without secrets, on one line.

const MASK = '***';
/** Shorter values would mask ordinary words. */
const SHORTEST_SECRET = 4;
/** In characters. No pattern searches more of a text, so that a long one cannot hold n8n up. */
export const LONGEST_TEXT = 4_000;
/** In characters. A key that the cut divides is not recognised, so what stands before the cut goes, too. */
const LONGEST_KEY = 500;
/** In characters. */
const LONGEST_MESSAGE = 500;

/** What looks like a key, whoever's it is. */
const LOOKS_SECRET: ReadonlyArray<[RegExp, string]> = [
	// Takes what follows with or without a dot: searched for again at each `eyJ`, a long text took minutes.
	[/\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, MASK],
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

/**
 * Masks everything in `text` that is one of `secrets` or looks like a key, a token or a signing secret.
 * A text of more than `LONGEST_TEXT` characters is cut.
 *
 * @param secrets keys of the credential at hand; leave out where it is not known
 */
export function stripSecrets(text: string, secrets: readonly string[] = []): string {
	const known = secrets
		.filter((secret) => secret.length >= SHORTEST_SECRET)
		.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
		.sort((a, b) => b.length - a.length);
	const start = text.slice(0, LONGEST_TEXT);
	const masked = known.reduce((words, secret) => words.replaceAll(secret, MASK), start);
	const clean = LOOKS_SECRET.reduce(
		(words, [pattern, mask]) => words.replace(pattern, mask),
		masked,
	);
	return start.length < text.length ? `${clean.slice(0, -LONGEST_KEY)}…` : clean;
}

/** A masker for one credential. The keys live in its closure: they are never a field that could be printed. */
export function redactor(secrets: readonly string[]): Redact {
	return (text) => stripSecrets(text, secrets);
}

/** A service's words, without secrets, on one line and not longer than a message should be. */
export function sanitize(text: string, redact: Redact = stripSecrets): string {
	const line = redact(text).replace(/\s+/g, ' ').trim();
	return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}
