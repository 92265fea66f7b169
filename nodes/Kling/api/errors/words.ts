// The words that gateways use where Kling uses codes, and phrases that tell what a refusal means.
import type { Classification } from './codes';
import { CHECK_INPUT, klingCodes } from './codes';

const TOP_UP = "Add credit in the gateway's console, then run again";

const invalidInput: Classification = {
	category: 'input',
	sendAgain: 'never',
	meaning: 'The gateway did not accept the request',
	nextStep: CHECK_INPUT,
};
const noCredit: Classification = {
	category: 'account',
	sendAgain: 'never',
	meaning: 'The credit at the gateway is used up',
	nextStep: TOP_UP,
};
const noSuchTask: Classification = {
	category: 'missing',
	sendAgain: 'never',
	meaning: 'The service knows no such task',
	nextStep: 'Check the task ID, and that the credential belongs to the service that made the task',
};
const badKey: Classification = {
	category: 'auth',
	sendAgain: 'never',
	meaning: 'The gateway did not accept the key',
	nextStep:
		"Check the key in the Kling API credential, and that it belongs to the chosen 'Provider'",
};
const noChannel: Classification = {
	category: 'access',
	sendAgain: 'never',
	meaning: 'The gateway does not offer this model to the account',
	nextStep: "Pick a model that the gateway's price list shows, or ask the gateway",
};
const noAccess: Classification = {
	category: 'access',
	sendAgain: 'never',
	meaning: 'The gateway does not allow this to the key',
	nextStep: "Check in the gateway's console what the key may use",
};
const tooMany: Classification = {
	category: 'busy',
	sendAgain: 'safe',
	meaning: 'The gateway asks for fewer requests',
	nextStep: 'Wait, or run fewer items at once',
};
const refusedContent: Classification = {
	category: 'policy',
	sendAgain: 'never',
	meaning: "The gateway's content check refused the prompt or an image",
	nextStep: 'Change the prompt or the images',
};
/** Money: these are said after the request went on to Kling. */
const lostUpstream: Classification = {
	category: 'service',
	sendAgain: 'lookUpFirst',
	meaning: "The gateway lost Kling's answer",
	nextStep: 'Try again later',
};

/**
 * Words in `code`. They come before the HTTP status: `build_request_failed` is a 500, and the caller's doing.
 *
 * @see https://github.com/QuantumNous/new-api (types/error.go, relay/relay_task.go)
 */
export const gatewayWords: Readonly<Record<string, Classification>> = {
	build_request_failed: invalidInput,
	invalid_request: invalidInput,
	invalid_request_error: invalidInput,
	bad_request_body: invalidInput,
	read_request_body_failed: invalidInput,
	convert_request_failed: invalidInput,
	quota_not_enough: noCredit,
	insufficient_quota: noCredit,
	insufficient_user_quota: noCredit,
	pre_consume_token_quota_failed: noCredit,
	task_not_exist: noSuchTask,
	task_not_found: noSuchTask,
	invalid_api_key: badKey,
	access_denied: noAccess,
	model_not_found: noChannel,
	model_price_error: noChannel,
	rate_limit_exceeded: tooMany,
	too_many_requests: tooMany,
	sensitive_words_detected: refusedContent,
	prompt_blocked: refusedContent,
	// new-api looks for another channel only after the first one was asked.
	get_channel_failed: lostUpstream,
	do_request_failed: lostUpstream,
	read_response_body_failed: lostUpstream,
	unmarshal_response_body_failed: lostUpstream,
	bad_response_body: lostUpstream,
	empty_response: lostUpstream,
	one_hub_panic: lostUpstream,
};

const SAYS_NO_TASK =
	/任务不存在|no such task|invalid task[_ ]?id|task.{0,60}(?:not|n't)[_ ](?:exist|be found|found)/i;

/** Phrases in the message, looked at only where no code and no word is known. */
const PHRASES: ReadonlyArray<[RegExp, Classification | undefined]> = [
	[SAYS_NO_TASK, noSuchTask],
	[/parallel task over resource pack|并发.{0,60}(?:超|上限)/i, klingCodes['1303']],
	[
		/too many requests|rate limit|请求过于频繁|请求过快|速率限制|上游负载已饱和/i,
		klingCodes['1302'],
	],
	[
		/balance not enough|insufficient (?:balance|quota|credit)|余额不足|额度不足|resource pack.{0,60}(?:exhaust|expire)/i,
		noCredit,
	],
	[
		/invalid (?:api[ _]?)?(?:key|token)|incorrect api key|api key not found|无效的令牌|令牌(?:已过期|无效)/i,
		badKey,
	],
	[/no available channel|无可用渠道/i, noChannel],
	[/risk control|content (?:security|policy)|sensitive|敏感/i, refusedContent],
	[
		/internal (?:server )?(?:error|timeout)|server internal|temporarily unavailable|服务器?(?:内部|暂时|正在维护)|内部错误|暂时不可用/i,
		klingCodes['5000'],
	],
];

/**
 * The classification of the first phrase that fits.
 *
 * @param outcomeIsOpen the status says that a task may exist (408, 5xx); then only a phrase that proves
 * that nothing was sent on counts
 */
export function classifyPhrase(
	message: string,
	outcomeIsOpen: boolean,
): Classification | undefined {
	const classification = PHRASES.find(([pattern]) => pattern.test(message))?.[1];
	// Money: words in passing do not outweigh a status that leaves the outcome open.
	return outcomeIsOpen && classification !== noChannel ? undefined : classification;
}

/** Kling and its relatives say so under codes for bad parameters, too. */
export function classifyNoTask(message: string): Classification | undefined {
	return SAYS_NO_TASK.test(message) ? noSuchTask : undefined;
}

const SAYS_LOST =
	/tim(?:e|ed)[ -]?out|deadline exceeded|\bEOF\b|(?:connection|socket).{0,20}(?:reset|closed|lost|hang|hung)|bad gateway|超时|积压/i;

/** Money: asked where neither code nor status says anything; such words do not prove that nothing was made. */
export function classifyLostAnswer(message: string): Classification | undefined {
	return SAYS_LOST.test(message) ? lostUpstream : undefined;
}

const NAMES_KEY = /external[ _-]?(?:task[ _-]?)?id|custom (?:task )?id|外部任务|自定义任务/i;
const SAYS_TAKEN = /exist|duplicat|repeat|already|in use|unique|重复|已存在|已被使用|唯一/i;
const SAYS_ABSENT = /not[ _]exist|n't exist|not[ _]found|no such|不存在/i;

/**
 * Does the message say that the external task id exists already? The code of that refusal is not established
 * (the documentation only says "must be unique for each user"), so its words are read.
 */
export function saysTaken(message: string): boolean {
	return NAMES_KEY.test(message) && SAYS_TAKEN.test(message) && !SAYS_ABSENT.test(message);
}
