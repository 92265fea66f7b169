// The Authorization header of each kind of credential, made anew for every request.
import { createHmac } from 'node:crypto';
import { cleanKey } from './auth/keys';
import { readCredentials, type KlingCredentials } from './credentials';
import { KlingApiError } from './errors';

/**
 * A minute of clock skew must do no harm, in either direction: a token is valid from 90 s ago, and for 90 s
 * less than the documented 30 minutes, so that a service whose clock is behind never sees one that lives longer.
 */
const SKEW_SECONDS = 90;
const LIFETIME_SECONDS = 1800;

/**
 * The value of the Authorization header.
 *
 * @param credentials the decrypted `klingApi` credential
 * @param nowMs Unix time in milliseconds; only a signed token depends on it
 * @throws {KlingApiError} category `auth` when a key is missing or cannot be one
 * @see https://kling.ai/document-api/api/get-started/authentication
 */
export function authorizationHeader(credentials: unknown, nowMs: number): string {
	const fields = readCredentials(credentials);
	const key = fields.authType === 'accessKey' ? signToken(fields, nowMs) : apiKeyOf(fields);
	const isBare = fields.provider === 'custom' && fields.authScheme === 'none';
	return isBare ? key : `Bearer ${key}`;
}

function apiKeyOf(fields: KlingCredentials): string {
	return usableKey(fields.apiKey, 'API Key');
}

/** JWT, HS256: `iss` is the access key; signed with the secret key. */
function signToken(fields: KlingCredentials, nowMs: number): string {
	const accessKey = usableKey(fields.accessKey, 'Access Key');
	const secretKey = usableKey(fields.secretKey, 'Secret Key');
	const now = Math.floor(nowMs / 1000);
	const header = encode({ alg: 'HS256', typ: 'JWT' });
	const claims = encode({
		iss: accessKey,
		exp: now - SKEW_SECONDS + LIFETIME_SECONDS,
		nbf: now - SKEW_SECONDS,
	});
	const signature = createHmac('sha256', secretKey)
		.update(`${header}.${claims}`)
		.digest('base64url');
	return `${header}.${claims}.${signature}`;
}

function encode(part: object): string {
	return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function usableKey(pasted: string, field: string): string {
	const key = cleanKey(pasted);
	if (key === '') throw refuse(`The '${field}' of the Kling API credential is empty`);
	// A header takes visible ASCII only; anything else would fail deep inside the HTTP client.
	if (!/^[\x21-\x7e]+$/.test(key)) {
		throw refuse(`The '${field}' of the Kling API credential holds characters that no key has`);
	}
	return key;
}

function refuse(message: string): KlingApiError {
	return new KlingApiError({
		category: 'auth',
		sendAgain: 'never',
		message,
		nextStep: "Copy the key again from your provider's console and paste it into the credential",
	});
}
