// Checks that a call comes from whoever was given the secret: a Standard Webhooks signature, or a token in the URL.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { signingKeyOf } from '../api/auth';

/** The three headers of a signed callback, as received. */
interface SignatureHeaders {
	/** `webhook-id` */
	id?: string;
	/** `webhook-timestamp`, Unix time in seconds */
	timestamp?: string;
	/** `webhook-signature`: one or, while a secret is rotated, several `v1,<base64>`, separated by spaces */
	signature?: string;
}

/** Says for the log why a call is refused; never part of the secret or of the request. */
type RefusalReason =
	| 'no secret to check with'
	| 'secret is not Base64'
	| 'secret is too short'
	| 'signature headers missing'
	| 'signature headers too long'
	| 'timestamp is no number'
	| 'timestamp too old'
	| 'timestamp too new'
	| 'no signature matches';

type SignatureCheck = { kind: 'genuine' } | { kind: 'refused'; why: RefusalReason };

const VERSION = 'v1,';
const UNIX_SECONDS = /^\d{1,12}$/;
/** How far the sender's clock may be off, both ways, in seconds; also the window for a replay. */
const TOLERANCE_S = 300;
/** Longest id and signature header, in characters; two signatures during a rotation have about 100. */
const LONGEST_HEADER = 2_000;

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
): SignatureCheck {
	const signing = signingKeyOf(secret);
	if (signing.kind === 'missing') return refused('no secret to check with');
	if (signing.kind === 'notBase64') return refused('secret is not Base64');
	if (signing.kind === 'tooShort') return refused('secret is too short');
	const { id, timestamp, signature } = headers;
	if (!id || !timestamp || !signature) return refused('signature headers missing');
	if (id.length > LONGEST_HEADER || signature.length > LONGEST_HEADER) {
		return refused('signature headers too long');
	}
	if (!UNIX_SECONDS.test(timestamp)) return refused('timestamp is no number');
	const ageS = Math.floor(nowMs / 1000) - Number(timestamp);
	if (ageS > TOLERANCE_S) return refused('timestamp too old');
	if (ageS < -TOLERANCE_S) return refused('timestamp too new');
	const expected = createHmac('sha256', signing.key)
		.update(`${id}.${timestamp}.`)
		.update(body)
		.digest('base64');
	const matches = signature
		.split(' ')
		.some((given) => given.startsWith(VERSION) && isSame(given.slice(VERSION.length), expected));
	return matches ? { kind: 'genuine' } : refused('no signature matches');
}

/**
 * Checks the token that a callback carries in its URL, in constant time. Never throws.
 *
 * @param given what stands behind `?token=`; anything but one text is wrong
 * @param expected the credential's Callback Token; when it is empty nothing is right
 */
export function isToken(given: unknown, expected: string): boolean {
	const wanted = expected.trim();
	if (typeof given !== 'string' || wanted === '') return false;
	return timingSafeEqual(digest(given), digest(wanted));
}

/** Gives both sides one length, which `timingSafeEqual` asks for. */
function digest(text: string): Buffer {
	return createHash('sha256').update(text).digest();
}

function isSame(given: string, expected: string): boolean {
	const [left, right] = [Buffer.from(given), Buffer.from(expected)];
	return left.length === right.length && timingSafeEqual(left, right);
}

function refused(why: RefusalReason): SignatureCheck {
	return { kind: 'refused', why };
}
