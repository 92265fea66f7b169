// What newer releases of n8n can do and older ones cannot, told from what `n8n-workflow` offers.
import { NodeOperationError } from 'n8n-workflow';

const ANY_NODE = {
	id: '',
	name: '',
	type: '',
	typeVersion: 1,
	position: [0, 0] as [number, number],
	parameters: {},
};

/**
 * True from release 2.37 on, whose errors have a member `failure`. By then the engine also
 * - takes an item with `error`, `message` and `details` for one that ended badly (since 2.36; before, only
 *   `error` and `message`, and with a third member such an item went down the good branch);
 * - ends a resumed node with the stack entry's `resumeError` (since 2.31 at the latest).
 */
export function isRecentHost(): boolean {
	return 'failure' in new NodeOperationError(ANY_NODE, 'asked for its members only');
}
