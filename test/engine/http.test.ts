// One attempt through n8n's own helper ends when its time is over, whatever the service does with the connection.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { IExecuteFunctions, INodeType } from 'n8n-workflow';

import type { ApiRequest, Outcome } from '../../nodes/Kling/api/client';
import { createSend } from '../../nodes/Kling/n8n/http';
import { removeUserFolder, runInEngine } from './support/core';

jest.setTimeout(60_000);

let server: Server;
let open = 0;
const dripping = new Set<NodeJS.Timeout>();

/** Sends a byte every 100 ms and never ends; `/head` sends not even the head. */
function drip(url: string | undefined, response: ServerResponse): void {
	if (url === '/head') return;
	response.writeHead(200, { 'Content-Type': 'application/json' });
	const timer = setInterval(() => response.write(' '), 100);
	dripping.add(timer);
	response.on('close', () => clearInterval(timer));
}

beforeAll(async () => {
	server = createServer(({ url }, response) => drip(url, response));
	server.on('connection', (socket) => {
		open += 1;
		socket.on('close', () => (open -= 1));
		socket.on('error', () => undefined);
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
	for (const timer of dripping) clearInterval(timer);
	server.closeAllConnections();
	await new Promise((done) => server.close(done));
	removeUserFolder();
});

const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Makes one attempt as the node does, inside a run of n8n's engine. */
async function attempt(request: Partial<ApiRequest> & { path?: string }, stopAfterMs?: number) {
	const { path = '/', ...changes } = request;
	let told: { outcome: Outcome; tookMs: number } | undefined;
	const nodeType: INodeType = {
		description: {
			displayName: 'Attempt',
			name: 'attempt',
			group: ['transform'],
			version: 1,
			description: '',
			defaults: {},
			inputs: ['main'],
			outputs: ['main'],
			credentials: [{ name: 'klingApi', required: true }],
			properties: [],
		},
		async execute(this: IExecuteFunctions) {
			const startedAt = performance.now();
			const outcome = await createSend(this)({
				method: 'GET',
				url: `${baseUrl()}${path}`,
				headers: {},
				timeoutMs: 1_500,
				...changes,
			});
			told = { outcome, tookMs: performance.now() - startedAt };
			return [[]];
		},
	};
	const credential = { provider: 'custom', apiKey: 'key', baseUrl: baseUrl() };
	await runInEngine({
		nodeType,
		parameters: {},
		credential,
		onStart: (stop) => {
			if (stopAfterMs !== undefined) setTimeout(stop, stopAfterMs);
		},
	});
	for (let round = 0; round < 100 && (told === undefined || open > 0); round++) {
		await new Promise((done) => setTimeout(done, 50));
	}
	if (told === undefined) throw new Error('the attempt did not end');
	return told;
}

it.each([
	['GET', '/'],
	['GET', '/head'],
	['POST', '/'],
] as const)('%s %s ends in time, and its connection is closed', async (method, path) => {
	const body = method === 'POST' ? '{}' : undefined;
	const { outcome, tookMs } = await attempt({ method, path, ...(body ? { body } : {}) });
	expect(outcome).toEqual({ kind: 'unknown', reason: expect.any(String) });
	expect(tookMs).toBeGreaterThan(1_300);
	expect(tookMs).toBeLessThan(6_000);
	expect(open).toBe(0);
});

it('a byte every now and then does not lengthen it', async () => {
	const { outcome } = await attempt({});
	expect(outcome).toEqual({ kind: 'unknown', reason: 'no whole answer within 1.5 s' });
});

it('Stop ends it at once', async () => {
	const { outcome, tookMs } = await attempt({ timeoutMs: 30_000 }, 700);
	expect(outcome.kind).toBe('unknown');
	expect(tookMs).toBeLessThan(5_000);
	expect(open).toBe(0);
});
