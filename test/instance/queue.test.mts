// Proves the lab's queue mode: runs on workers, parks on one process, resumes through the webhook process.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import { runOf } from '../../lab/instance/api/execution.mts';
import type { Client } from '../../lab/instance/client.mts';
import { eventually } from '../../lab/instance/eventually.mts';
import type { QueueN8n } from '../../lab/instance/queue.mts';
import { items, manualTrigger, sink, webhook, workflow } from '../../lab/instance/workflows.mts';
import { openQueueStage, throwaway, type Stage } from './stage.mts';

describe('the instance in queue mode', { timeout: 400_000 }, () => {
	let stage: Stage<QueueN8n>;
	let n8n: QueueN8n;
	let client: Client;

	before(async () => {
		stage = await openQueueStage();
		({ n8n, client } = stage);
	});

	after(async () => {
		await stage?.close();
	});

	const workerPids = (): number[] => n8n.workers.map((worker) => worker.pid());

	it('runs a manual run and a webhook run on the workers, files in the shared store', async () => {
		const manual = await client.createWorkflow(
			workflow([manualTrigger(), items([{ json: {} }]), throwaway({ doing: 'pass' })]),
		);
		const byHand = runOf(await client.runManually(manual), 'Throwaway').items[0];
		assert.ok(workerPids().includes(Number(byHand?.json.pid)));
		const file = await client.downloadBinary(byHand?.binary?.data?.id ?? '');
		assert.equal(file.toString(), 'file of pass');

		const published = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'pass' })]),
		);
		await client.publish(published);
		const execution = await client.waitForExecution(await client.startByWebhook(published));
		assert.ok(workerPids().includes(Number(runOf(execution, 'Throwaway').items[0]?.json.pid)));
	});

	it('parks on a worker and is resumed through the webhook process', async () => {
		const file = join(stage.folder, 'park');
		const saved = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'park', marker: file }), sink()]),
		);
		await client.publish(saved);
		const id = await client.startByWebhook(saved);
		await client.waitForExecution(id, ['waiting']);
		const resumeUrl = await readFile(file, 'utf8');
		assert.ok(resumeUrl.startsWith(`${n8n.webhookUrl}/webhook-waiting/`), resumeUrl);
		const { statusCode, body } = await request(resumeUrl, { method: 'POST' });
		await body.dump();
		assert.equal(statusCode, 200);
		const ended = await client.waitForExecution(id);
		assert.equal(ended.status, 'success');
		assert.equal(runOf(ended, 'Sink').items[0]?.json.pid, n8n.webhooks[0]?.pid());
	});

	it('goes on with the other worker when one is killed, and the killed one can come back', async () => {
		const file = join(stage.folder, 'hang');
		const hanging = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'hang', marker: file })]),
		);
		await client.publish(hanging);
		const id = await client.startByWebhook(hanging);
		await eventually('the node to run', 20_000, async () => existsSync(file));
		await n8n.killWorker(0);
		const passing = await client.createWorkflow(
			workflow([webhook(), throwaway({ doing: 'pass' })]),
		);
		await client.publish(passing);
		const execution = await client.waitForExecution(await client.startByWebhook(passing));
		assert.equal(runOf(execution, 'Throwaway').items[0]?.json.pid, n8n.workers[1]?.pid());
		await n8n.workers[0]?.restart();
		// Whichever is first: the worker that came back marks it as crashed, and then it cannot be stopped.
		await client.stopExecution(id).catch(async (refused: unknown) => {
			if ((await client.getExecution(id)).status !== 'crashed') throw refused;
		});
		const { status } = await client.waitForExecution(id);
		assert.ok(['canceled', 'crashed'].includes(status), status);
	});
});
