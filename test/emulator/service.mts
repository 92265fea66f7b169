// What the emulator's own tests share: a started emulator that ends with its test, and calls through undici.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { request } from 'undici';
import {
	startEmulator,
	type Emulator,
	type EmulatorOptions,
} from '../../lab/emulator/emulator.mts';
import { dialects } from '../../lab/emulator/dialects/table.mts';
import { NOTHING_RETIRED } from '../../lab/emulator/settings.mts';

/** An emulator whose tasks only end when a test says so, closed when the test ends. */
export async function started(test: TestContext, options: EmulatorOptions = {}): Promise<Emulator> {
	const emulator = await startEmulator({ lifetimeMs: 3_600_000, ...NOTHING_RETIRED, ...options });
	test.after(() => emulator.close());
	return emulator;
}

export interface Answer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly text: string;
	/** The body as JSON, seen as nested records. */
	readonly json: Nested;
}

/** A JSON value that a test reads into without ceremony; what is not there is undefined. */
interface Nested {
	readonly value: unknown;
	at(...path: ReadonlyArray<string | number>): unknown;
}

interface Caller {
	(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** Calls a dialect's `/v1/videos/…` with the right authorization. */
export function callerOf(emulator: Emulator, dialect = 'official'): Caller {
	const scheme = dialects.find(({ name }) => name === dialect)?.authScheme;
	const key = emulator.keys.apiKey;
	const authorization = scheme === 'none' ? key : `Bearer ${key}`;
	return (method, path, body, headers = {}) =>
		call(`${emulator.baseUrl(dialect)}/v1/videos/${path}`, method, body, {
			authorization,
			...headers,
		});
}

/** One HTTP call; a body that is no string is sent as JSON. */
export async function call(
	url: string,
	method = 'GET',
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
	const typed = payload === undefined ? {} : { 'content-type': 'application/json' };
	const answer = await request(url, {
		method,
		headers: { ...typed, ...headers },
		body: payload ?? null,
	});
	const text = await answer.body.text();
	return { status: answer.statusCode, headers: answer.headers, text, json: nested(text) };
}

/** A good request of the multi-image family; `changes` replace fields. */
export async function goodRequest(
	changes: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
	const dog = await sampleImage('dog.png');
	return {
		model_name: 'kling-v1-6',
		image_list: [{ image: dog }],
		prompt: 'The dog runs',
		...changes,
	};
}

/** A sample image as raw Base64. */
export async function sampleImage(name: string): Promise<string> {
	const file = new URL(`../../lab/emulator/samples/images/${name}`, import.meta.url);
	return (await readFile(file)).toString('base64');
}

/** Submits and gives the task id, wherever the dialect puts it. */
export async function submitted(
	caller: Caller,
	changes: Record<string, unknown> = {},
): Promise<string> {
	const answer = await caller('POST', 'multi-image2video', await goodRequest(changes));
	assert.equal(answer.status, 200, answer.text);
	const id = answer.json.at('data', 'task_id') ?? answer.json.at('task_id');
	assert.equal(typeof id, 'string', answer.text);
	return String(id);
}

/** A JWT; `secret` signs it. */
export function jwt(
	claims: Record<string, unknown>,
	secret: string,
	header: Record<string, unknown> = { alg: 'HS256', typ: 'JWT' },
): string {
	const content = [header, claims]
		.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
		.join('.');
	return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

export interface Received {
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly text: string;
	readonly json: Nested;
}

/** A receiver of callbacks; `answerWith` gives the status for the nth call, 200 if left out. */
export async function receiver(
	test: TestContext,
	answerWith: (nth: number) => number = () => 200,
): Promise<{ url: string; received: Received[]; statuses(): unknown[] }> {
	const received: Received[] = [];
	const server = createServer(async (incoming, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
		const text = Buffer.concat(chunks).toString('utf8');
		received.push({ headers: incoming.headers, text, json: nested(text) });
		response.writeHead(answerWith(received.length)).end();
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	test.after(() => {
		server.close();
		server.closeAllConnections();
	});
	const address = server.address();
	assert(typeof address === 'object' && address !== null);
	return {
		url: `http://127.0.0.1:${address.port}/hook?token=of-the-receiver`,
		received,
		statuses: () => received.map(({ json }) => json.at('task_status')),
	};
}

function nested(text: string): Nested {
	const value = parsed(text);
	return { value, at: (...path) => path.reduce<unknown>(into, value) };
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function into(value: unknown, piece: string | number): unknown {
	if (typeof value !== 'object' || value === null) return undefined;
	return new Map<string, unknown>(Object.entries(value)).get(String(piece));
}
