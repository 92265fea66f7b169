// Puts a generator between the network and n8n's storage without buffering the file.

/** What is used of the stream that n8n's HTTP helper gives: a Node.js `Readable`. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
	on(event: 'error', listener: (error: Error) => void): unknown;
}

interface StreamClass {
	from(source: AsyncIterable<Uint8Array>, options: { objectMode: boolean }): unknown;
}

/**
 * Makes a stream of the same kind whose content is what `tap` yields.
 *
 * `Readable.from` of the body's own class, because verified nodes cannot import `node:stream`.
 * It pulls: nothing is read before the storage asks, so back-pressure holds, and a throw in `tap`
 * reaches whoever reads. (`body.compose()` reads ahead instead: a throw that comes before the
 * storage listens ends the process, and a broken connection looks like a regular end.)
 *
 * @param body not read by anyone else, before or after
 * @param tap reads `body` and yields the pieces to store; a throw makes the storage drop its file
 * @throws TypeError when `body` is not a Node.js stream
 */
export function tapped<Stream extends ByteStream>(
	body: Stream,
	tap: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Stream {
	return streamClassOf(body).from(tap(body), { objectMode: false }) as Stream;
}

/** The nearest class in the prototype chain that has `from`. */
function streamClassOf(body: object): StreamClass {
	for (let link: unknown = Object.getPrototypeOf(body); link; link = Object.getPrototypeOf(link)) {
		const { constructor } = link as { constructor?: unknown };
		if (isStreamClass(constructor)) return constructor;
	}
	throw new TypeError('The answer cannot be read as a stream');
}

function isStreamClass(value: unknown): value is StreamClass {
	return typeof value === 'function' && 'from' in value && typeof value.from === 'function';
}
