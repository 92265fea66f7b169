// What the emulator answers with, as data, and how it is written to a socket.
import type { ServerResponse } from 'node:http';

export interface Reply {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** A value to send as JSON, or a text with a content type of its own in `headers`. */
	readonly body: unknown;
}

/** A JSON reply. */
export function json(status: number, body: unknown, headers?: Record<string, string>): Reply {
	return headers === undefined ? { status, body } : { status, body, headers };
}

/** A reply that is not JSON. */
export function text(status: number, contentType: string, body: string): Reply {
	return { status, body, headers: { 'content-type': contentType } };
}

/** Writes the reply; resolves when it was handed to the network or the caller has gone. */
export function write(response: ServerResponse, reply: Reply): Promise<void> {
	const isText = typeof reply.body === 'string';
	const payload = Buffer.from(isText ? String(reply.body) : JSON.stringify(reply.body));
	response.writeHead(reply.status, {
		...(isText ? {} : { 'content-type': 'application/json; charset=utf-8' }),
		'content-length': payload.length,
		...reply.headers,
	});
	return new Promise((resolve) => {
		response.once('close', resolve);
		response.end(payload, () => resolve());
	});
}
