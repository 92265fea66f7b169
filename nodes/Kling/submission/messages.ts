// What this room tells the user: what happened, whether something was paid for, and what to do next.
import { KlingApiError, type KlingApiErrorFacts } from '../api/errors/error';
import type { Gateway } from '../api/gateways';
import { MINUTE_MS } from '../waiting/backoff';
import type { Reuse } from './ports';

const NOTHING_SENT = 'Nothing was sent and nothing was paid for.';

/** What decides whether, and how, the same is submitted again. */
export interface AgainFacts {
	gateway: Pick<Gateway, 'label' | 'externalIdLookUp'>;
	reuse: Reuse;
	/** The user gave the external task id. */
	ownKey: boolean;
	/** Its key is claimed in n8n's store, so retries know of it. */
	claimed: boolean;
}

function onPurpose({ reuse, ownKey }: AgainFacts): string {
	if (ownKey) return "To submit it again on purpose, give it another 'External Task ID'.";
	if (reuse === 'workflow') return "To submit it again on purpose, set 'Reuse a Task' to Never.";
	return 'To submit it again on purpose, start a new execution.';
}

function whatARetryDoes(facts: AgainFacts): string {
	if (facts.gateway.externalIdLookUp === 'trusted') {
		return 'A retry looks for it first and sends again only if the service proves that there is none.';
	}
	if (facts.claimed) return `This node does not send it a second time. ${onPurpose(facts)}`;
	return 'This node does not send it a second time in this execution; a new execution does.';
}

/** The end of a submit whose answer never came: a task may exist. */
export function mayExist(key: string, facts: AgainFacts, cause?: KlingApiError): KlingApiError {
	const why = cause?.facts.serviceMessage ?? cause?.facts.message;
	return from(cause, {
		category: cause?.facts.category ?? 'network',
		sendAgain: 'lookUpFirst',
		message: `${facts.gateway.label} did not say whether it made the task: one may exist, and be billed, under the external task ID ${key}`,
		description: `Look for this ID in the service's own task list before you submit it again. ${whatARetryDoes(facts)}${why === undefined ? '' : ` Last response: ${why}`}`,
	});
}

/** The key is claimed in n8n's store, and nothing tells what became of it. */
export function submittedBefore(key: string, facts: AgainFacts): KlingApiError {
	return new KlingApiError({
		category: 'taken',
		sendAgain: 'never',
		message: `This was submitted before, under the external task ID ${key}; whether ${facts.gateway.label} made a video of it is not known here`,
		description: `Nothing was sent now. Look for the task in the service's own task list, or for this ID in the log of n8n, and collect the video with Get Task. ${onPurpose(facts)}`,
	});
}

/** n8n's store did not answer, so it cannot be told whether the key was sent before. */
export function storeSilent(reason: string): KlingApiError {
	return new KlingApiError({
		category: 'input',
		sendAgain: 'safe',
		message: `This item was not submitted: this n8n instance could not record it in its database (${reason})`,
		description: `${NOTHING_SENT} Try again when the database answers.`,
	});
}

/** The service says that the key exists, and does not show its task. */
export function takenButNotShown(key: string, label: string, cause?: KlingApiError): KlingApiError {
	return from(cause, {
		category: 'taken',
		sendAgain: 'never',
		message: `${label} says that a task with the external task ID ${key} exists already, but does not show it`,
		description:
			"Nothing new was paid for. Look for this ID in the service's own task list; for another video give another 'External Task ID'.",
	});
}

/** A task of this item was paid for, and the service does not show it now. */
export function paidButNotShown(id: string, label: string, cause: KlingApiError): KlingApiError {
	return from(cause, {
		category: cause.facts.category,
		sendAgain: 'never',
		message: `Task ${id} was submitted for this item before, but ${label} does not show it now: ${cause.facts.message}`,
		description: `No second task was paid for. Check that the credential is the one the task was submitted with, then collect it with Get Task; to pay for another one, start a new execution.`,
	});
}

/** It cannot be told whether a task exists, so none is made. */
export function unchecked(label: string, cause: KlingApiError): KlingApiError {
	return from(cause, {
		category: cause.facts.category,
		sendAgain: 'safe',
		message: `${label} could not be asked whether this was submitted before: ${cause.facts.message}`,
		description: `${NOTHING_SENT} Try again later, or set 'Reuse a Task' so that no earlier task is looked for.`,
	});
}

/** The service stayed busy for as long as the user allows. */
export function stayedBusy(label: string, minutes: number, cause?: KlingApiError): KlingApiError {
	return from(cause, {
		category: 'busy',
		sendAgain: 'safe',
		message: `${label} was busy for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}: too many requests, or as many running tasks as the plan allows`,
		description: `${NOTHING_SENT} Raise 'Max Wait (Minutes)', lower the number of items, or try again when other tasks have ended.`,
	});
}

/** The service named a pause that ends after the time that the user allows. */
export function askedToPause(label: string, minutes: number, pauseMs: number): KlingApiError {
	const pause =
		pauseMs < 90_000
			? `${Math.ceil(pauseMs / 1000)} seconds`
			: `${Math.ceil(pauseMs / MINUTE_MS)} minutes`;
	return new KlingApiError({
		category: 'busy',
		sendAgain: 'safe',
		message: `${label} is busy and asked to wait ${pause}, longer than 'Max Wait (Minutes)' allows (${minutes})`,
		description: `${NOTHING_SENT} Try again after that time, or raise 'Max Wait (Minutes)'.`,
	});
}

/** The service gave no answer to the items before this one for as long as the user allows. */
export function unanswered(label: string, minutes: number): KlingApiError {
	return new KlingApiError({
		category: 'network',
		sendAgain: 'safe',
		message: `This item was not submitted: ${label} gave no answer to those before it for ${minutes} minutes`,
		description: `${NOTHING_SENT} Try again when the service answers, and look first at what became of the other items.`,
	});
}

export function neverLeft(cause: KlingApiError): KlingApiError {
	return from(cause, {
		category: 'network',
		sendAgain: 'safe',
		message: cause.facts.message,
		description: `${NOTHING_SENT} ${cause.facts.description}`,
	});
}

export function capReached(submitted: number, cap: number): KlingApiError {
	return new KlingApiError({
		category: 'input',
		sendAgain: 'safe',
		message: `This item was not submitted: 'Max New Tasks' is ${cap}, and ${submitted} ${submitted === 1 ? 'task was' : 'tasks were'} submitted in this execution`,
		description: `${NOTHING_SENT} Raise 'Max New Tasks' in the options to submit more items per execution.`,
	});
}

/** A user's id stands for one request. */
export function idUsedTwice(userKey: string, items: readonly number[]): KlingApiError {
	return new KlingApiError({
		category: 'input',
		sendAgain: 'never',
		message: `The external task ID ${userKey} is used for different requests (items ${items.join(', ')})`,
		description: `${NOTHING_SENT} Give every request an 'External Task ID' of its own, or leave the field empty.`,
	});
}

export function tooManyFailed(key: string): KlingApiError {
	return new KlingApiError({
		category: 'input',
		sendAgain: 'never',
		message: `Every task for this request has failed so far, the last one under the external task ID ${key}`,
		description: `${NOTHING_SENT} Change the prompt or the images: the service's reasons are in its task list.`,
	});
}

/** A search that ended before the list did has not proven that nothing is there. */
export function listTooLong(): KlingApiError {
	return new KlingApiError({
		category: 'service',
		sendAgain: 'lookUpFirst',
		message: 'its list of tasks is too long to be searched to its end',
		description: "Look for the task in the service's own task list",
	});
}

/** Something broke while a request was on its way. */
export function brokeOff(reason: string): KlingApiError {
	return new KlingApiError({
		category: 'network',
		sendAgain: 'lookUpFirst',
		message: `The connection was lost during submit: ${reason}`,
		description: 'Look the task up before you submit it again',
	});
}

function from(cause: KlingApiError | undefined, words: KlingApiErrorFacts): KlingApiError {
	const { httpStatus, code, serviceMessage, requestId, retryAfterMs } = cause?.facts ?? {};
	return new KlingApiError({ httpStatus, code, serviceMessage, requestId, retryAfterMs, ...words });
}
