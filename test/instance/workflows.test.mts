// Proves that the workflow builders make what n8n understands: loops, branches, waits, sub-workflows, error branches.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runOf } from '../../lab/instance/api/execution.mts';
import type { Client } from '../../lab/instance/client.mts';
import type { N8n } from '../../lab/instance/n8n.mts';
import {
	callWorkflow,
	ifNode,
	inLine,
	items,
	loop,
	manualTrigger,
	node,
	sink,
	subworkflowTrigger,
	waitNode,
	webhook,
	workflow,
} from '../../lab/instance/workflows.mts';
import { openStage, type Stage } from './stage.mts';
import { THROWAWAY_NODE } from './throwaway.mts';

const rows = items([1, 2, 3].map((row) => ({ json: { row } })));

describe('the workflow builders', { timeout: 300_000 }, () => {
	let stage: Stage<N8n>;
	let client: Client;

	before(async () => {
		stage = await openStage();
		({ client } = stage);
	});

	after(async () => {
		await stage?.close();
	});

	it('loop over items, one run a batch, and go on when done', async () => {
		const work = node('Work', THROWAWAY_NODE, { doing: 'pass' });
		const wires = [
			...inLine(manualTrigger(), rows, loop()),
			{ from: 'Loop', output: 1, to: 'Work' },
			{ from: 'Work', to: 'Loop' },
			{ from: 'Loop', output: 0, to: 'Sink' },
		];
		const saved = await client.createWorkflow(
			workflow([manualTrigger(), rows, loop(), work, sink()], { wires }),
		);
		const execution = await client.runManually(saved);
		assert.equal(execution.nodes.Work?.length, 3);
		assert.equal(runOf(execution, 'Work', 1).items[0]?.json.row, 2);
		assert.equal(runOf(execution, 'Sink').items.length, 3);
	});

	it('part items by a condition, after a wait', async () => {
		const high = sink('High');
		const low = sink('Low');
		const line = [manualTrigger(), rows, waitNode(1), ifNode('={{ $json.row > 2 }}')];
		const wires = [
			...inLine(...line),
			{ from: 'If', output: 0, to: 'High' },
			{ from: 'If', output: 1, to: 'Low' },
		];
		const saved = await client.createWorkflow(workflow([...line, high, low], { wires }));
		const execution = await client.runManually(saved);
		assert.deepEqual(
			[runOf(execution, 'High').items.length, runOf(execution, 'Low').items.length],
			[1, 2],
		);
	});

	it('send what fails to the error branch', async () => {
		const work = node(
			'Work',
			THROWAWAY_NODE,
			{ doing: 'fail', marker: join(stage.folder, 'never') },
			{ onError: 'continueErrorOutput' },
		);
		const wires = [
			...inLine(manualTrigger(), rows, work, sink('Good')),
			{ from: 'Work', output: 1, to: 'Bad' },
		];
		const saved = await client.createWorkflow(
			workflow([manualTrigger(), rows, work, sink('Good'), sink('Bad')], { wires }),
		);
		const execution = await client.runManually(saved);
		assert.equal(execution.status, 'success');
		assert.match(String(runOf(execution, 'Bad').items[0]?.json.error), /no marker/);
		assert.equal(execution.nodes.Good, undefined);
	});

	it('call a sub-workflow and get its items', async () => {
		const child = await client.createWorkflow(
			workflow([subworkflowTrigger(), node('Work', THROWAWAY_NODE, { doing: 'pass' })]),
		);
		await client.publish(child);
		const parent = await client.createWorkflow(
			workflow([webhook(), rows, callWorkflow(child.id), sink()]),
		);
		await client.publish(parent);
		const execution = await client.waitForExecution(await client.startByWebhook(parent));
		assert.equal(execution.status, 'success');
		assert.equal(runOf(execution, 'Sink').items[2]?.json.index, 2);
	});
});
