// What one attempt proves: from how it ended to accepted, refused, busy, taken, missing or unknown.
import type { CreateOutcome, FetchOutcome, KnownIds, ListOutcome, Outcome } from './client';
import { classifyUnreadable, type AnswerFacts } from './errors/classify';
import { CHECK_ADDRESS } from './errors/codes';
import { classifyNoTask } from './errors/words';
import { KlingApiError } from './errors/error';
import type { Gateway } from './gateways';
import { sanitize } from './sanitize';
import { readList, readTask, type TaskReading } from './reply/readReply';
import { parseJson } from './reply/json';
import type { ReplyKind } from './reply/result';

type Answered = Extract<Outcome, { kind: 'answered' }>;
type TaskFound = Extract<TaskReading, { kind: 'task' }>;

/** One-Hub's own ids: a branch of it renames tasks in GET replies, and then knows only the first name. */
const GATEWAY_ALIAS = /^(?:task|video)_[\da-z]+$/i;

/** What a create proves. Money: `refused`, `busy` and `notSent` mean that nothing was created. */
export function createOutcomeOf(outcome: Outcome, facts: AnswerFacts): CreateOutcome {
	if (outcome.kind === 'notSent')
		return { kind: 'notSent', error: neverSent(outcome.reason, facts) };
	if (outcome.kind === 'unknown')
		return { kind: 'unknown', error: neverAnswered(outcome.reason, facts) };
	const reading = readAnswer(outcome, 'submit', facts);
	if (reading.kind === 'task') return { kind: 'accepted', task: reading.task, raw: reading.raw };
	const { error } = reading;
	if (error.facts.category === 'taken') return { kind: 'taken', error };
	if (error.facts.sendAgain === 'lookUpFirst') return { kind: 'unknown', error };
	return { kind: error.facts.category === 'busy' ? 'busy' : 'refused', error };
}

/**
 * What a get proves.
 *
 * @param id the id that was asked for: it stays the task's id, because it is known to work
 */
export function fetchOutcomeOf(
	outcome: Outcome,
	facts: AnswerFacts,
	gateway: Gateway,
	id: string,
	known: KnownIds,
): FetchOutcome {
	if (outcome.kind !== 'answered') return { kind: 'transient', error: unanswered(outcome, facts) };
	const reading = readAnswer(outcome, 'get', facts);
	if (reading.kind === 'task') return ownTask(reading, facts, id, known);
	const { error } = reading;
	if (reading.isReadable && isMissingTask(error, gateway)) return { kind: 'missing', error };
	return { kind: mayPass(error) ? 'transient' : 'refused', error };
}

/** What a page proves; a service that has no such route is told by its answer. */
export function listOutcomeOf(outcome: Outcome, facts: AnswerFacts, gateway: Gateway): ListOutcome {
	if (outcome.kind !== 'answered') return { kind: 'transient', error: unanswered(outcome, facts) };
	const reading = readList(bodyOf(outcome), facts);
	if (reading.kind === 'page' && outcome.status < 300) return reading;
	const error =
		reading.kind === 'refusal'
			? reading.error
			: classifyUnreadable(reading.kind === 'notKling' ? reading.why : 'a list', facts);
	const { category } = error.facts;
	const saysNothing = category === 'reply' && gateway.listRoute === 'try';
	if (category === 'missing' || saysNothing) return listUnsupported(gateway, error);
	return { kind: mayPass(error) ? 'transient' : 'refused', error };
}

/** Says what to use in the place of a list. */
export function listUnsupported(gateway: Gateway, cause?: KlingApiError): ListOutcome {
	const { httpStatus, code, serviceMessage, requestId } = cause?.facts ?? {};
	const error = new KlingApiError({
		category: 'missing',
		sendAgain: 'never',
		message: `${gateway.provider === 'custom' ? 'This service' : gateway.label} cannot list tasks`,
		description:
			'Use Get Task with the ID of each task: keep the task_id that Submit gave out, or let the Kling AI Trigger receive the videos',
		httpStatus,
		code,
		serviceMessage,
		requestId,
	});
	return { kind: 'unsupported', error };
}

/** `isReadable`: the body itself refuses, and not only the status that it came with. */
type AnswerReading = TaskFound | { kind: 'refusal'; isReadable: boolean; error: KlingApiError };

function readAnswer(answer: Answered, kind: ReplyKind, facts: AnswerFacts): AnswerReading {
	const isRedirect = answer.status >= 300 && answer.status < 400;
	const reading = readTask(bodyOf(answer), kind, facts);
	if (reading.kind === 'task' && !isRedirect) return reading;
	if (reading.kind === 'refusal' && !isRedirect) return { ...reading, isReadable: true };
	const form = reading.kind === 'notKling' ? reading.why : 'a redirect';
	return {
		kind: 'refusal',
		isReadable: false,
		error: classifyUnreadable(why(answer.body, form), facts),
	};
}

function bodyOf(answer: Answered): unknown {
	return parseJson(answer.body);
}

function why(text: string, form: string): string {
	if (text.trim() === '') return 'an empty answer';
	return /^\s*<(?:!doctype|html|head|body|\?xml)/i.test(text) ? 'a web page' : form;
}

/** The task of a reply, if it is the one that was asked for. */
function ownTask(found: TaskFound, facts: AnswerFacts, id: string, known: KnownIds): FetchOutcome {
	const { task, raw, ids } = found;
	if (ids.includes(id)) return { kind: 'found', task: { ...task, id }, raw };
	// Asked by the external id: from now on the service's own id is asked for.
	if (task.externalId === id) return { kind: 'found', task, raw };
	const isRenamed =
		task.externalId === undefined ||
		task.externalId === known.externalId ||
		ids.some((other) => GATEWAY_ALIAS.test(other));
	if (isRenamed) return { kind: 'found', task: { ...task, id }, raw };
	return { kind: 'transient', error: foreignTask(facts) };
}

/**
 * Money: "missing" may prove that a create made nothing, so it must speak of the task. A 404 page of some server
 * on the way does not, and neither does a service that does not know the endpoint (1202, 405). Where the look-up
 * is trusted, a 404 must even carry a code of the service or name the task.
 */
function isMissingTask({ facts }: KlingApiError, { externalIdLookUp }: Gateway): boolean {
	const { category, code, httpStatus, serviceMessage = '' } = facts;
	if (category !== 'missing' || code === '1202' || httpStatus === 405) return false;
	return (
		externalIdLookUp !== 'trusted' ||
		code !== undefined ||
		classifyNoTask(serviceMessage) !== undefined
	);
}

/** Asking again may help: the service had a fault, asked to come back later, or something else answered. */
function mayPass(error: KlingApiError): boolean {
	const { category, sendAgain } = error.facts;
	return category === 'busy' || category === 'network' || sendAgain === 'lookUpFirst';
}

function unanswered(outcome: Exclude<Outcome, Answered>, facts: AnswerFacts): KlingApiError {
	return outcome.kind === 'notSent'
		? neverSent(outcome.reason, facts)
		: neverAnswered(outcome.reason, facts);
}

function neverSent(reason: string, { redact }: AnswerFacts): KlingApiError {
	return new KlingApiError({
		category: 'network',
		sendAgain: 'safe',
		message: `The service could not be reached (${sanitize(reason, redact)})`,
		description: `${CHECK_ADDRESS}, and that this n8n instance can reach the address`,
	});
}

function neverAnswered(reason: string, { redact }: AnswerFacts): KlingApiError {
	return new KlingApiError({
		category: 'network',
		sendAgain: 'lookUpFirst',
		message: `The service gave no answer (${sanitize(reason, redact)})`,
		description: 'Try again later',
	});
}

function foreignTask({ httpStatus }: AnswerFacts): KlingApiError {
	return new KlingApiError({
		category: 'reply',
		sendAgain: 'lookUpFirst',
		message: 'The service answered with another task than the one asked for',
		description: `Check the task ID. ${CHECK_ADDRESS}`,
		httpStatus,
	});
}
