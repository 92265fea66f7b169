// Kling's own error codes: what each means, who can mend it, and whether a create may be sent again.
import type { Category, SendAgain } from '../errors';

/** What a code or a word tells. */
export interface Verdict {
	category: Category;
	sendAgain: SendAgain;
	/** What happened, in words that stand alone. */
	meaning: string;
	nextStep: string;
}

const CHECK_KEY =
	"Check the key in the Kling API credential, and that it belongs to the chosen 'Provider'";
const CHECK_CLOCK = 'Check the clock of the machine that runs n8n, then run again';
const LATER = 'Try again later';
export const CHECK_INPUT =
	"The service's words say which: often an image (a JPG or PNG that the service can open), the model, or the task ID";

/** @see https://kling.ai/document-api/api/get-started/error-codes */
export const klingCodes: Readonly<Record<string, Verdict>> = {
	1000: refused('auth', 'The key was not accepted', CHECK_KEY),
	1001: refused('auth', 'The request carried no key', CHECK_KEY),
	1002: refused(
		'auth',
		'The key is not valid here',
		`${CHECK_KEY}: keys of the global and of the Chinese service differ`,
	),
	1003: refused('auth', 'The signed token is not valid yet', CHECK_CLOCK),
	1004: refused('auth', 'The signed token has expired', CHECK_CLOCK),
	1100: refused(
		'account',
		'The account is not in a normal state',
		"Check the account in the provider's console",
	),
	1101: refused('account', 'The account is in arrears', 'Settle the bill, then run again'),
	1102: refused(
		'account',
		'The resource pack is used up or has expired',
		'Buy a pack or switch on post-payment, then run again',
	),
	1103: refused(
		'access',
		'This account may not use the model or endpoint',
		'Check what the account may use, or pick another model',
	),
	1200: refused('input', 'The service did not accept the request', CHECK_INPUT),
	1201: refused('input', 'The service did not accept a parameter', CHECK_INPUT),
	1202: refused(
		'missing',
		'The service has no such endpoint',
		"Check the 'Base URL' of the credential",
	),
	1203: refused(
		'missing',
		'The service knows no such model or task',
		'Check the model or the task ID',
	),
	1300: refused(
		'policy',
		"The platform's policy does not allow this",
		'Change the prompt or the images',
	),
	1301: refused(
		'policy',
		'The content check refused the prompt or an image',
		'Change the prompt or the images',
	),
	1302: busy('Too many requests in a short time'),
	1303: busy("As many tasks are running as the account's plan allows"),
	1304: refused(
		'account',
		"The account's IP allow-list does not hold this address",
		'Add the address, or ask Kling',
	),
	// Money: the service may have created the task before it stumbled.
	5000: stumbled('The service had an internal fault'),
	5001: stumbled('The service is being maintained'),
	5002: stumbled('The service ran out of time'),
};

/** Money: 5xxx is the service's own family, so one that is not in the table leaves a create open as well. */
export function verdictOfFamily(code: string): Verdict | undefined {
	return /^5\d{3}$/.test(code) ? klingCodes['5000'] : undefined;
}

function refused(category: Category, meaning: string, nextStep: string): Verdict {
	return { category, sendAgain: 'never', meaning, nextStep };
}

function busy(meaning: string): Verdict {
	return {
		category: 'busy',
		sendAgain: 'safe',
		meaning,
		nextStep: 'Wait for running tasks, or raise the plan',
	};
}

function stumbled(meaning: string): Verdict {
	return { category: 'service', sendAgain: 'lookUpFirst', meaning, nextStep: LATER };
}
