// The official refusals: code, HTTP status and text (kling.ai/document-api/api/get-started/error-codes).

export interface Refusal {
	readonly refused: true;
	readonly httpStatus: number;
	readonly code: number;
	readonly message: string;
	/** The code comes inside HTTP 200, as was seen at times. */
	readonly insideOk?: boolean;
	/** Seconds, for the Retry-After header. */
	readonly retryAfter?: number;
}

const TABLE: Readonly<Record<number, readonly [httpStatus: number, meaning: string]>> = {
	1000: [401, 'Authentication failed'],
	1001: [401, 'Authorization is empty'],
	1002: [401, 'Authorization is invalid'],
	1003: [401, 'Authorization is not yet valid'],
	1004: [401, 'Authorization has expired'],
	1100: [429, 'Abnormal account status'],
	1101: [429, 'Account in arrears'],
	1102: [429, 'Resource pack exhausted or expired'],
	1103: [403, 'Unauthorized access to requested resource'],
	1200: [400, 'Invalid request parameters'],
	1201: [400, 'Invalid parameters'],
	1202: [404, 'Requested method is invalid'],
	1203: [404, 'Requested resource does not exist'],
	1300: [400, 'Blocked by platform policy'],
	1301: [400, 'Content security policy'],
	1302: [429, 'Too many requests'],
	1303: [429, 'parallel task over resource pack limit'],
	1304: [429, 'IP whitelist policy'],
	5000: [500, 'Server internal error'],
	5001: [503, 'Server temporarily unavailable'],
	5002: [504, 'Server internal timeout'],
};

type Extras = Pick<Refusal, 'insideOk' | 'retryAfter'>;

/** A refusal by its official code; a code that is not in the table is taken as HTTP 400. */
export function refusal(code: number, message?: string, extras: Extras = {}): Refusal {
	const [httpStatus, meaning] = TABLE[code] ?? [400, 'Invalid request'];
	return { refused: true, httpStatus, code, message: message ?? meaning, ...extras };
}

/** Tells a refusal from what a call gives otherwise. */
export function isRefusal(value: object): value is Refusal {
	return 'refused' in value;
}
