// Turns a credential into the service to talk to: its address, what it can do, and what to keep out of messages.
import {
	authorizationHeader,
	cleanKey,
	stripInvisible,
	type KlingCredentials,
	readCredentials,
} from './auth';
import { KlingApiError } from './errors/error';
import { type Gateway, gateways } from './gateways';
import { isPrivateHost } from './urls';
import { type Redact, redactor } from './sanitize';

const EXAMPLE = 'https://api.example.com/kling';
/** What follows the version segment of an endpoint; it and everything behind it is not part of the base. */
const ENDPOINTS = ['videos', 'images', 'audio', 'general', 'account'];
const OTHER_ENDPOINT = /multi-image2?-?(?:to-)?video|omni-video|image2video|text2video/i;

/** A credential, resolved: where to send, how, and what to keep out of messages. */
export interface Service {
	baseUrl: string;
	gateway: Gateway;
	/** Masks this credential's keys, and whatever looks like a key, in a service's words. */
	redact: Redact;
}

/**
 * Turns the fields of the `klingApi` credential into the service to talk to.
 * A field that the chosen provider does not show is ignored, whatever an earlier choice left in it.
 *
 * @param credentials the decrypted credential
 * @throws {KlingApiError} category `input` when the provider is unknown or the custom base URL is no URL,
 * category `auth` when a key is missing: said here, before anything is sent
 */
export function resolveService(credentials: unknown): Service {
	const fields = readCredentials(credentials);
	const gateway = gatewayOf(fields);
	authorizationHeader(fields, 0);
	return { baseUrl: gateway.baseUrl, gateway, redact: redactor(secretsOf(fields)) };
}

function gatewayOf(fields: KlingCredentials): Gateway {
	if (fields.provider !== 'custom') return gateways[fields.provider];
	return {
		...gateways.custom,
		baseUrl: normaliseBaseUrl(fields.baseUrl),
		modelField: fields.modelField,
	};
}

function secretsOf(fields: KlingCredentials): string[] {
	const { apiKey, accessKey, secretKey, callbackSecret, callbackToken } = fields;
	const typed = [apiKey, accessKey, secretKey, callbackSecret, callbackToken];
	return typed.flatMap((value) => [value, cleanKey(value)]);
}

/**
 * The base URL of a custom service: scheme, host, port and path prefix, without a trailing slash.
 * Takes a bare host, a base with slashes or blanks around it, and a full endpoint URL with task id and query.
 *
 * @param pasted what stands in the credential's 'Base URL'
 * @throws {KlingApiError} category `input`, saying what to paste
 */
function normaliseBaseUrl(pasted: string): string {
	const text = firstUrl(pasted);
	if (text === '') throw refuse("The 'Base URL' of the Kling API credential is empty");
	const url = parse(withScheme(text));
	if (url === undefined || !isHost(url.hostname, text)) {
		throw refuse("The 'Base URL' of the Kling API credential is not a web address");
	}
	if (url.username !== '' || url.password !== '') {
		throw refuse("The 'Base URL' of the Kling API credential holds a user name or password");
	}
	const prefix = withoutEndpoint(url.pathname);
	if (OTHER_ENDPOINT.test(prefix)) {
		throw refuse("The 'Base URL' leads to an endpoint that is not of the form /v1/videos/…");
	}
	return `${url.origin}${prefix}`;
}

function withoutEndpoint(path: string): string {
	const pieces = path.split('/').filter((piece) => piece !== '');
	const version = pieces.findIndex((piece, at) => {
		const next = pieces[at + 1]?.toLowerCase();
		return piece.toLowerCase() === 'v1' && (next === undefined || ENDPOINTS.includes(next));
	});
	const base = version === -1 ? pieces : pieces.slice(0, version);
	return base.map((piece) => `/${piece}`).join('');
}

/** A pasted `POST https://…` or a curl line holds its URL among other words. */
function firstUrl(pasted: string): string {
	const text = stripInvisible(pasted)
		.trim()
		.replace(/^["'`<]+|(?<!["'`>])["'`>]+$/g, '')
		.trim();
	const [, url, behind = ''] = /(https?:\/\/[^\s"'`<>]+)([^]*)/i.exec(text) ?? [];
	// What goes on after a blank may be the rest of the host, and the key would go to another one.
	return url === undefined || /^\s+[^\s\\-]/.test(behind) ? text : url;
}

function withScheme(text: string): string {
	if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text;
	const bare = text.replace(/^\/+/, '');
	const host = parse(`http://${bare}`)?.hostname ?? '';
	return `${isPrivateHost(host) ? 'http' : 'https'}://${bare}`;
}

function parse(text: string): URL | undefined {
	if (/\s/.test(text) || !URL.canParse(text)) return undefined;
	const url = new URL(text);
	return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
}

/** Without a scheme, a single word is more likely a key or a name than a host. */
function isHost(hostname: string, typed: string): boolean {
	if (hostname === '') return false;
	if (/^https?:\/\//i.test(typed)) return true;
	return hostname.includes('.') || hostname === 'localhost' || hostname.startsWith('[');
}

function refuse(message: string): KlingApiError {
	return new KlingApiError({
		category: 'input',
		sendAgain: 'never',
		message: `${message}: paste what stands before /v1/videos/`,
		description: `Paste what stands before /v1/videos/ in the service's documentation, e.g. ${EXAMPLE}`,
	});
}
