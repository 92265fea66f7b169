// What Kling's error codes, HTTP statuses and gateways' words mean, who can help, and whether a create may be sent again.
import type { Category, Classification } from './error';

const CHECK_KEY =
	"Check the key in the Kling API credential, and that it belongs to the chosen 'Provider'";
const CHECK_CLOCK = 'Check the clock of the machine that runs n8n, then run again';
export const CHANGE_CONTENT =
	'Reword the prompt or use other images, then run again. The check belongs to the service and cannot be turned off';
/** A preset provider has no base URL to check. */
export const CHECK_ADDRESS = "Check the 'Provider' of the credential, with Custom its 'Base URL'";
const CHECK_ENDPOINT = `${CHECK_ADDRESS}, or pick another 'Model': not every service has the endpoint of each model`;
const WAIT = 'Wait for running tasks, or raise the plan';
const LATER = 'Try again later';
const CHECK_INPUT =
	"Change what the service's words name: often an image (a JPG or PNG that the service can open), a field's value, the model, or the task ID";

/** @see https://kling.ai/document-api/api/get-started/error-codes */
export const klingCodes: Readonly<Record<string, Classification>> = {
	1000: refused(
		'auth',
		'The key was not accepted',
		`${CHECK_KEY}. An access key goes with its own secret key`,
	),
	1001: refused(
		'auth',
		'The key did not reach the service',
		"It was sent: check that no proxy takes the Authorization header away, and with Custom the 'Authorization Scheme' of the credential",
	),
	1002: refused(
		'auth',
		'The key is not valid here',
		`${CHECK_KEY}. A key of Kling's global service works with 'Kling AI (Global)' only, one of the Chinese service with 'Kling AI (China)' only`,
	),
	1003: refused('auth', 'The signed token is not valid yet', CHECK_CLOCK),
	1004: refused('auth', 'The signed token has expired', CHECK_CLOCK),
	1100: refused(
		'account',
		'The account is not in a normal state',
		"Check the account in the provider's console",
	),
	1101: refused(
		'account',
		'The account is in arrears',
		"Settle the bill in the provider's console, then run again",
	),
	1102: refused(
		'account',
		'The resource pack is used up or has expired',
		"Buy a pack in the provider's console, or switch on post-payment there, then run again",
	),
	1103: refused(
		'access',
		'This account may not use the model or endpoint',
		"Set 'Model' to Automatic, or pick a model that the account may use",
	),
	1200: refused('input', 'The service did not accept the request', CHECK_INPUT),
	1201: refused('input', 'The service did not accept a parameter', CHECK_INPUT),
	1202: refused('missing', 'The service has no such endpoint', CHECK_ENDPOINT),
	1203: refused(
		'missing',
		'The service knows no such model or task',
		"Set 'Model' to Automatic or pick another one; where a task was asked for, check its ID",
	),
	1300: refused('policy', "The platform's policy does not allow this", CHANGE_CONTENT),
	1301: refused('policy', 'The content check refused the prompt or an image', CHANGE_CONTENT),
	1302: busy('Too many requests in a short time', WAIT),
	1303: busy("As many tasks are running as the account's plan allows", WAIT),
	1304: refused(
		'account',
		"The account's IP allow-list does not hold this address",
		"Add the public address of this n8n to the list in the provider's console, then run again",
	),
	5000: stumbled('The service had an internal fault'),
	5001: stumbled('The service is being maintained'),
	5002: stumbled('The service ran out of time'),
};

/** Money: 5xxx is the service's own family, so one that is not in the table leaves a create open as well. */
export function classifyFamily(code: string): Classification | undefined {
	return /^5\d{3}$/.test(code) ? klingCodes['5000'] : undefined;
}

const STATUSES: Readonly<Record<number, Classification | undefined>> = {
	400: refused('input', 'The service did not accept the request', CHECK_INPUT),
	401: klingCodes['1000'],
	402: refused(
		'account',
		'The service asks for payment',
		"Add credit in the provider's console, then run again",
	),
	403: refused(
		'access',
		'The service does not allow this request',
		'Check what the key and the account may use, and that no firewall stands between',
	),
	404: refused(
		'missing',
		'The service knows no such address, model or task',
		"Check the task ID and the model, and the 'Base URL' if the credential has one",
	),
	405: refused('missing', 'The service has no such endpoint', CHECK_ENDPOINT),
	// Money: the service gave up waiting for a request that it may have read to its end.
	408: klingCodes['5002'],
	// Money: a conflict may be about a task that this request, or the one before it, made.
	409: stumbled('The service reports a conflict'),
	413: refused(
		'input',
		'The request is too large for the service',
		'Send smaller images, or give URLs',
	),
	429: klingCodes['1302'],
	// Money: a front server gave up the connection while the service worked on.
	499: klingCodes['5002'],
};

/**
 * @param status of the answer; a gateway's `code` that mirrors a status may stand in
 * @returns undefined for 2xx, which says nothing about a refusal
 */
export function classifyStatus(status: number): Classification | undefined {
	if (status >= 500 && status <= 599) return klingCodes['5000'];
	if (status >= 300 && status <= 399) return redirected;
	if (status >= 400 && status <= 499) return STATUSES[status] ?? STATUSES[400];
	return undefined;
}

/** A front server answered instead of the service, so nothing was created. */
const redirected = refused(
	'reply',
	'The service points to another address, and the request was not sent on',
	`${CHECK_ADDRESS}: scheme (https) and host must be the service's own`,
);

export const noSuchTask = refused(
	'missing',
	'The service knows no such task',
	'Check the task ID, and that the credential belongs to the service that made the task',
);
export const noCredit = refused(
	'account',
	'The credit at the gateway is used up',
	"Add credit in the gateway's console, then run again",
);
export const badKey = refused('auth', 'The gateway did not accept the key', CHECK_KEY);
export const noChannel = refused(
	'access',
	'The gateway does not offer this model to the account',
	"Set 'Model' to one that the gateway's price list shows, or ask the gateway to open it for the account",
);
export const refusedContent = refused(
	'policy',
	"The gateway's content check refused the prompt or an image",
	CHANGE_CONTENT,
);
/** Money: the gateway says so after the request went on to Kling. */
export const lostUpstream = stumbled("The gateway lost Kling's answer");
const invalidInput = refused('input', 'The gateway did not accept the request', CHECK_INPUT);
const noAccess = refused(
	'access',
	'The gateway does not allow this to the key',
	"Check in the gateway's console what the key may use",
);
const tooMany = busy('The gateway asks for fewer requests', 'Wait, or run fewer items at once');

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

function refused(category: Category, message: string, description: string): Classification {
	return { category, sendAgain: 'never', message, description };
}

function busy(message: string, description: string): Classification {
	return { category: 'busy', sendAgain: 'safe', message, description };
}

/** Money: the service may have created the task before it stumbled. */
function stumbled(message: string): Classification {
	return { category: 'service', sendAgain: 'lookUpFirst', message, description: LATER };
}
