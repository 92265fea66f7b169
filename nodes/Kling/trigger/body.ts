// Takes the body of a call as it arrived, and no more of it than a callback can have.
import { MAX_CALLBACK_BYTES } from '../callbacks/read';

/** What n8n adds to the request: the raw bytes, once they were read, and a way to read them. */
export interface IncomingRequest {
	headers: Record<string, string | string[] | undefined>;
	query?: Record<string, unknown>;
	rawBody?: Uint8Array;
	readRawBody?: () => Promise<void>;
}

type Body =
	{ kind: 'bytes'; bytes: Uint8Array } | { kind: 'tooLarge' } | { kind: 'unreadable' };

/**
 * The length that the sender announces is judged before anything is read. A body sent without one
 * is read up to n8n's own limit (16 MB unless set otherwise). Never throws.
 */
export async function readBody(request: IncomingRequest): Promise<Body> {
	if (Number(request.headers['content-length']) > MAX_CALLBACK_BYTES) return { kind: 'tooLarge' };
	try {
		if (request.rawBody === undefined) await request.readRawBody?.();
	} catch (thrown) {
		return { kind: isLimit(thrown) ? 'tooLarge' : 'unreadable' };
	}
	const bytes = request.rawBody;
	if (bytes === undefined) return { kind: 'unreadable' };
	return bytes.byteLength > MAX_CALLBACK_BYTES ? { kind: 'tooLarge' } : { kind: 'bytes', bytes };
}

/** How the reader that n8n uses says that its limit was passed. */
function isLimit(thrown: unknown): boolean {
	return (
		typeof thrown === 'object' &&
		thrown !== null &&
		'type' in thrown &&
		thrown.type === 'entity.too.large'
	);
}
