// JSON text of a service, read so that no digit of a long number is lost.
import type { JsonObject } from '../task';

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BYTE_ORDER_MARK = /^\uFEFF/;
const LONG_INTEGER = /^-?\d{16,}$/;
const [QUOTE, BACKSLASH, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2d, 0x30, 0x39];

/**
 * Parses JSON text. Integers beyond 2^53, which some gateways use for ids, come out as strings of their digits.
 *
 * @returns undefined when the text is not JSON; never throws
 */
export function parseJson(text: string): unknown {
	const bare = text.replace(BYTE_ORDER_MARK, '');
	const plain = plainJson(bare);
	if (plain === undefined || !/\d{16}/.test(bare)) return plain;
	return plainJson(withQuotedIntegers(bare));
}

/** Written as a loop, because one pattern for strings and numbers overflows its stack on long texts. */
function withQuotedIntegers(json: string): string {
	const parts: string[] = [];
	let copied = 0;
	for (let at = 0; at < json.length; at++) {
		const char = json.charCodeAt(at);
		if (char === QUOTE) {
			// Digits inside a string are left alone.
			for (at++; at < json.length && json.charCodeAt(at) !== QUOTE; at++) {
				if (json.charCodeAt(at) === BACKSLASH) at++;
			}
		} else if (char === MINUS || (char >= ZERO && char <= NINE)) {
			NUMBER.lastIndex = at;
			const token = NUMBER.exec(json)?.[0] ?? '-';
			if (LONG_INTEGER.test(token) && !Number.isSafeInteger(Number(token))) {
				parts.push(json.slice(copied, at), `"${token}"`);
				copied = at + token.length;
			}
			at += token.length - 1;
		}
	}
	return parts.join('') + json.slice(copied);
}

/** Parses JSON text as Node.js does; undefined when it is none. */
export function plainJson(text: string): unknown {
	try {
		return JSON.parse(text.replace(BYTE_ORDER_MARK, '')) as unknown;
	} catch {
		return undefined;
	}
}

/** The value as a JSON object; text that holds one counts, because gateways store replies as text. */
export function asObject(value: unknown): JsonObject | undefined {
	const parsed = typeof value === 'string' && /^\s*\{/.test(value) ? parseJson(value) : value;
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
	return parsed as JsonObject;
}

/** The objects of an array; anything else counts as none. */
export function asObjects(value: unknown): JsonObject[] {
	if (!Array.isArray(value)) return [];
	return value.map(asObject).filter((item) => item !== undefined);
}

/** A member of an object's own: `constructor` and its like are not members of a reply. */
export function member(object: JsonObject | undefined, key: string): unknown {
	return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Text that says something, or undefined; numbers count as their digits where all are certain. */
export function asText(value: unknown): string | undefined {
	if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
	if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
	// A number that was parsed elsewhere may have lost digits: a wrong id is worse than none.
	if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
	return String(value);
}

/** The first of several members that says something. */
export function firstText(object: JsonObject, keys: readonly string[]): string | undefined {
	for (const key of keys) {
		const text = asText(member(object, key));
		if (text !== undefined) return text;
	}
	return undefined;
}
