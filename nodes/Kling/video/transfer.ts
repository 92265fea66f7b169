// One try to bring a file from its link into n8n's storage, checked while the bytes pass.
import { createMp4Inspector, type Mp4Facts } from './mp4';
import { judgeAnswer, judgeVerdict, setback, tooBig, type Setback } from './setback';
import { tapped, type ByteStream } from './tap';

/** What a request for the file brought, any status; nothing of the body has been read. */
type Opened<Body> =
	| { kind: 'answered'; status: number; headers: Record<string, unknown>; body: Body }
	| { kind: 'failed'; reason: string };

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

interface TransferOptions {
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

type Ending<Stored> = { kind: 'stored'; binary: Stored; facts: Mp4Facts } | Setback;

const TICK_MS = 1000;

/** What one transfer has come to; shared by the tap, the watchdog and the judgement. */
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
	setback?: Setback;
	facts?: Mp4Facts;
}

/**
 * Makes one request and streams what comes into the storage. A file that is not a whole MP4 is
 * refused before its stream ends, so that the storage keeps nothing of it.
 *
 * @returns the stored file and its facts, or the setback; never throws
 */
export async function transfer<Body extends ByteStream, Stored>(
	url: string,
	file: StoredFile,
	ports: TransferPorts<Body, Stored>,
	options: TransferOptions,
): Promise<Ending<Stored>> {
	if (!/^https?:\/\//i.test(url)) {
		return setback('linkDead', 'refresh', 'the link is not an http or https address');
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
	void watch(progress, ports.sleep, options);
	const ending = await receive(url, file, ports, options, progress);
	progress.over = true;
	// Frees the connection of a body that was not read to its end.
	progress.controller.abort();
	return ending;
}

async function receive<Body extends ByteStream, Stored>(
	url: string,
	file: StoredFile,
	ports: TransferPorts<Body, Stored>,
	options: TransferOptions,
	progress: Progress,
): Promise<Ending<Stored>> {
	const { maxBytes } = options;
	const opened = await ports.open(url, progress.controller.signal);
	if (opened.kind === 'failed') {
		const reason = progress.stalled ? 'the server did not answer' : opened.reason;
		return setback('unreachable', 'again', reason);
	}
	// A connection that breaks before the storage reads would end the process: an 'error' event that
	// nobody hears. Nothing is lost, the read reports it again.
	opened.body.on('error', () => undefined);
	const length = announcedLength(opened.headers);
	const refusal = judgeAnswer(opened.status, length, maxBytes);
	if (refusal) return refusal;
	const tap = (source: AsyncIterable<Uint8Array>) => checked(source, length, maxBytes, progress);
	try {
		const stream = tapped(opened.body, tap);
		const binary = await ports.store(stream, file.name, file.mimeType);
		if (progress.facts) return { kind: 'stored', binary, facts: progress.facts };
		return setback('storage', 'giveUp', 'the storage did not read the file to its end');
	} catch (thrown) {
		return judgeThrown(thrown, progress);
	}
}

/** Passes the bytes on, counts and inspects them, and throws before the end of a file that is not whole. */
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
		if (inspector.notMp4) refuse(progress, judgeVerdict(inspector.end(), announced));
		if (bytes > maxBytes) refuse(progress, tooBig(bytes, maxBytes));
		progress.awaitingSender = false;
		yield chunk;
		progress.awaitingSender = true;
	}
	const verdict = inspector.end();
	refuse(progress, judgeVerdict(verdict, announced));
	if (verdict.kind === 'complete') progress.facts = factsOf(verdict);
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

function refuse(progress: Progress, found: Setback | undefined): void {
	if (!found) return;
	progress.setback = found;
	throw new Error(found.reason);
}

function judgeThrown(thrown: unknown, progress: Progress): Setback {
	if (progress.setback) return progress.setback;
	if (progress.overdue) return setback('broken', 'giveUp', 'the transfer took too long');
	if (progress.stalled) return setback('broken', 'again', 'the server stopped sending');
	const reason = thrown instanceof Error ? thrown.message : String(thrown);
	if (progress.senderBroke) return setback('broken', 'again', `the connection broke (${reason})`);
	return setback('storage', 'giveUp', `n8n could not store the file (${reason})`);
}

/** Looks every second whether to end the transfer: *Stop*, or a sender that has gone silent or has had its time. */
async function watch(
	progress: Progress,
	sleep: TransferPorts<ByteStream, unknown>['sleep'],
	options: TransferOptions,
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
		progress.stalled = silentSeconds >= options.stallSeconds;
		progress.overdue = seconds >= options.limitSeconds;
		if (progress.stalled || progress.overdue || options.signal?.aborted) {
			progress.controller.abort();
			return;
		}
	}
}

function announcedLength(headers: Record<string, unknown>): number | undefined {
	const text = String(headers['content-length'] ?? '');
	return /^\d+$/.test(text) && !headers['content-encoding'] ? Number(text) : undefined;
}

function factsOf(verdict: Mp4Facts): Mp4Facts {
	const { bytes, durationSeconds, width, height } = verdict;
	return { bytes, durationSeconds, width, height };
}
