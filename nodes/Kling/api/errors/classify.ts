// Turns what a refusal says, and the status and headers it came with, into the one error of this package.
import { type Redact, sanitize } from '../sanitize';
import { CHECK_ADDRESS, classifyFamily, classifyStatus, gatewayWords, klingCodes } from './codes';
import {
	type Category,
	type Classification,
	KlingApiError,
	type KlingApiErrorFacts,
} from './error';
import {
	adviceOf,
	classifyLostAnswer,
	classifyNoTask,
	classifyPhrase,
	isAboutImage,
	saysTaken,
} from './words';

/** A refusal's own words, as `reply/refusal.ts` found them. */
export interface RefusalWords {
	/** From the outermost to the innermost. */
	codes: string[];
	/** The innermost message. */
	message: string;
	requestId?: string;
}

/** What is known about an answer besides its body. */
export interface AnswerFacts {
	httpStatus?: number;
	retryAfterMs?: number;
	redact?: Redact;
	/** Said when the model of a create request is refused. */
	retirement?: string;
}

const TAKEN: Classification = {
	category: 'taken',
	sendAgain: 'never',
	message: "The 'External Task ID' is in use already",
	description: 'Collect the existing task with Get Task, or choose another ID',
};
const UNCLEAR: Classification = {
	category: 'service',
	sendAgain: 'never',
	message: 'The service refused the request',
	description: "See the service's message, and its documentation for the code",
};
/** Statuses about who asks, for whatever is asked. */
const CALLERS: readonly Category[] = ['auth', 'account', 'access'];
/** Codes that a refused model may come with. */
const MODEL_CODES = ['1103', '1201', '1203'];

/**
 * Classifies a refusal. Kling's code comes first, then a gateway's known word, then a known phrase,
 * then the HTTP status, or the code that mirrors one.
 */
export function classifyRefusal(words: RefusalWords, answer: AnswerFacts = {}): KlingApiError {
	const code = decidingCode(words.codes);
	const classification = classify(code, words, answer);
	const said = sanitize(words.message, answer.redact);
	return new KlingApiError({
		...factsOf(classification, answer),
		message: sentence(classification, code, said, answer.redact),
		description: withRetirement(descriptionOf(classification, said), code, said, answer),
		...(code === undefined ? {} : { code: masked(code, answer.redact) }),
		...(said === '' ? {} : { serviceMessage: said }),
		...(words.requestId === undefined ? {} : { requestId: masked(words.requestId, answer.redact) }),
	});
}

/** Classifies an answer whose body says nothing that can be read. */
export function classifyUnreadable(why: string, answer: AnswerFacts): KlingApiError {
	const classification = classifyStatus(answer.httpStatus ?? 200) ?? {
		category: 'reply',
		// Money: a create that was answered with 200 and nonsense may have made a task.
		sendAgain: 'lookUpFirst',
		message: 'The answer is not a Kling reply',
		description: `${CHECK_ADDRESS}; a proxy or firewall may also have answered`,
	};
	const status = answer.httpStatus === undefined ? '' : `HTTP ${answer.httpStatus}, `;
	return new KlingApiError({
		...factsOf(classification, answer),
		message: `${classification.message} (${status}${why})`,
		description: classification.description,
	});
}

/** Innermost first, because gateways wrap; a code or word that is known beats one that is not. */
function decidingCode(codes: readonly string[]): string | undefined {
	const inward = [...codes].reverse();
	return inward.find((code) => classifyCode(code) !== undefined) ?? inward[0];
}

function classify(
	code: string | undefined,
	words: RefusalWords,
	answer: AnswerFacts,
): Classification {
	const coded = code === undefined ? undefined : classifyCode(code);
	const isLoose = coded === undefined || coded.category === 'input' || coded.category === 'policy';
	const byStatus = classifyStatus(statusOf(words.codes, answer.httpStatus));
	const isOpen = byStatus?.sendAgain === 'lookUpFirst';
	const noTask = isOpen && coded === undefined ? undefined : classifyNoTask(words.message);
	const byWords = saysTaken(words.message) ? TAKEN : noTask;
	if (isLoose && byWords !== undefined) return byWords;
	if (coded !== undefined) return coded;
	// Money: words of a lost answer outweigh a plain 4xx and every other phrase, but not a refused key or account.
	const isAboutCaller = byStatus !== undefined && CALLERS.includes(byStatus.category);
	const lost = isOpen || isAboutCaller ? undefined : classifyLostAnswer(words.message);
	return lost ?? classifyPhrase(words.message, isOpen) ?? byStatus ?? UNCLEAR;
}

function classifyCode(code: string): Classification | undefined {
	return own(klingCodes, code) ?? own(gatewayWords, code.toLowerCase()) ?? classifyFamily(code);
}

function own(
	table: Readonly<Record<string, Classification>>,
	key: string,
): Classification | undefined {
	return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Gateways that refuse inside HTTP 200 put the status into `code`. */
function statusOf(codes: readonly string[], httpStatus: number | undefined): number {
	if (httpStatus !== undefined && httpStatus >= 300) return httpStatus;
	const mirrored = codes.map(Number).find((code) => code >= 400 && code <= 599);
	return mirrored ?? httpStatus ?? 200;
}

function factsOf(
	classification: Classification,
	answer: AnswerFacts,
): Pick<KlingApiErrorFacts, 'category' | 'sendAgain' | 'httpStatus' | 'retryAfterMs'> {
	const { httpStatus, retryAfterMs } = answer;
	return {
		category: classification.category,
		sendAgain: classification.sendAgain,
		...(httpStatus === undefined ? {} : { httpStatus }),
		...(retryAfterMs === undefined ? {} : { retryAfterMs }),
	};
}

function sentence(
	classification: Classification,
	code: string | undefined,
	said: string,
	redact?: Redact,
): string {
	const { category, message } = classification;
	const what =
		category === 'input' && isAboutImage(said) ? 'The service did not accept an image' : message;
	const shown = code === undefined ? '' : ` (code ${masked(code, redact)})`;
	return said === '' ? `${what}${shown}` : `${what}${shown}: ${said}`;
}

/** Words say more than a code that stands for many things; a key or a bill is clear by its code. */
function descriptionOf({ category, description }: Classification, said: string): string {
	const isLoose = ['input', 'policy', 'missing', 'access'].includes(category);
	return (isLoose ? adviceOf(said) : undefined) ?? description;
}

function withRetirement(
	description: string,
	code: string | undefined,
	said: string,
	{ retirement }: AnswerFacts,
): string {
	if (retirement === undefined || code === undefined || !MODEL_CODES.includes(code)) {
		return description;
	}
	// 1201 is any parameter; it is about the model only when it says so.
	if (code === '1201' && !/model|version|模型/i.test(said)) return description;
	return `${retirement}. ${description}`;
}

function masked(code: string, redact?: Redact): string {
	return sanitize(code, redact).slice(0, 100);
}

/** Longer waits are not meant for a client that holds its place. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/**
 * Reads `Retry-After`: seconds, or an HTTP date.
 *
 * @param headers of the answer, names in any case
 * @param nowMs Unix time in milliseconds
 * @returns milliseconds from now, never negative; undefined when the header is absent or unreadable
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs(headers: Record<string, string>, nowMs: number): number | undefined {
	const text = retryAfterIn(headers)?.trim() ?? '';
	if (text === '') return undefined;
	const wait = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
	if (!Number.isFinite(wait)) return undefined;
	return Math.min(Math.max(0, Math.ceil(wait)), LONGEST_MS);
}

function retryAfterIn(headers: Record<string, string>): string | undefined {
	const found = Object.keys(headers).find((key) => key.toLowerCase() === 'retry-after');
	return found === undefined ? undefined : headers[found];
}
