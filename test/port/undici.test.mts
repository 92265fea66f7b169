// Proves the `Send` port with its second adapter: one attempt, and how it ended, against a real server.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { ApiRequest } from '../../nodes/Kling/api/client.ts';
import { createUndiciSend } from '../../lab/port/undici.mts';

interface Seen {
	method?: string;
	url?: string;
	authorization?: string;
	body: string;
}

const credentials = { provider: 'custom', baseUrl: 'http://127.0.0.1', apiKey: ' Bearer the-key ' };

describe('the undici adapter', { timeout: 30_000 }, () => {
	const seen: Seen[] = [];
	let base = '';
	const server = createServer((incoming, response) => void answer(incoming, response));

	async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		let body = '';
		for await (const chunk of incoming) body += String(chunk);
		const { method, url = '', headers } = incoming;
		seen.push({ method, url, authorization: headers.authorization, body });
		if (url === '/hang') return;
		if (url === '/reset') return void incoming.socket.destroy();
		if (url === '/half') {
			response.writeHead(200, { 'content-length': '100' }).write('{"code":0');
			return void setTimeout(() => incoming.socket.destroy(), 50);
		}
		if (url === '/moved') return void response.writeHead(302, { location: '/ok' }).end();
		response.writeHead(429, { 'Retry-After': '3', 'Content-Type': 'application/json' });
		response.end('{"code":1303,"id":866168216002236456}');
	}

	before(async () => {
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	after(() => {
		server.closeAllConnections();
		server.close();
	});

	const send = createUndiciSend(credentials);
	const asked = (path: string, changes: Partial<ApiRequest> = {}): ApiRequest => ({
		method: 'POST',
		url: `${base}${path}`,
		headers: { 'Content-Type': 'application/json' },
		body: '{"x":"字"}',
		timeoutMs: 5_000,
		...changes,
	});

	it('sends the body once, with the key, and gives the answer as text', async () => {
		seen.length = 0;
		assert.partialDeepStrictEqual(await send(asked('/ok')), {
			kind: 'answered',
			status: 429,
			headers: { 'retry-after': '3' },
			body: '{"code":1303,"id":866168216002236456}',
		});
		assert.deepEqual(seen, [
			{ method: 'POST', url: '/ok', authorization: 'Bearer the-key', body: '{"x":"字"}' },
		]);
	});

	it('does not follow a redirect', async () => {
		seen.length = 0;
		assert.partialDeepStrictEqual(await send(asked('/moved')), { kind: 'answered', status: 302 });
		assert.equal(seen.length, 1);
	});

	for (const path of ['/reset', '/half', '/hang']) {
		it(`calls ${path} unknown, after one attempt`, async () => {
			seen.length = 0;
			const outcome = await send(asked(path, { timeoutMs: 500 }));
			assert.equal(outcome.kind, 'unknown');
			assert.equal(seen.length, 1);
		});
	}

	it('calls a port that nobody listens on not sent', async () => {
		const free = createTcpServer();
		await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
		const { port } = free.address() as AddressInfo;
		await new Promise<void>((resolve) => free.close(() => resolve()));
		const outcome = await send(asked('', { url: `http://127.0.0.1:${port}/` }));
		assert.equal(outcome.kind, 'notSent');
	});

	it('calls a request without a key not sent', async () => {
		const outcome = await createUndiciSend({ ...credentials, apiKey: '' })(asked('/ok'));
		assert.equal(outcome.kind, 'notSent');
	});

	it('calls an address that is none not sent', async () => {
		assert.equal((await send(asked('', { url: 'nonsense' }))).kind, 'notSent');
	});
});
