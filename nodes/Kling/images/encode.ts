// Between bytes and Base64: the form that the service wants, and a strict reading of what users give.
import { createHash } from 'node:crypto';

type Decoded =
	| { kind: 'bytes'; bytes: Buffer }
	| { kind: 'tooBig'; bytes: number }
	| { kind: 'malformed'; reason: string };

/** Raw Base64 without a data: prefix, as the service asks for. */
export function encodeImage(bytes: Buffer): string {
	return bytes.toString('base64');
}

/** How many characters the Base64 of so many bytes has. */
export function encodedLength(bytes: number): number {
	return Math.ceil(bytes / 3) * 4;
}

/** SHA-256 of the content, in hex: stands for the image in the task's fingerprint. */
export function digestOf(content: Buffer | string): string {
	return createHash('sha256').update(content).digest('hex');
}

/**
 * Reads Base64 strictly: Node.js itself skips over whatever does not belong. Blanks, line breaks,
 * the URL-safe alphabet and missing padding are allowed (RFC 4648, sections 3.2, 4 and 5).
 *
 * @param text without a data: prefix
 * @param maxBytes a text that stands for more is not decoded
 */
export function decodeBase64(text: string, maxBytes: number): Decoded {
	const compact = /\s/.test(text) ? text.replace(/\s+/g, '') : text;
	const padding = /={0,2}$/.exec(compact)?.[0].length ?? 0;
	const letters = compact.length - padding;
	const bytes = Math.floor((letters * 3) / 4);
	if (letters % 4 === 1 || (padding > 0 && compact.length % 4 !== 0)) {
		return {
			kind: 'malformed',
			reason: `its length of ${compact.length} characters is impossible`,
		};
	}
	const alien = /[^A-Za-z0-9+/_-]/.exec(compact.slice(0, letters));
	if (alien) {
		return {
			kind: 'malformed',
			reason: `character ${alien.index + 1} ("${alien[0]}") does not belong to Base64`,
		};
	}
	if (bytes > maxBytes) return { kind: 'tooBig', bytes };
	return { kind: 'bytes', bytes: Buffer.from(compact, 'base64') };
}
