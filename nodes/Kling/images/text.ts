// Tells what a text stands for: a URL, a data: URI or Base64, whichever field it was pasted into.
import type { ImageSource } from './source';

type ReadText =
	Extract<ImageSource, { kind: 'url' | 'base64' }> | { kind: 'unclear'; what: string };

/** Where the next image of a list can begin: a URL, a data: URI, or the Base64 of a PNG or JPEG. */
const LIST_BREAK =
	/(?<!;base64\s*)\s*,\s*(?=https?:\/\/|data:|iVBORw0KGgo|\/9j\/)|\s+(?=https?:\/\/|data:)/i;
/** Shorter texts are names or words, not images. */
const SHORTEST_BASE64 = 24;

/** @param text blanks and quotes around it do not count */
export function readImageText(text: string): ReadText {
	const bare = unquote(text.trim());
	if (bare === '') return { kind: 'unclear', what: 'is empty' };
	if (/^https?:/i.test(bare)) return readUrl(bare);
	if (/^data:/i.test(bare)) return readDataUri(bare);
	if (looksLikeBase64(bare)) return { kind: 'base64', text: bare };
	const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(bare)?.[1];
	if (scheme) return { kind: 'unclear', what: `begins with ${scheme}:// instead of https://` };
	return { kind: 'unclear', what: `is neither a URL nor Base64: "${excerpt(bare)}"` };
}

/**
 * Splits a comma-separated list. A comma counts only where another image begins after it, so that
 * commas inside URLs and data: URIs stay.
 */
export function splitImageList(text: string): string[] {
	return text
		.split(LIST_BREAK)
		.map((part) => part.replace(/^[\s,]+|[\s,]+$/g, ''))
		.filter((part) => part !== '');
}

function readUrl(text: string): ReadText {
	if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
		return { kind: 'unclear', what: `is not a complete URL: "${excerpt(text)}"` };
	}
	if (/\shttps?:\/\//i.test(text)) {
		return { kind: 'unclear', what: 'holds several URLs: give each its own row' };
	}
	return { kind: 'url', url: new URL(text).href };
}

/** The declared type is not looked at: the content decides. */
function readDataUri(text: string): ReadText {
	const comma = text.indexOf(',');
	if (comma === -1 || !/;\s*base64\s*$/i.test(text.slice(0, comma))) {
		return { kind: 'unclear', what: 'is a data: URI without Base64 content' };
	}
	return { kind: 'base64', text: text.slice(comma + 1) };
}

function looksLikeBase64(text: string): boolean {
	return text.length >= SHORTEST_BASE64 && /^[A-Za-z0-9+/_=\s-]+$/.test(text.slice(0, 200));
}

function unquote(text: string): string {
	return /^(["'`]).*\1$/s.test(text) ? text.slice(1, -1).trim() : text;
}

function excerpt(text: string): string {
	const withoutQuery = text.split('?')[0] ?? '';
	return withoutQuery.length > 40 ? `${withoutQuery.slice(0, 40)}…` : withoutQuery;
}
