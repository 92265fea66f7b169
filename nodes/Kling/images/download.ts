// Loads an image from a link into memory, up to a bound; for links that the service cannot reach.

/** What one plain GET brought; nothing of the body has been read. */
type OpenedImage =
	| {
			kind: 'answered';
			status: number;
			headers: Record<string, unknown>;
			body: ImageBody;
	  }
	| { kind: 'failed'; reason: string };

interface ImageBody extends AsyncIterable<Uint8Array> {
	on(event: 'error', listener: (error: Error) => void): unknown;
}

/** One request without the API key; never throws; the signal also ends a body that is under way. */
export type OpenImage = (url: string, signal: AbortSignal) => Promise<OpenedImage>;

export type DownloadedImage =
	| { kind: 'bytes'; bytes: Buffer }
	/** `bytes` as announced, or undefined when only known to be more than allowed. */
	| { kind: 'tooBig'; bytes?: number }
	| { kind: 'unavailable'; reason: string };

/** For the whole image, connection included. */
const TIMEOUT_MS = 60_000;

/**
 * @param url http or https
 * @param maxBytes what is longer is not loaded
 * @param stop the execution's cancel signal
 * @returns the bytes, or why there are none; never throws
 */
export async function downloadImage(
	url: string,
	maxBytes: number,
	open: OpenImage,
	stop?: AbortSignal,
): Promise<DownloadedImage> {
	const controller = new AbortController();
	const limits = [controller.signal, AbortSignal.timeout(TIMEOUT_MS)];
	const signal = AbortSignal.any(stop ? [...limits, stop] : limits);
	const downloaded = await load(url, maxBytes, open, signal);
	// Frees the connection of a body that was not read to its end.
	controller.abort();
	return downloaded;
}

async function load(
	url: string,
	maxBytes: number,
	open: OpenImage,
	signal: AbortSignal,
): Promise<DownloadedImage> {
	const opened = await open(url, signal);
	if (opened.kind === 'failed') return { kind: 'unavailable', reason: opened.reason };
	// A connection that breaks while nobody reads would end the process; a read reports it again.
	opened.body.on('error', () => undefined);
	if (opened.status !== 200) {
		return { kind: 'unavailable', reason: `the server answered with status ${opened.status}` };
	}
	const announced = Number(opened.headers['content-length'] ?? 0);
	if (announced > maxBytes) return { kind: 'tooBig', bytes: announced };
	try {
		return await gather(opened.body, maxBytes);
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		return { kind: 'unavailable', reason: `the connection broke (${reason})` };
	}
}

async function gather(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<DownloadedImage> {
	const pieces: Uint8Array[] = [];
	let bytes = 0;
	for await (const piece of body) {
		bytes += piece.length;
		if (bytes > maxBytes) return { kind: 'tooBig' };
		pieces.push(piece);
	}
	return { kind: 'bytes', bytes: Buffer.concat(pieces) };
}
