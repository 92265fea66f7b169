// Whether a retry may take the tasks of another execution: judged by this node's own last run in it.
import type { IExecuteFunctions } from 'n8n-workflow';

import { executionOutcome } from '../../../nodes/Kling/n8n/execution';

/** An n8n that has stored one execution. */
function hostWith(data: unknown): IExecuteFunctions {
	return {
		getNode: () => ({ name: 'Kling AI' }),
		getExecutionDataById: () => Promise.resolve(data),
		logger: { debug: () => undefined },
	} as never;
}

const ranWell = { executionStatus: 'success' };
const ranBadly = { executionStatus: 'error', error: new Error('busy') };

it.each([
	['ended well', { 'Kling AI': [ranWell] }, undefined, 'succeeded'],
	[
		'ended well, and a later node stopped the execution',
		{ 'Kling AI': [ranWell], Later: [ranBadly] },
		new Error('later'),
		'succeeded',
	],
	['did not end well', { 'Kling AI': [ranBadly] }, new Error('busy'), 'notSucceeded'],
	[
		'did not end well in the last run of a loop',
		{ 'Kling AI': [ranWell, ranBadly] },
		new Error('busy'),
		'notSucceeded',
	],
	['never ran to its end', {}, undefined, 'unknown'],
])('the node %s', async (_what, runData, error, outcome) => {
	const host = hostWith({ resultData: { runData, error } });
	expect(await executionOutcome(host, '10')).toBe(outcome);
});

it('an execution that n8n has not saved tells nothing', async () => {
	expect(await executionOutcome(hostWith(undefined), '10')).toBe('unknown');
});
