// Says in words what became of an item whose submit did not give a task.
import { KlingApiError } from '../../api/errors';
import type { Submission } from '../../submission/ports';
import { issueOf, type Issue } from '../outcome';

/** Carries an issue out of the making of a body, which may only throw. */
export class BuildIssue extends Error {
	constructor(readonly issue: Issue) {
		super(issue.message);
		this.name = 'BuildIssue';
	}
}

/** @param submission any outcome but a task */
export function submissionIssue(submission: Exclude<Submission, { kind: 'task' }>): Issue {
	switch (submission.kind) {
		case 'refused':
			return refusedIssue(submission);
		case 'unknown':
			return issueOf(submission.error, { externalId: submission.key, state: 'may exist' });
		case 'capped':
			return issueOf(submission.error);
		case 'stopped':
			return stoppedIssue(submission);
	}
}

function refusedIssue({ error, key, taskId }: Extract<Submission, { kind: 'refused' }>): Issue {
	if (error instanceof BuildIssue) return error.issue;
	const paid = taskId === undefined ? undefined : { taskId, externalId: key, state: 'not reachable' };
	if (error instanceof KlingApiError) return issueOf(error, paid);
	return {
		message: error.message,
		description: 'Nothing was sent for this item, so nothing was billed.',
		paid,
	};
}

function stoppedIssue({ key, maybeSent }: Extract<Submission, { kind: 'stopped' }>): Issue {
	if (!maybeSent || key === undefined) {
		return {
			message: 'The execution was stopped before this item was sent',
			description: 'Nothing was billed for it.',
		};
	}
	return {
		message: `The execution was stopped while this item was being sent; a task may exist under the external ID ${key}`,
		description: 'Look for it with Get Task (By External ID) or List Tasks before you submit again.',
		paid: { externalId: key, state: 'may exist' },
	};
}
