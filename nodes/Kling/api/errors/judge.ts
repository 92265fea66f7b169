// Turns what a refusal says, and the status it came with, into the one error of this package.
import { stripSecrets, type Redact } from '../auth/keys';
import { KlingApiError, type KlingApiErrorFacts } from '../errors';
import { klingCodes, verdictOfFamily, type Verdict } from './codes';
import { verdictOfStatus } from './statuses';
import {
	gatewayWords,
	saysTaken,
	verdictOfLostAnswer,
	verdictOfNoTask,
	verdictOfPhrase,
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

const LONGEST_MESSAGE = 500;
const TAKEN: Verdict = {
	category: 'taken',
	sendAgain: 'never',
	meaning: "The 'External Task ID' is in use already",
	nextStep: 'Collect the existing task with Get Task, or choose another ID',
};
const UNCLEAR: Verdict = {
	category: 'service',
	sendAgain: 'never',
	meaning: 'The service refused the request',
	nextStep: "See the service's message, and its documentation for the code",
};
/** Codes that a refused model may come with. */
const MODEL_CODES = ['1103', '1201', '1203'];

/**
 * Judges a refusal. Kling's code comes first, then a gateway's known word, then a known phrase,
 * then the HTTP status, or the code that mirrors one.
 */
export function judgeRefusal(words: RefusalWords, answer: AnswerFacts = {}): KlingApiError {
	const code = decidingCode(words.codes);
	const verdict = verdictOf(code, words, answer);
	const said = tidy(words.message, answer.redact);
	return new KlingApiError({
		...factsOf(verdict, answer),
		message: sentence(verdict, code, said, answer.redact),
		nextStep: withRetirement(verdict, code, said, answer),
		...(code === undefined ? {} : { code: masked(code, answer.redact) }),
		...(said === '' ? {} : { serviceMessage: said }),
		...(words.requestId === undefined ? {} : { requestId: masked(words.requestId, answer.redact) }),
	});
}

/** Judges an answer whose body says nothing that can be read. */
export function judgeUnreadable(why: string, answer: AnswerFacts): KlingApiError {
	const verdict = verdictOfStatus(answer.httpStatus ?? 200) ?? {
		category: 'reply',
		// Money: a create that was answered with 200 and nonsense may have made a task.
		sendAgain: 'lookUpFirst',
		meaning: 'The answer is not a Kling reply',
		nextStep: "Check the 'Base URL' of the credential; a proxy or firewall may also have answered",
	};
	const status = answer.httpStatus === undefined ? '' : `HTTP ${answer.httpStatus}, `;
	return new KlingApiError({
		...factsOf(verdict, answer),
		message: `${verdict.meaning} (${status}${why})`,
		nextStep: verdict.nextStep,
	});
}

/** Innermost first, because gateways wrap; a code or word that is known beats one that is not. */
function decidingCode(codes: readonly string[]): string | undefined {
	const inward = [...codes].reverse();
	return inward.find((code) => codeVerdict(code) !== undefined) ?? inward[0];
}

function verdictOf(code: string | undefined, words: RefusalWords, answer: AnswerFacts): Verdict {
	const coded = code === undefined ? undefined : codeVerdict(code);
	const isLoose = coded === undefined || coded.category === 'input' || coded.category === 'policy';
	const byStatus = verdictOfStatus(statusOf(words.codes, answer.httpStatus));
	const isOpen = byStatus?.sendAgain === 'lookUpFirst';
	const noTask = isOpen && coded === undefined ? undefined : verdictOfNoTask(words.message);
	const byWords = saysTaken(words.message) ? TAKEN : noTask;
	if (isLoose && byWords !== undefined) return byWords;
	const known = coded ?? verdictOfPhrase(words.message, isOpen) ?? byStatus;
	return known ?? verdictOfLostAnswer(words.message) ?? UNCLEAR;
}

function codeVerdict(code: string): Verdict | undefined {
	return own(klingCodes, code) ?? own(gatewayWords, code.toLowerCase()) ?? verdictOfFamily(code);
}

function own(table: Readonly<Record<string, Verdict>>, key: string): Verdict | undefined {
	return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Gateways that refuse inside HTTP 200 put the status into `code`. */
function statusOf(codes: readonly string[], httpStatus: number | undefined): number {
	if (httpStatus !== undefined && httpStatus >= 300) return httpStatus;
	const mirrored = codes.map(Number).find((code) => code >= 400 && code <= 599);
	return mirrored ?? httpStatus ?? 200;
}

function factsOf(
	verdict: Verdict,
	answer: AnswerFacts,
): Pick<KlingApiErrorFacts, 'category' | 'sendAgain' | 'httpStatus' | 'retryAfterMs'> {
	const { httpStatus, retryAfterMs } = answer;
	return {
		category: verdict.category,
		sendAgain: verdict.sendAgain,
		...(httpStatus === undefined ? {} : { httpStatus }),
		...(retryAfterMs === undefined ? {} : { retryAfterMs }),
	};
}

function sentence(
	verdict: Verdict,
	code: string | undefined,
	said: string,
	redact?: Redact,
): string {
	const shown = code === undefined ? '' : ` (code ${masked(code, redact)})`;
	return said === '' ? `${verdict.meaning}${shown}` : `${verdict.meaning}${shown}: ${said}`;
}

function withRetirement(
	verdict: Verdict,
	code: string | undefined,
	said: string,
	{ retirement }: AnswerFacts,
): string {
	if (retirement === undefined || code === undefined || !MODEL_CODES.includes(code)) {
		return verdict.nextStep;
	}
	// 1201 is any parameter; it is about the model only when it says so.
	if (code === '1201' && !/model|version|模型/i.test(said)) return verdict.nextStep;
	return `${retirement}. ${verdict.nextStep}`;
}

/** A service's words, without secrets, on one line and not longer than a message should be. */
export function tidy(text: string, redact: Redact = stripSecrets): string {
	const line = stripSecrets(redact(text)).replace(/\s+/g, ' ').trim();
	return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

function masked(code: string, redact?: Redact): string {
	return tidy(code, redact).slice(0, 100);
}
