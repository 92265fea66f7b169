// Each example workflow as a file: its note, its nodes and wires, and nothing of anybody's instance in it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exampleNames, readExample } from '../../lab/demo/example.mts';

const OURS = /^n8n-nodes-kling-video\.(kling|klingTool|klingTrigger)$/;
const BUILT_IN = /^(n8n-nodes-base|@n8n\/n8n-nodes-langchain)\./;

describe('every example', async () => {
	for (const name of await exampleNames()) {
		const workflow = await readExample(name);

		it(`${name} opens with a note that says what to change and what it costs`, () => {
			const [first] = workflow.nodes;
			assert.equal(first?.type, 'n8n-nodes-base.stickyNote');
			const content = String(first?.parameters.content);
			assert.match(content, /\*\*Costs:\*\*/);
			assert.match(content, /\*\*Before you (run|use) it\*\*/);
		});

		it(`${name} leaves the model to the node, or says that the provider has to sell it`, () => {
			const content = String(workflow.nodes[0]?.parameters.content);
			for (const { type, parameters } of workflow.nodes) {
				if (!/\.kling(Tool)?$/.test(type) || parameters.operation !== 'submit') continue;
				const { value } = parameters.model as { value: string };
				assert.ok(value === 'auto' || content.includes(value), value);
			}
		});

		it(`${name} uses only nodes that come with n8n, and ours`, () => {
			const strangers = workflow.nodes.filter(
				({ type }) => !OURS.test(type) && !BUILT_IN.test(type),
			);
			assert.deepEqual(strangers, []);
			assert.ok(workflow.nodes.some(({ type }) => OURS.test(type)));
		});

		it(`${name} carries no credential, no key and nothing of an instance`, () => {
			for (const node of workflow.nodes) assert.equal(node.credentials, undefined);
			assert.doesNotMatch(JSON.stringify(workflow), /Bearer|sk-|whsec_|instanceId|127\.0\.0\.1/);
			assert.deepEqual(workflow.pinData, {});
		});

		it(`${name} has every wire between nodes that exist`, () => {
			const names = new Set(workflow.nodes.map((node) => node.name));
			assert.equal(names.size, workflow.nodes.length);
			for (const [from, byType] of Object.entries(workflow.connections)) {
				assert.ok(names.has(from), from);
				for (const { node } of Object.values(byType).flat(2)) assert.ok(names.has(node), node);
			}
		});
	}
});
