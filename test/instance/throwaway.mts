// A tiny community package for testing the instance itself: one credential, and one node that can do little.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const THROWAWAY = 'n8n-nodes-throwaway';
export const THROWAWAY_NODE = `${THROWAWAY}.throwaway`;

/**
 * The node's `doing`:
 * - `pass`: returns each item with its index
 * - `fail`: throws unless the file named in `marker` exists; told to continue, it puts out error items
 * - `hang`: sleeps 120 s, a tenth of a second at a time
 * - `nap`: waits until 3 s from now, by n8n's timer
 * - `park`: waits for its resume URL, which it first writes into the file named in `marker`
 * Each run first counts itself in its node context, and puts out the count and what n8n says of the mode.
 */
const NODE = `
const { existsSync, writeFileSync } = require('node:fs');
const { NodeOperationError, sleep } = require('n8n-workflow');

const resumeWebhooks = [{
	name: 'default', httpMethod: 'POST', responseMode: 'onReceived', responseData: 'noData', path: '',
	restartWebhook: true,
}];

class Throwaway {
	description = {
		displayName: 'Throwaway', name: 'throwaway', group: ['transform'], version: 1,
		description: 'Tests the instance', defaults: { name: 'Throwaway' }, inputs: ['main'], outputs: ['main'],
		credentials: [{ name: 'throwawayApi', required: false }],
		webhooks: resumeWebhooks,
		properties: [
			{ displayName: 'Doing', name: 'doing', type: 'string', default: 'pass' },
			{ displayName: 'Marker', name: 'marker', type: 'string', default: '' },
			{ displayName: 'Pick', name: 'pick', type: 'resourceLocator', default: { mode: 'list', value: '' },
				modes: [{ displayName: 'List', name: 'list', type: 'list', typeOptions: { searchListMethod: 'colours' } }] },
		],
	};
	methods = {
		listSearch: {
			async colours(filter) {
				const all = ['red', 'green'].map((name) => ({ name, value: name }));
				return { results: all.filter(({ name }) => name.includes(filter ?? '')) };
			},
		},
	};
	async execute() {
		const context = this.getContext('node');
		context.runs = (context.runs ?? 0) + 1;
		const marker = this.getNodeParameter('marker', 0);
		const doing = this.getNodeParameter('doing', 0);
		if (doing === 'hang') {
			writeFileSync(marker, String(context.runs));
			for (let i = 0; i < 1200 && !this.getExecutionCancelSignal()?.aborted; i++) await sleep(100);
		}
		if (doing === 'fail' && !existsSync(marker)) {
			if (!this.continueOnFail()) throw new NodeOperationError(this.getNode(), 'no marker');
			return [this.getInputData().map((_, index) => ({ json: { error: 'no marker' }, pairedItem: { item: index } }))];
		}
		if (doing === 'nap') await this.putExecutionToWait(new Date(Date.now() + 3_000));
		if (doing === 'park') {
			await this.putExecutionToWait(new Date(Date.now() + 600_000));
			writeFileSync(marker, this.evaluateExpression('{{ $execution.resumeUrl }}', 0));
		}
		this.addExecutionHints({ message: 'a hint', location: 'outputPane' });
		const facts = { runs: context.runs, mode: this.getMode(), pid: process.pid };
		const data = await this.helpers.prepareBinaryData(Buffer.from('file of ' + doing), 'file.txt', 'text/plain');
		return [this.getInputData().map((item, index) => ({
			json: { ...item.json, index, ...facts }, binary: { data }, pairedItem: { item: index },
		}))];
	}
	async webhook() {
		return { workflowData: [[{ json: { resumed: true, body: this.getBodyData(), pid: process.pid } }]] };
	}
}
module.exports = { Throwaway };
`;

const CREDENTIAL = `
class ThrowawayApi {
	name = 'throwawayApi';
	displayName = 'Throwaway API';
	properties = [
		{ displayName: 'URL', name: 'url', type: 'string', default: '' },
		{ displayName: 'Key', name: 'key', type: 'string', typeOptions: { password: true }, default: '' },
	];
	authenticate = { type: 'generic', properties: { headers: { authorization: '={{ $credentials.key }}' } } };
	test = { request: { baseURL: '={{ $credentials.url }}', url: '/' } };
}
module.exports = { ThrowawayApi };
`;

/** Writes the package into a new folder below `parent` and returns that folder. */
export async function writeThrowawayPackage(parent: string): Promise<string> {
	const folder = join(parent, 'throwaway');
	await mkdir(join(folder, 'dist'), { recursive: true });
	const manifest = {
		name: THROWAWAY,
		version: '1.0.0',
		n8n: {
			n8nNodesApiVersion: 1,
			credentials: ['dist/ThrowawayApi.credentials.js'],
			nodes: ['dist/Throwaway.node.js'],
		},
	};
	await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
	await writeFile(join(folder, 'dist', 'Throwaway.node.js'), NODE);
	await writeFile(join(folder, 'dist', 'ThrowawayApi.credentials.js'), CREDENTIAL);
	return folder;
}
