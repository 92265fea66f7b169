// Understands what people paste as a base URL, and finds what stands before `/v1/videos/…` in it.
import { stripInvisible } from './auth/keys';
import { KlingApiError } from './errors';
import { isPrivateHost } from './request/urls';

const EXAMPLE = 'https://api.example.com/kling';
/** The version segment and everything behind it belong to the endpoint, not to the base. */
const ENDPOINT = /\/v1(?:\/(?:videos|images|audio|general|account)(?:\/.*)?)?\/*$/i;
const OTHER_ENDPOINT = /multi-image2?-?(?:to-)?video|omni-video|image2video|text2video/i;

/**
 * The base URL of a custom service: scheme, host, port and path prefix, without a trailing slash.
 * Takes a bare host, a base with slashes or blanks around it, and a full endpoint URL with task id and query.
 *
 * @param pasted what stands in the credential's 'Base URL'
 * @throws {KlingApiError} category `input`, saying what to paste
 */
export function normaliseBaseUrl(pasted: string): string {
	const text = firstUrl(pasted);
	if (text === '') throw refuse("The 'Base URL' of the Kling API credential is empty");
	const url = parse(withScheme(text));
	if (url === undefined || !isHost(url.hostname, text)) {
		throw refuse("The 'Base URL' of the Kling API credential is not a web address");
	}
	if (url.username !== '' || url.password !== '') {
		throw refuse("The 'Base URL' of the Kling API credential holds a user name or password");
	}
	const prefix = url.pathname
		.replace(/\/{2,}/g, '/')
		.replace(ENDPOINT, '')
		.replace(/\/+$/, '');
	if (OTHER_ENDPOINT.test(prefix)) {
		throw refuse("The 'Base URL' leads to an endpoint that is not of the form /v1/videos/…");
	}
	return `${url.origin}${prefix}`;
}

/** A pasted `POST https://…` or a curl line holds its URL among other words. */
function firstUrl(pasted: string): string {
	const text = stripInvisible(pasted)
		.trim()
		.replace(/^["'`<]+|["'`>]+$/g, '')
		.trim();
	return /https?:\/\/[^\s"'`<>]+/i.exec(text)?.[0] ?? text;
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
		nextStep: `Paste what stands before /v1/videos/ in the service's documentation, e.g. ${EXAMPLE}`,
	});
}
