// A service that keeps its answers alive with a byte now and then holds no execution for ever.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { openStage, runKling, sharedStage } from './stage.mts';

const stage = sharedStage(openStage);
/** A question is asked four times, a minute each, with short pauses. */
const LONGEST_MS = 4 * 60_000 + 45_000;

let server: Server;
let asked = 0;

before(async () => {
	server = createServer((_request, response) => {
		asked += 1;
		response.writeHead(200, { 'Content-Type': 'application/json' });
		const timer = setInterval(() => response.write(' '), 3_000);
		response.on('close', () => clearInterval(timer));
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
after(() => {
	server.closeAllConnections();
	server.close();
});

it('ends each question of Get Task after a minute, and the item with what to do next', async () => {
	const { port } = server.address() as AddressInfo;
	const baseUrl = `http://127.0.0.1:${port}/kling`;
	const credential = await stage.credential('official', { baseUrl });
	const began = Date.now();
	const taskId = { __rl: true, mode: 'id', value: '867283741759111202' };
	const parameters = { resource: 'task', operation: 'get', taskId, options: {} };
	const { execution } = await runKling(stage, parameters, { credential }, 2 * LONGEST_MS);
	assert.equal(execution.status, 'error');
	assert.ok(asked >= 1 && asked <= 4, `asked ${asked} times`);
	const tookMs = Date.now() - began;
	assert.ok(tookMs >= 60_000 && tookMs < LONGEST_MS, `it took ${tookMs} ms`);
});
