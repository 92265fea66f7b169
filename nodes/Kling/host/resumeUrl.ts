// The address at which this execution can be resumed, as n8n itself gives it out.
import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Not `getSignedResumeUrl()`: the server checks that signature only for n8n's own approval
 * operations, and answers "Invalid token" for any other node.
 *
 * @returns undefined where the host has none (an execution without an id)
 */
export function resumeUrl(context: IExecuteFunctions): string | undefined {
	const execution: unknown = context.getWorkflowDataProxy(0).$execution;
	if (typeof execution !== 'object' || execution === null) return undefined;
	const { resumeUrl: url } = execution as { resumeUrl?: unknown };
	return typeof url === 'string' && /^https?:\/\//.test(url) ? url : undefined;
}
