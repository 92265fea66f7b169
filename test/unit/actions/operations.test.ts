// Guard rail: what the form offers as an operation can be run, and n8n's canvas says which one a node is set to.
import type { IExecuteFunctions } from 'n8n-workflow';

import { route } from '../../../nodes/Kling/actions/router';
import { Kling } from '../../../nodes/Kling/Kling.node';
import { allOptions } from '../support/visibleText';

const operations = allOptions()
	.filter(({ path }) => path.includes(' › Operation › '))
	.map(({ value }) => String(value));

describe.each(operations)('the operation "%s"', (operation) => {
	it('is known to the router', async () => {
		const context = {
			getNodeParameter: (name: string) => (name === 'resource' ? 'task' : operation),
			getNode: () => ({ name: 'Kling AI', type: 'kling', parameters: {} }),
			getInputData: () => [{ json: {} }],
			getCredentials: async () => await Promise.reject(new Error('as far as the credential')),
			getWorkflowDataProxy: () => ({}),
			getExecuteData: () => ({}),
			getContext: () => ({}),
			continueOnFail: () => false,
		} as unknown as IExecuteFunctions;
		await expect(route(context)).rejects.toThrow('as far as the credential');
	});

	it('has its words below the node', () => {
		expect(new Kling().description.subtitle).toMatch(new RegExp(`\\b${operation}: "[A-Z]`));
	});
});
