// Remembers every call, download and callback, and counts them; never a key, never a body.

export interface Call {
	readonly n: number;
	/** Real time, Unix ms. */
	readonly at: number;
	readonly kind: 'create' | 'get' | 'list' | 'other' | 'image';
	readonly dialect: string;
	readonly method: string;
	readonly path: string;
	readonly bodyBytes: number;
	/** Undefined where nothing was answered. */
	readonly status: number | undefined;
	/** `accepted`: a task was made. `answered`: a read. */
	readonly outcome: 'accepted' | 'answered' | 'refused';
	/** The fault that met the call. */
	readonly fault: string | undefined;
	readonly taskId: string | undefined;
}

export interface Download {
	readonly n: number;
	readonly at: number;
	readonly taskId: string;
	readonly path: string;
	readonly status: number | undefined;
	readonly bytes: number;
	/** Whether every byte that was announced was sent. */
	readonly complete: boolean;
	/** The request headers; a value that holds a key or a cookie is blanked. */
	readonly headers: Readonly<Record<string, string>>;
	/** Whether Authorization, a cookie or a known key travelled along, in a header or in the URL. */
	readonly carriedKey: boolean;
	readonly fault: string | undefined;
}

export interface CallbackSent {
	readonly n: number;
	readonly at: number;
	readonly taskId: string | undefined;
	readonly taskStatus: string | undefined;
	/** Without the query, which may hold a token of the receiver. */
	readonly url: string;
	readonly attempt: number;
	/** The receiver's HTTP status; undefined where the notice was lost or nobody answered. */
	readonly answered: number | undefined;
	readonly fault: string | undefined;
}

export interface Counters {
	readonly create: number;
	readonly get: number;
	readonly list: number;
	readonly other: number;
	readonly image: number;
	readonly download: number;
	readonly callback: number;
	/** Callbacks by the receiver's HTTP status; `none` where there was no answer. */
	readonly callbackAnswers: Readonly<Record<string, number>>;
}

const KEPT = 100_000;

type Entry<T> = Omit<T, 'n' | 'at'>;

export class Journal {
	readonly #secrets: readonly string[];
	#calls: Call[] = [];
	#downloads: Download[] = [];
	#callbacks: CallbackSent[] = [];
	#counts = emptyCounts();
	#answers: Record<string, number> = {};

	/** `secrets` are blanked wherever they would be written down. */
	constructor(secrets: readonly string[]) {
		this.#secrets = secrets;
	}

	call(entry: Entry<Call>): void {
		const n = ++this.#counts[entry.kind];
		keep(this.#calls, { ...entry, path: this.blank(entry.path), n, at: Date.now() });
	}

	image(method: string, path: string, status: number | undefined): void {
		this.call({
			kind: 'image',
			dialect: '',
			method,
			path,
			bodyBytes: 0,
			status,
			outcome: 'answered',
			fault: undefined,
			taskId: undefined,
		});
	}

	download(entry: Entry<Download>): void {
		keep(this.#downloads, { ...entry, n: ++this.#counts.download, at: Date.now() });
	}

	callback(entry: Entry<CallbackSent>): void {
		const answer = String(entry.answered ?? 'none');
		this.#answers[answer] = (this.#answers[answer] ?? 0) + 1;
		const url = entry.url.split('?')[0] ?? '';
		keep(this.#callbacks, { ...entry, url, n: ++this.#counts.callback, at: Date.now() });
	}

	calls(): readonly Call[] {
		return this.#calls;
	}

	downloads(): readonly Download[] {
		return this.#downloads;
	}

	callbacks(): readonly CallbackSent[] {
		return this.#callbacks;
	}

	counters(): Counters {
		return { ...this.#counts, callbackAnswers: { ...this.#answers } };
	}

	/** Whether a text holds one of the accepted keys. */
	holdsKey(text: string): boolean {
		return this.#secrets.some((secret) => text.includes(secret));
	}

	/** The text with every accepted key taken out. */
	blank(text: string): string {
		return this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, '(key)'), text);
	}

	clear(): void {
		this.#calls = [];
		this.#downloads = [];
		this.#callbacks = [];
		this.#counts = emptyCounts();
		this.#answers = {};
	}
}

function emptyCounts(): Record<Call['kind'] | 'download' | 'callback', number> {
	return { create: 0, get: 0, list: 0, other: 0, image: 0, download: 0, callback: 0 };
}

function keep<T>(list: T[], entry: T): void {
	if (list.length >= KEPT) list.shift();
	list.push(entry);
}
