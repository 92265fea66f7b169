// What an HTTP status says where the body says nothing that is known.
import type { Verdict } from './codes';
import { CHECK_INPUT, klingCodes } from './codes';

const STATUSES: Readonly<Record<number, Verdict | undefined>> = {
	400: verdict('input', 'The service did not accept the request', CHECK_INPUT),
	401: klingCodes['1000'],
	402: verdict('account', 'The service asks for payment', 'Add credit, then run again'),
	403: verdict(
		'access',
		'The service does not allow this request',
		'Check what the key and the account may use, and that no firewall stands between',
	),
	404: verdict(
		'missing',
		'The service knows no such address, model or task',
		"Check the task ID and the model, and the 'Base URL' if the credential has one",
	),
	405: verdict(
		'missing',
		'The service has no such endpoint',
		"Check the 'Base URL' of the credential",
	),
	// Money: the service gave up waiting for a request that it may have read to its end.
	408: klingCodes['5002'],
	413: verdict(
		'input',
		'The request is too large for the service',
		'Send smaller images, or give URLs',
	),
	429: klingCodes['1302'],
};

/**
 * @param status of the answer; a gateway's `code` that mirrors a status may stand in
 * @returns undefined for 2xx, which says nothing about a refusal
 */
export function verdictOfStatus(status: number): Verdict | undefined {
	if (status >= 500 && status <= 599) return klingCodes['5000'];
	if (status >= 300 && status <= 399) return redirected;
	if (status >= 400 && status <= 499) return STATUSES[status] ?? STATUSES[400];
	return undefined;
}

/** A front server answered instead of the service, so nothing was created. */
const redirected = verdict(
	'reply',
	'The service points to another address, and the request was not sent on',
	"Check the 'Base URL' of the credential: scheme (https) and host must be the service's own",
);

function verdict(category: Verdict['category'], meaning: string, nextStep: string): Verdict {
	return { category, sendAgain: 'never', meaning, nextStep };
}
