// The header in which a service asks for patience.

/** Longer waits are not meant for a client that holds its place. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/**
 * Reads `Retry-After`: seconds, or an HTTP date.
 *
 * @param headers of the answer, names in any case
 * @param nowMs Unix time in milliseconds
 * @returns milliseconds from now, never negative; undefined when the header is absent or unreadable
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs(headers: Record<string, string>, nowMs: number): number | undefined {
	const text = headerOf(headers, 'retry-after')?.trim() ?? '';
	if (text === '') return undefined;
	const wait = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
	if (!Number.isFinite(wait)) return undefined;
	return Math.min(Math.max(0, Math.ceil(wait)), LONGEST_MS);
}

function headerOf(headers: Record<string, string>, name: string): string | undefined {
	const found = Object.keys(headers).find((key) => key.toLowerCase() === name);
	return found === undefined ? undefined : headers[found];
}
