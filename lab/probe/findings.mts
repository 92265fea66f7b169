// What a probe has found out, and how it is written down line by line.
/** `note`: seen, neither good nor bad. `open`: could not be checked. */
export type Mark = 'yes' | 'no' | 'note' | 'open';

export interface Line {
	topic: string;
	mark: Mark;
	text: string;
}

/** How a key stands in the Authorization header. */
export type AuthScheme = 'Bearer' | 'none';

/** The shape of one answer. */
export interface Shape {
	of: string;
	httpStatus: number;
	shape: string;
}

/** What an undefined member leaves open was not established. */
export interface Found {
	authScheme?: AuthScheme;
	/** The services that were asked have the list route, or have it not. */
	listRoute?: 'known' | 'none';
	/** Whether an existing task was found by its external task ID. */
	externalIdLookUp?: 'found' | 'none';
	/** Whether the answer about an unknown external task ID says that there is no such task. */
	missIsClear?: boolean;
	/** Whether a task could be found by its external ID as soon as it had been accepted. */
	foundAtOnce?: boolean;
	/** A submit with the row's model field was accepted. */
	modelFieldTaken?: boolean;
	/** The watermark that was asked for came back. */
	watermarkKept?: boolean;
	/** A repeated external ID was refused as taken. */
	repeatRefused?: boolean;
}

export class Findings {
	readonly found: Found = {};
	readonly lines: Line[] = [];
	readonly shapes: Shape[] = [];
	readonly #redact: (text: string) => string;
	readonly #print: (text: string) => void;

	/**
	 * @param redact masks keys in every text
	 * @param print is given each line as soon as it is known
	 */
	constructor(redact: (text: string) => string, print: (text: string) => void) {
		this.#redact = redact;
		this.#print = print;
	}

	add(topic: string, mark: Mark, text: string): void {
		const line = { topic, mark, text: this.#redact(text) };
		this.lines.push(line);
		this.#print(wordsOf(line));
	}
}

/** A line as it is printed. */
export function wordsOf({ topic, mark, text }: Line): string {
	const sign = { yes: '✓', no: '✗', note: '·', open: '?' }[mark];
	return `${sign} ${topic}: ${text}`;
}
