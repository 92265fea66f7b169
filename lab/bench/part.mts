// What every measurement gives: tables for the paper, targets that hold or do not, and plain figures for other programs.

export interface Table {
	caption?: string;
	columns: string[];
	rows: string[][];
}

export interface Target {
	/** what is compared, e.g. "time of 200 submits against a raw client" */
	what: string;
	measured: string;
	target: string;
	holds: boolean;
}

export interface Findings {
	tables: Table[];
	targets: Target[];
	/** by name; `scale.mts` and the paper's summary read them */
	figures: Record<string, number>;
}

export interface RunOptions {
	/** how often everything is measured; the paper shows medians */
	rounds: number;
	/** fewer and smaller rounds, to try a change out */
	isQuick: boolean;
	/** shows a line of progress */
	say(line: string): void;
}

export interface Part {
	name: string;
	/** the heading in the paper */
	title: string;
	/** what is measured and how, in Markdown */
	about: string;
	/** the run is given up after so many minutes */
	limitMinutes: number;
	run(options: RunOptions): Promise<Findings>;
}

/**
 * The middle one of some numbers, or the mean of the middle two.
 * @throws Error where there is none
 */
export function median(numbers: readonly number[]): number {
	const sorted = numbers.toSorted((a, b) => a - b);
	const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[sorted.length >> 1]];
	if (low === undefined || high === undefined) throw new Error('There is no median of nothing');
	return (low + high) / 2;
}

/** A number as the tables show it: three significant digits, thousands with a comma. */
export function figure(value: number): string {
	const rounded = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
	return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** A ratio as the tables show it, with two decimals. */
export const ratio = (value: number): string => value.toFixed(2);

/** The numbers from 1 to `count`. */
export const oneTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
