// Proves that the lab's n8n is a real one that can be driven: boot, run, retry, stop, crash, park and resume.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import { runOf } from '../../lab/instance/api/execution.mts';
import type { Client } from '../../lab/instance/client.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import type { N8n } from '../../lab/instance/n8n.mts';
import { items, manualTrigger, sink, webhook, workflow } from '../../lab/instance/workflows.mts';
import { openStage, throwaway, type Stage } from './stage.mts';
import { THROWAWAY_NODE } from './throwaway.mts';

describe('the instance', { timeout: 300_000 }, () => {
	let stage: Stage<N8n>;
	let n8n: N8n;
	let client: Client;

	before(async () => {
		stage = await openStage();
		({ n8n, client } = stage);
	});

	after(async () => {
		await stage?.close();
	});

	const marker = (name: string): string => join(stage.folder, name);

	it('loads the package as a community node', async () => {
		const names = (await client.nodeTypes()).map(({ name }) => name);
		assert.ok(names.includes(THROWAWAY_NODE), `not among ${names.length} node types`);
	});

	it('runs a workflow by hand with several items, files and hints', async () => {
		const given = [{ json: { row: 'a' } }, { json: { row: 'b' } }];
		const saved = await client.createWorkflow(
			workflow([manualTrigger(), items(given), throwaway({ doing: 'pass' }), sink()]),
		);
		const execution = await client.runManually(saved);
		assert.equal(execution.status, 'success');
		const run = runOf(execution, 'Throwaway');
		assert.deepEqual(
			run.items.map(({ json }) => [json.row, json.index, json.mode]),
			[
				['a', 0, 'manual'],
				['b', 1, 'manual'],
			],
		);
		assert.deepEqual(run.hints, ['a hint']);
		assert.deepEqual(runOf(execution, 'Sink').items[1]?.pairedItem, { item: 1 });
		const file = await client.downloadBinary(run.items[0]?.binary?.data?.id ?? '');
		assert.equal(file.toString(), 'file of pass');
	});

	it('starts a published workflow through its webhook, until it is unpublished', async () => {
		const hook = webhook();
		const saved = await client.createWorkflow(workflow([hook, throwaway({ doing: 'pass' })]));
		await client.publish(saved);
		const execution = await client.waitForExecution(
			await client.startByWebhook(saved, { colour: 'red' }),
		);
		assert.equal(execution.mode, 'webhook');
		assert.deepEqual(runOf(execution, 'Webhook').items[0]?.json.body, { colour: 'red' });
		await client.unpublish(saved);
		assert.equal((await client.callWebhook(String(hook.parameters.path))).status, 404);
	});

	it('keeps a credential and tests it with a real request', async () => {
		const server = createServer((call, reply) => {
			reply.writeHead(call.headers.authorization === 'right' ? 200 : 401).end('{}');
		});
		await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
		try {
			const { port } = server.address() as AddressInfo;
			const data = { url: `http://127.0.0.1:${port}`, key: 'right' };
			const credential = await client.createCredential('Throwaway', 'throwawayApi', data);
			assert.equal((await client.testCredential(credential, data)).status, 'OK');
			const wrong = await client.testCredential(credential, { ...data, key: 'wrong' });
			assert.equal(wrong.status, 'Error');
		} finally {
			server.close();
			server.closeAllConnections();
		}
	});

	it("asks a node's list search", async () => {
		const { results } = await client.listSearch({
			node: THROWAWAY_NODE,
			method: 'colours',
			path: 'parameters.pick',
			parameters: {},
			filter: 're',
		});
		assert.deepEqual(
			results.map(({ value }) => value),
			['red', 'green'],
		);
	});

	it('retries an execution whose node threw, and the retry says so', async () => {
		const file = marker('retry');
		const saved = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'fail', marker: file })]),
		);
		await client.publish(saved);
		const first = await client.waitForExecution(await client.startByWebhook(saved));
		assert.equal(first.status, 'error');
		assert.match(first.error?.message ?? '', /no marker/);
		await writeFile(file, '');
		const second = await client.waitForExecution(await client.retryExecution(first.id));
		assert.equal(second.status, 'success');
		assert.equal(second.retryOf, first.id);
		assert.equal(runOf(second, 'Throwaway').items[0]?.json.mode, 'retry');
	});

	it('stops a running execution', async () => {
		const file = marker('stop');
		const saved = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'hang', marker: file })]),
		);
		await client.publish(saved);
		const id = await client.startByWebhook(saved);
		await eventually('the node to run', 20_000, async () => existsSync(file));
		await client.stopExecution(id);
		assert.equal((await client.waitForExecution(id)).status, 'canceled');
	});

	it('parks an execution and resumes it by a call, also after a restart', async () => {
		const file = marker('park');
		const saved = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'park', marker: file }), sink()]),
		);
		await client.publish(saved);
		const id = await client.startByWebhook(saved);
		const parked = await client.waitForExecution(id, ['waiting']);
		assert.ok(parked.waitTill && parked.waitTill > new Date());
		await n8n.restart();
		const resumeUrl = await readFile(file, 'utf8');
		const { statusCode, body } = await request(resumeUrl, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: '{"colour":"green"}',
		});
		assert.equal(statusCode, 200);
		assert.equal(await body.text(), '');
		const ended = await client.waitForExecution(id);
		assert.equal(ended.status, 'success');
		assert.deepEqual(runOf(ended, 'Sink').items[0]?.json.body, { colour: 'green' });
	});

	it('has a wait tracker that looks as often as it was asked to', async () => {
		const saved = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'nap' }), sink()]),
		);
		await client.publish(saved);
		const started = Date.now();
		const execution = await client.waitForExecution(await client.startByWebhook(saved));
		const tookMs = Date.now() - started;
		assert.equal(execution.status, 'success');
		assert.ok(tookMs >= 3_000 && tookMs < 12_000, `woken up after ${tookMs} ms`);
	});

	it('is killed as by a crash, marks what ran as crashed, and can retry it', async () => {
		const file = marker('crash');
		const saved = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'hang', marker: file })]),
		);
		await client.publish(saved);
		const id = await client.startByWebhook(saved);
		await eventually('the node to run', 20_000, async () => existsSync(file));
		await n8n.kill();
		await rm(file);
		await n8n.restart();
		assert.equal((await client.waitForExecution(id)).status, 'crashed');
		const retry = await client.retryExecution(id);
		await eventually('the node to run again', 20_000, async () => existsSync(file));
		assert.equal((await client.getExecution(retry)).mode, 'retry');
		await client.stopExecution(retry);
	});

	it('keeps its logs over restarts', () => {
		assert.equal(n8n.logs().match(/Editor is now accessible/g)?.length, 3);
	});
});
