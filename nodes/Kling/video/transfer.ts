// One attempt to bring a video from its link into n8n's storage, checked while the bytes pass.
import type { ByteStream, Opened } from '../api/urls';
import { createMp4Inspector, type ContentGuess, type Mp4Result } from './mp4';

export interface TransferPorts<Body extends ByteStream, Stored> {
	/**
	 * One plain GET without the API key, redirects followed, with `Accept-Encoding: identity`.
	 * Never throws. The signal must also end a body that is under way: destroying such a body
	 * does not free its connection.
	 */
	open(url: string, signal: AbortSignal): Promise<Opened<Body>>;
	/** Reads the stream to its end into storage; throws what the stream throws, leaving no file. */
	store(stream: Body, fileName: string, mimeType: string): Promise<Stored>;
	/** Never throws; may end early once the signal is aborted. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface TransferLimits {
	/** Largest file that is taken, in bytes. */
	maxBytes: number;
	/** How long the sender may be silent, in seconds. */
	stallSeconds: number;
	/** How long the whole file may take, in seconds: a sender that drips is never silent. */
	limitSeconds: number;
	/** Ends the transfer: *Stop*, or a deadline of the caller's. */
	signal?: AbortSignal;
}

interface StoredFile {
	name: string;
	mimeType: string;
}

/** Why there is no file; decides what the user is told to do. */
export type DownloadFailure =
	'stopped' | 'linkDead' | 'tooBig' | 'notVideo' | 'broken' | 'unreachable' | 'storage';

interface FailedTransfer {
	kind: 'failed';
	why: DownloadFailure;
	/** Ends the sentence "The video was not downloaded: …". */
	reason: string;
	/** Whether another attempt can help. */
	next: 'again' | 'refreshLink' | 'giveUp';
}

/** `doubt`: why the stored file may lack something, where that could not be told. */
type TransferResult<Stored> = { kind: 'stored'; binary: Stored; doubt?: string } | FailedTransfer;

const TICK_MS = 1000;

/** The state of one transfer; shared by the stream, the watchdog and the classification. */
interface Progress {
	readonly controller: AbortController;
	over: boolean;
	stalled: boolean;
	/** The file took longer than it may. */
	overdue: boolean;
	/** True while the sender is to deliver, false while the storage is. */
	awaitingSender: boolean;
	chunks: number;
	senderBroke: boolean;
	failure?: FailedTransfer;
	content?: { doubt?: string };
}

/**
 * Makes one request and streams what comes into the storage. What is proven to be no whole video is
 * refused before its stream ends, so that the storage keeps nothing of it.
 *
 * @returns the stored file or why there is none; never throws
 */
export async function transfer<Body extends ByteStream, Stored>(
	url: string,
	file: StoredFile,
	ports: TransferPorts<Body, Stored>,
	limits: TransferLimits,
): Promise<TransferResult<Stored>> {
	if (!/^https?:\/\//i.test(url)) {
		return failed('linkDead', 'refreshLink', 'the link is not an http or https address');
	}
	const progress: Progress = {
		controller: new AbortController(),
		over: false,
		stalled: false,
		overdue: false,
		awaitingSender: true,
		chunks: 0,
		senderBroke: false,
	};
	void watch(progress, ports.sleep, limits);
	const result = await receive(url, file, ports, limits.maxBytes, progress);
	progress.over = true;
	// Frees the connection of a body that was not read to its end.
	progress.controller.abort();
	return result;
}

async function receive<Body extends ByteStream, Stored>(
	url: string,
	file: StoredFile,
	ports: TransferPorts<Body, Stored>,
	maxBytes: number,
	progress: Progress,
): Promise<TransferResult<Stored>> {
	const opened = await ports.open(url, progress.controller.signal);
	if (opened.kind === 'failed') {
		const reason = progress.stalled ? 'the server did not answer' : opened.reason;
		return failed('unreachable', 'again', reason);
	}
	// A connection that breaks before the storage reads would end the process: an 'error' event that
	// nobody hears. Nothing is lost, the read reports it again.
	opened.body.on('error', () => undefined);
	const length = announcedLength(opened.headers);
	const refusal = classifyAnswer(opened.status, length, maxBytes);
	if (refusal) return refusal;
	try {
		const checkedBody = checked(opened.body, length, maxBytes, progress);
		const stream = streamLike(opened.body, checkedBody);
		const binary = await ports.store(stream, file.name, file.mimeType);
		if (progress.content) return { kind: 'stored', binary, ...progress.content };
		return failed('storage', 'giveUp', 'the storage did not read the file to its end');
	} catch (thrown) {
		return classifyThrown(thrown, progress);
	}
}

/** Passes the bytes on, counts and inspects them, and throws before the end of a file that is refused. */
async function* checked(
	source: AsyncIterable<Uint8Array>,
	announced: number | undefined,
	maxBytes: number,
	progress: Progress,
): AsyncGenerator<Uint8Array> {
	const inspector = createMp4Inspector();
	let bytes = 0;
	for await (const chunk of reportingBreaks(source, progress)) {
		bytes += chunk.length;
		progress.chunks += 1;
		inspector.push(chunk);
		if (inspector.notMp4) refuse(progress, classifyContent(inspector.end(), announced));
		if (bytes > maxBytes) refuse(progress, tooBig(bytes, maxBytes));
		progress.awaitingSender = false;
		yield chunk;
		progress.awaitingSender = true;
	}
	const found = inspector.end();
	refuse(progress, classifyContent(found, announced));
	progress.content = { doubt: doubtOf(found, announced) };
	progress.awaitingSender = false;
}

/** Marks that it was the sender, not the storage, that ended the transfer. */
async function* reportingBreaks(
	source: AsyncIterable<Uint8Array>,
	progress: Progress,
): AsyncGenerator<Uint8Array> {
	let ended = false;
	try {
		yield* source;
		ended = true;
	} finally {
		progress.senderBroke = !ended && progress.awaitingSender;
	}
}

function refuse(progress: Progress, failure: FailedTransfer | undefined): void {
	if (!failure) return;
	progress.failure = failure;
	throw new Error(failure.reason);
}

/** Checks every second whether to end the transfer: *Stop*, a silent sender, or one that has had its time. */
async function watch(
	progress: Progress,
	sleep: TransferPorts<ByteStream, unknown>['sleep'],
	limits: TransferLimits,
): Promise<void> {
	let silentSeconds = 0;
	let seconds = 0;
	let seen = 0;
	while (!progress.over) {
		await sleep(TICK_MS, progress.controller.signal);
		seconds += TICK_MS / 1000;
		const isSilent = progress.awaitingSender && progress.chunks === seen;
		silentSeconds = isSilent ? silentSeconds + TICK_MS / 1000 : 0;
		seen = progress.chunks;
		progress.stalled = silentSeconds >= limits.stallSeconds;
		progress.overdue = seconds >= limits.limitSeconds;
		if (progress.stalled || progress.overdue || limits.signal?.aborted) {
			progress.controller.abort();
			return;
		}
	}
}

/** @returns bytes; undefined where the server names none, or names those of the compressed form */
function announcedLength(headers: Record<string, unknown>): number | undefined {
	const text = String(headers['content-length'] ?? '');
	return /^\d+$/.test(text) && !headers['content-encoding'] ? Number(text) : undefined;
}

/** Classifies the status and the announced length, before anything of the body is read. */
function classifyAnswer(
	status: number,
	length: number | undefined,
	maxBytes: number,
): FailedTransfer | undefined {
	if (status === 408 || status === 425 || status === 429 || status >= 500) {
		return failed('unreachable', 'again', `the server answered with status ${status}`);
	}
	if (status !== 200) {
		return failed('linkDead', 'refreshLink', `the link was answered with status ${status}`);
	}
	if (length !== undefined && length > maxBytes) return tooBig(length, maxBytes);
	return undefined;
}

/** @returns undefined unless the bytes prove that they are no whole video */
function classifyContent(
	found: Mp4Result,
	announced: number | undefined,
): FailedTransfer | undefined {
	if (found.kind === 'notMp4') {
		if (found.startsLike === 'nothing') return failed('broken', 'again', 'the file is empty');
		return failed('notVideo', 'refreshLink', `the link leads to ${inWords(found.startsLike)}`);
	}
	if (announced !== undefined && found.bytes < announced) {
		return failed('broken', 'again', `only ${found.bytes} of ${announced} bytes arrived`);
	}
	if (found.kind !== 'cut') return undefined;
	return failed('broken', 'again', `${found.reason}, after ${found.bytes} bytes`);
}

/** A video that was paid for is given out in doubt, and the user is told. */
function doubtOf(found: Mp4Result, announced: number | undefined): string | undefined {
	if (found.kind === 'unreadable') return 'its parts cannot be told apart';
	if (found.kind !== 'complete' || !found.hasTrailer || announced !== undefined) return undefined;
	return 'the server did not announce how long the file is, and its last bytes are not a whole part';
}

function classifyThrown(thrown: unknown, progress: Progress): FailedTransfer {
	if (progress.failure) return progress.failure;
	if (progress.overdue) return failed('broken', 'giveUp', 'the transfer took too long');
	if (progress.stalled) return failed('broken', 'again', 'the server stopped sending');
	const reason = thrown instanceof Error ? thrown.message : String(thrown);
	if (progress.senderBroke) return failed('broken', 'again', `the connection broke (${reason})`);
	return failed('storage', 'giveUp', `n8n could not store the file (${reason})`);
}

function tooBig(bytes: number, maxBytes: number): FailedTransfer {
	const inMegabytes = (count: number) => `${Math.round(count / 1e6)} MB`;
	const reason = `it has at least ${inMegabytes(bytes)}, and the limit is ${inMegabytes(maxBytes)}`;
	return failed('tooBig', 'giveUp', reason);
}

function inWords(guess: ContentGuess): string {
	if (guess === 'html') return 'a web page, not to an MP4 file';
	if (guess === 'unknown' || guess === 'nothing') return 'something that is not an MP4 file';
	return `${guess === 'text' ? 'plain text' : guess.toUpperCase()}, not to an MP4 file`;
}

function failed(
	why: DownloadFailure,
	next: FailedTransfer['next'],
	reason: string,
): FailedTransfer {
	return { kind: 'failed', why, next, reason };
}

interface StreamClass {
	from(source: AsyncIterable<Uint8Array>, options: { objectMode: boolean }): unknown;
}

/**
 * Makes a stream of the same class as `body` with other content, without buffering the file.
 *
 * `Readable.from` of the body's own class, because verified nodes cannot import `node:stream`.
 * It pulls: nothing is read before the storage asks, so back-pressure holds, and a throw in the
 * content reaches whoever reads. (`body.compose()` reads ahead instead: a throw that comes before the
 * storage listens ends the process, and a broken connection looks like a regular end.)
 *
 * @throws TypeError when `body` is not a Node.js stream
 */
function streamLike<Stream extends ByteStream>(
	body: Stream,
	content: AsyncIterable<Uint8Array>,
): Stream {
	for (let link: unknown = Object.getPrototypeOf(body); link; link = Object.getPrototypeOf(link)) {
		const { constructor } = link as { constructor?: unknown };
		if (isStreamClass(constructor)) {
			return constructor.from(content, { objectMode: false }) as Stream;
		}
	}
	throw new TypeError('The answer cannot be read as a stream');
}

function isStreamClass(value: unknown): value is StreamClass {
	return typeof value === 'function' && 'from' in value && typeof value.from === 'function';
}
