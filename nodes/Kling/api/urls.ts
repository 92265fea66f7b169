// URLs that the service or n8n is to open: whether their form can work, and what a plain GET of one brings.

/** What is used of the stream that n8n's HTTP helper gives: a Node.js `Readable`. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
	on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What a GET without the API key brought, any status; nothing of the body has been read. */
export type Opened<Body extends ByteStream = ByteStream> =
	| { kind: 'answered'; status: number; headers: Record<string, unknown>; body: Body }
	| { kind: 'failed'; reason: string };

/** `refuse`: cannot work anywhere. `hint`: the service can probably not reach it. */
type UrlIssue = { kind: 'refuse' | 'hint'; message: string };

/**
 * Checks the form of a reference image's URL; nothing is fetched.
 *
 * @returns undefined when nothing speaks against it
 */
export function imageUrlIssue(text: string): UrlIssue | undefined {
	return formIssue(text) ?? reachIssue(new URL(text.trim()));
}

/** Checks the form of a callback URL; n8n's test URLs live for two minutes, a video takes longer. */
export function callbackUrlIssue(text: string): UrlIssue | undefined {
	const broken = formIssue(text);
	if (broken !== undefined) return broken;
	const url = new URL(text.trim());
	if (/\/webhook-test\//.test(url.pathname)) {
		return hint(
			'is a test URL, which n8n answers only while the editor listens: use the production URL',
		);
	}
	return reachIssue(url);
}

/** True for hosts that nobody outside this network can reach. */
export function isPrivateHost(hostname: string): boolean {
	const host = hostname
		.toLowerCase()
		.replace(/^\[|\]$/g, '')
		.replace(/\.$/, '');
	if (host.includes(':')) return isPrivateIpv6(host);
	const octets = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
	if (octets === null) {
		return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host);
	}
	const [first, second] = [Number(octets[1]), Number(octets[2])];
	if (first === 0 || first === 10 || first === 127) return true;
	if (first === 169) return second === 254;
	if (first === 172) return second >= 16 && second <= 31;
	if (first === 100) return second >= 64 && second <= 127;
	return first === 192 && second === 168;
}

function isPrivateIpv6(host: string): boolean {
	// Node writes ::ffff:10.0.0.1 as ::ffff:a00:1.
	const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(host);
	if (mapped !== null) {
		const high = parseInt(mapped[1] ?? '', 16);
		return isPrivateHost(`${high >> 8}.${high & 255}.0.0`);
	}
	return host === '::1' || host === '::' || /^f[cd]|^fe[89ab]/.test(host);
}

function formIssue(text: string): UrlIssue | undefined {
	const trimmed = text.trim();
	if (trimmed === '') return refuse('is empty');
	if (/^data:/i.test(trimmed)) return refuse('is a data URL: give the image as Base64 or binary');
	if (!/^https?:/i.test(trimmed)) return refuse('does not start with http:// or https://');
	if (/\s/.test(trimmed)) return refuse('holds a blank');
	if (!URL.canParse(trimmed) || !/^https?:\/\/[^/?#]/i.test(trimmed)) {
		return refuse('is not a complete web address');
	}
	return undefined;
}

function reachIssue(url: URL): UrlIssue | undefined {
	if (isPrivateHost(url.hostname)) {
		return hint(`is on a private address (${url.hostname}), which the service cannot reach`);
	}
	if (url.username !== '' || url.password !== '') {
		return hint('holds a user name or password, which the service may not use');
	}
	return undefined;
}

function refuse(message: string): UrlIssue {
	return { kind: 'refuse', message };
}

function hint(message: string): UrlIssue {
	return { kind: 'hint', message };
}
