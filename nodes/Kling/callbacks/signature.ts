// Checks that a callback was signed by the service: Standard Webhooks, over the bytes as they arrived.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The three headers of a signed callback, as received. */
interface SignatureHeaders {
	/** `webhook-id` */
	id?: string;
	/** `webhook-timestamp`, Unix time in seconds */
	timestamp?: string;
	/** `webhook-signature`: one or, while a secret is rotated, several `v1,<base64>`, separated by spaces */
	signature?: string;
}

/** A word for the log that says why; never part of the secret or of the request. */
type RefusalReason =
	| 'no secret to check with'
	| 'secret is not Base64'
	| 'signature headers missing'
	| 'timestamp is no number'
	| 'timestamp too old'
	| 'timestamp too new'
	| 'no signature matches';

type SignatureVerdict = { kind: 'genuine' } | { kind: 'refused'; why: RefusalReason };

const PREFIX = 'whsec_';
const VERSION = 'v1,';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const UNIX_SECONDS = /^\d{1,12}$/;
/** How far the sender's clock may be off, both ways, in seconds; also the window for a replay. */
const TOLERANCE_S = 300;

/**
 * Says whether a callback carries a signature made with the secret. Never throws.
 *
 * @param body the request body as received, before any parsing
 * @param secret as the service's console shows it, with or without `whsec_`
 * @param nowMs Unix time in milliseconds
 * @see https://kling.ai/document-api/api/get-started/callbacks
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function checkSignature(
	body: Uint8Array,
	headers: SignatureHeaders,
	secret: string,
	nowMs: number,
): SignatureVerdict {
	if (secret.trim() === '') return refused('no secret to check with');
	const key = decodeSecret(secret.trim());
	if (key === undefined) return refused('secret is not Base64');
	const { id, timestamp, signature } = headers;
	if (!id || !timestamp || !signature) return refused('signature headers missing');
	if (!UNIX_SECONDS.test(timestamp)) return refused('timestamp is no number');
	const ageS = Math.floor(nowMs / 1000) - Number(timestamp);
	if (ageS > TOLERANCE_S) return refused('timestamp too old');
	if (ageS < -TOLERANCE_S) return refused('timestamp too new');
	const expected = createHmac('sha256', key)
		.update(`${id}.${timestamp}.`)
		.update(body)
		.digest('base64');
	const matches = signature
		.split(' ')
		.some((given) => given.startsWith(VERSION) && isSame(given.slice(VERSION.length), expected));
	return matches ? { kind: 'genuine' } : refused('no signature matches');
}

function decodeSecret(secret: string): Buffer | undefined {
	const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
	return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function isSame(given: string, expected: string): boolean {
	const [left, right] = [Buffer.from(given), Buffer.from(expected)];
	return left.length === right.length && timingSafeEqual(left, right);
}

function refused(why: RefusalReason): SignatureVerdict {
	return { kind: 'refused', why };
}
