// Checks the token that a callback carries in its URL.
import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Compares without telling, by its time, how much of the token was right. Never throws.
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
