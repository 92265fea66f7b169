// Remarks beside the output: what a user should know although nothing went wrong.
import type { IExecuteFunctions } from 'n8n-workflow';

/** More than these would hide the output. */
const MOST_HINTS = 5;

/**
 * Shows each remark once in the output pane. Hosts that cannot show hints get them in the log.
 */
export function showHints(
	context: Pick<IExecuteFunctions, 'logger'> &
		Partial<Pick<IExecuteFunctions, 'addExecutionHints'>>,
	remarks: string[],
): void {
	const distinct = [...new Set(remarks)].slice(0, MOST_HINTS);
	for (const message of distinct) {
		if (typeof context.addExecutionHints === 'function') {
			context.addExecutionHints({ message, location: 'outputPane' });
		} else {
			context.logger.info(message);
		}
	}
}
