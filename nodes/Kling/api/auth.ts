// The credential: its fields, read at the border, the Authorization header that is made of its keys, and its signing secret.
import { createHmac } from 'node:crypto';

import { z } from 'zod';

import { type Issue, KlingApiError } from './errors/error';
import { type ProviderName, providerNames } from './gateways';
import { LONGEST_TEXT } from './sanitize';

const text = z
	.string()
	.nullish()
	.transform((value) => value ?? '');

/** Fields that n8n did not store (hidden ones, older credentials) take their defaults. */
const credentialsSchema = z.object({
	provider: z.custom<ProviderName>((value) => providerNames.some((name) => name === value)),
	baseUrl: text,
	authType: z.enum(['apiKey', 'accessKey']).catch('apiKey'),
	apiKey: text,
	accessKey: text,
	secretKey: text,
	authScheme: z.enum(['Bearer', 'none']).catch('Bearer'),
	modelField: z.enum(['model_name', 'model']).catch('model_name'),
	callbackSecret: text,
	callbackToken: text,
});

export type KlingCredentials = z.infer<typeof credentialsSchema>;

/**
 * Reads a decrypted `klingApi` credential.
 *
 * @throws {KlingApiError} category `input` when it is not one, or names a provider that is not in the table
 */
export function readCredentials(credentials: unknown): KlingCredentials {
	const read = credentialsSchema.safeParse(credentials);
	if (read.success) return read.data;
	const fields = read.error.issues.map((issue) => issue.path.join('.')).join(', ');
	throw new KlingApiError({
		category: 'input',
		sendAgain: 'never',
		message: `The Kling API credential cannot be read (${fields || 'no fields'})`,
		description: "Open the credential, choose a 'Provider' and save it again",
	});
}

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
		throw refuse(`The '${field}' of the Kling API credential contains characters that no key has`);
	}
	return key;
}

function refuse(message: string): KlingApiError {
	return new KlingApiError({
		category: 'auth',
		sendAgain: 'never',
		message,
		description: "Copy the key again from your provider's console and paste it into the credential",
	});
}

const INVISIBLE = /[\u00AD\u200B-\u200F\u2028\u2029\u2060\uFEFF]/g;

/** Takes out characters that cannot be seen and that copying from a web page brings along, and cuts the text. */
export function stripInvisible(text: string): string {
	return text
		.slice(0, LONGEST_TEXT)
		.replace(INVISIBLE, '')
		.replace(/\u00A0/g, ' ');
}

/**
 * A key without what surrounds it when pasted: blanks, line breaks, quotes, `Authorization:` and `Bearer`.
 * No key holds white space, so what a line break split is joined again.
 */
export function cleanKey(pasted: string): string {
	let key = stripInvisible(pasted).trim();
	for (let before = ''; before !== key;) {
		before = key;
		key = key
			.replace(/^["'`]+|(?<!["'`])["'`]+$/g, '')
			.replace(/^authorization\s*[:=]\s*/i, '')
			.replace(/^bearer(?:\s+|$)/i, '')
			.trim();
	}
	return key.replace(/\s+/g, '');
}

const SECRET_PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** A longer text is no secret of a console; the standard allows 64 bytes. */
const LONGEST_SECRET = 1_000;
/** A shorter key can be guessed; an empty one signs for everybody. */
const SHORTEST_KEY_BYTES = 24;

type SigningKey =
	{ kind: 'key'; key: Buffer } | { kind: 'missing' } | { kind: 'notBase64' } | { kind: 'tooShort' };

/**
 * @param secret as the service's console shows it, with or without `whsec_`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signingKeyOf(secret: string): SigningKey {
	const trimmed = secret.trim();
	if (trimmed === '') return { kind: 'missing' };
	const text = trimmed.startsWith(SECRET_PREFIX) ? trimmed.slice(SECRET_PREFIX.length) : trimmed;
	if (text.length > LONGEST_SECRET || !BASE64.test(text))
		return { kind: text === '' ? 'tooShort' : 'notBase64' };
	const key = Buffer.from(text, 'base64');
	return key.byteLength < SHORTEST_KEY_BYTES ? { kind: 'tooShort' } : { kind: 'key', key };
}

/** Why a secret cannot check signatures; undefined for a good one, and for none. */
export function weakSecretIssue(secret: string): Issue | undefined {
	const { kind } = signingKeyOf(secret);
	if (kind === 'key' || kind === 'missing') return undefined;
	const why =
		kind === 'tooShort'
			? `holds fewer than ${SHORTEST_KEY_BYTES} bytes, so that signatures could be guessed`
			: 'is not the text of a webhook secret';
	return {
		message: `The 'Callback Signing Secret' of the Kling API credential ${why}`,
		description: "Copy the whole webhook secret (whsec_…) again from the service's console.",
	};
}
