// One session with n8n's editor API: cookie, JSON, answers checked by a schema.
import { Agent, fetch } from 'undici';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** Retrying an execution answers only when the retry has ended, which may take minutes. */
const PATIENCE_MS = 20 * 60_000;
/** n8n sometimes refuses a connection shortly after it reported to be ready. */
const REFUSED_TRIES = 15;

const failureAnswer = z.object({ message: z.string() });

/** An answer of n8n with a status other than 2xx. */
export class RestFailure extends Error {
	readonly status: number;

	constructor(call: string, status: number, text: string) {
		super(`${call} answered ${status}: ${messageOf(text)}`);
		this.status = status;
	}
}

interface Call {
	method?: string;
	path: string;
	body?: unknown;
	headers?: Record<string, string>;
}

export interface RestSession {
	/** Sends a request and returns the `data` of the answer, read by the schema. */
	call<T>(schema: z.ZodType<T, z.ZodTypeDef, unknown>, call: Call): Promise<T>;
	/** Sends a request and returns the bytes of the answer. */
	download(path: string): Promise<Buffer>;
	close(): Promise<void>;
}

/** Starts a session that remembers n8n's login cookie. */
export function openSession(url: string): RestSession {
	const dispatcher = new Agent({ headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });
	let cookie = '';

	async function send({ method = 'GET', path, body, headers = {} }: Call) {
		const response = await withPatience(() =>
			fetch(`${url}${path}`, {
				method,
				dispatcher,
				headers: {
					...(cookie && { cookie }),
					...(body !== undefined && { 'content-type': 'application/json' }),
					...headers,
				},
				body: body === undefined ? undefined : JSON.stringify(body),
			}),
		);
		const login = response.headers.getSetCookie().find((line) => line.startsWith('n8n-auth='));
		if (login) cookie = login.split(';')[0] ?? '';
		if (response.ok) return response;
		throw new RestFailure(`${method} ${path}`, response.status, await response.text());
	}

	return {
		async call(schema, call) {
			const text = await (await send(call)).text();
			const answer: unknown = text === '' ? undefined : JSON.parse(text);
			const wrapped = z.object({ data: z.unknown() }).safeParse(answer);
			return schema.parse(wrapped.success ? wrapped.data.data : answer);
		},
		download: async (path) => Buffer.from(await (await send({ path })).arrayBuffer()),
		close: async () => await dispatcher.destroy(),
	};
}

/** Tries again while the connection is refused: such a request was never sent. */
async function withPatience<T>(attempt: () => Promise<T>): Promise<T> {
	for (let tries = 1; ; tries++) {
		try {
			return await attempt();
		} catch (error) {
			if (tries === REFUSED_TRIES || !isRefused(error)) throw error;
			await sleep(200);
		}
	}
}

function isRefused(error: unknown): boolean {
	const cause = error instanceof Error ? error.cause : undefined;
	return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

function messageOf(text: string): string {
	try {
		const answer = failureAnswer.safeParse(JSON.parse(text));
		return answer.success ? answer.data.message : text.slice(0, 300);
	} catch {
		return text.slice(0, 300);
	}
}
