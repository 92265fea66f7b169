// Reads a request body within a bound and drops what is over it.
import type { IncomingMessage } from 'node:http';

export const MAX_BODY_BYTES = 128 * 1024 * 1024;

export type BodyRead =
	| { readonly kind: 'read'; readonly bytes: Buffer }
	| { readonly kind: 'tooLarge' }
	| { readonly kind: 'aborted' };

/** Reads the whole body; a caller that goes away gives `aborted`. */
export async function readBody(
	request: IncomingMessage,
	limit = MAX_BODY_BYTES,
): Promise<BodyRead> {
	const chunks: Buffer[] = [];
	let size = 0;
	try {
		for await (const chunk of request) {
			const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
			size += bytes.length;
			if (size > limit) return { kind: 'tooLarge' };
			chunks.push(bytes);
		}
	} catch {
		return { kind: 'aborted' };
	}
	return { kind: 'read', bytes: Buffer.concat(chunks, size) };
}

export type JsonRead =
	| { readonly kind: 'json'; readonly value: unknown; readonly bytes: number }
	| Exclude<BodyRead, { kind: 'read' }>;

/** Reads a body as JSON and lets its bytes go; the value is undefined where it is none. */
export async function readJson(request: IncomingMessage): Promise<JsonRead> {
	const read = await readBody(request);
	if (read.kind !== 'read') return read;
	return { kind: 'json', value: parseJson(read.bytes.toString('utf8')), bytes: read.bytes.length };
}

/** The value of a JSON text, or undefined where it is none. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
