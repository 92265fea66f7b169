// The retry by hand of an execution that ended after a sleep, where n8n has lost the node's input.
import type { IExecuteFunctions } from 'n8n-workflow';

import { isRecentHost } from '../../host/abilities';
import { executionMemory } from '../../host/memory';
import type { Issue } from '../outcome';
import { readKept, SLEEP_MEMORY } from './submit.sleep';
import { runOf } from './submit.submitted';

/**
 * Money rule: an n8n before 2.37 runs the node again on what it gave out after the sleep, and a video of
 * that would be paid for. A newer one ends such a retry with the message that it had.
 *
 * @returns why nothing may be submitted, or undefined when the input is the node's own
 */
export function lostInput(context: IExecuteFunctions): Issue | undefined {
	if (isRecentHost() || context.getMode() !== 'retry') return undefined;
	const kept = readKept(executionMemory(context, SLEEP_MEMORY).read());
	if (kept?.run !== runOf(context)) return undefined;
	const ids = kept.state.items.map(({ id }) => id).join(', ');
	return {
		message: 'Nothing was submitted: the execution had slept, and n8n retries it without its input',
		description: `Run the workflow anew, or collect the videos of the execution before it with Get Task: ${ids}.`,
	};
}
