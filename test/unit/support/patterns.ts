// Every pattern of the package, and texts made from a pattern's own source that are hard to search with it.
import ts from 'typescript';

import { filesIn, read } from './papers';

export interface FoundPattern {
	/** File and line. */
	place: string;
	pattern: RegExp;
}

/** The regular expressions of the source files: literals, and those that are made from a template. */
export function patternsOfThePackage(): FoundPattern[] {
	const files = [...filesIn('nodes'), ...filesIn('credentials')].filter((file) =>
		file.endsWith('.ts'),
	);
	return files.flatMap((file) => {
		return patternsIn(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
	});
}

function patternsIn(file: ts.SourceFile): FoundPattern[] {
	const found: FoundPattern[] = [];
	const constants = new Map<string, string>();
	const visit = (node: ts.Node): void => {
		if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
			const value = textOf(node.initializer, constants);
			if (value !== undefined) constants.set(node.name.getText(file), value);
		}
		const place = `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`;
		if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
			const literal = node.getText(file);
			const end = literal.lastIndexOf('/');
			found.push({ place, pattern: new RegExp(literal.slice(1, end), literal.slice(end + 1)) });
		}
		const isMade = ts.isNewExpression(node) || ts.isCallExpression(node);
		if (isMade && node.expression.getText(file) === 'RegExp') {
			const [source, flags] = [...(node.arguments ?? [])].map((one) => textOf(one, constants));
			if (source === undefined) throw new Error(`${place}: a pattern that cannot be read`);
			found.push({ place, pattern: new RegExp(source, flags) });
		}
		ts.forEachChild(node, visit);
	};
	visit(file);
	return found;
}

/** The text of a string, or of a template made of constants of the same file. */
function textOf(node: ts.Node, constants: ReadonlyMap<string, string>): string | undefined {
	if (ts.isStringLiteralLike(node)) return node.text;
	if (!ts.isTemplateExpression(node)) return undefined;
	const parts = node.templateSpans.map(({ expression, literal }) => {
		const value = constants.get(expression.getText());
		return value === undefined ? undefined : value + literal.text;
	});
	return parts.includes(undefined) ? undefined : node.head.text + parts.join('');
}

/** One way through a pattern: its atoms in order, without assertions. */
interface Atom {
	/** Samples that the atom matches once. */
	samples: string[];
	min: number;
	isRepeated: boolean;
}

/** Characters that classes are tried with. */
const CANDIDATES = ['a', '0', '-', '_', ' ', '.', '/', '"', ',', '=', '<', '\\', '并', '\u200b'];
const MOST_WAYS = 12;

/** A text of any length: a beginning, and one part again and again. */
export interface HardText {
	prefix: string;
	unit: string;
}

/** Ends in something that nothing takes which must reach the end: `.` and `$` stop at a line break. */
export function textOfLength({ prefix, unit }: HardText, length: number): string {
	const times = Math.max(1, Math.floor((length - prefix.length) / unit.length));
	return `${prefix}${unit.repeat(times)}\n\u0000`;
}

/**
 * Texts that a backtracking search may take too long for: repetitions of every beginning of the pattern, and
 * long runs of every part that repeats, at the start of the text and behind what stands before it.
 */
export function hardTexts(pattern: RegExp): HardText[] {
	const texts = new Map<string, HardText>();
	const add = (prefix: string, unit: string): void => {
		if (unit !== '') texts.set(JSON.stringify([prefix, unit]), { prefix, unit });
	};
	for (const atoms of waysThrough(pattern)) {
		let prefix = '';
		for (const { samples, min, isRepeated } of atoms) {
			for (const sample of samples) {
				add('', prefix + sample.repeat(Math.max(1, min)));
				if (!isRepeated) continue;
				add(prefix, sample);
				add('', sample);
				add('\u0001', sample);
			}
			prefix += (samples[0] ?? '').repeat(min);
		}
	}
	return [...texts.values()];
}

function waysThrough(pattern: RegExp): Atom[][] {
	const reader = new PatternReader(pattern);
	return reader.alternatives().slice(0, MOST_WAYS);
}

/** Reads the syntax that the package uses; anything else ends the test with a word about it. */
class PatternReader {
	private at = 0;

	constructor(private readonly pattern: RegExp) {}

	alternatives(): Atom[][] {
		const ways: Atom[][] = [];
		let current: Atom[][] = [[]];
		while (this.at < this.pattern.source.length && this.peek() !== ')') {
			if (this.peek() === '|') {
				this.at += 1;
				ways.push(...current);
				current = [[]];
				continue;
			}
			const next = this.term();
			current = current.flatMap((way) => next.map((more) => [...way, ...more]));
			if (current.length > MOST_WAYS) current = current.slice(0, MOST_WAYS);
		}
		return [...ways, ...current];
	}

	private peek(ahead = 1): string {
		return this.pattern.source.slice(this.at, this.at + ahead);
	}

	private take(pattern: RegExp): string {
		const found = new RegExp(pattern.source, 'y');
		found.lastIndex = this.at;
		const text = found.exec(this.pattern.source)?.[0] ?? '';
		this.at += text.length;
		return text;
	}

	private term(): Atom[][] {
		if (this.take(/[\^$]|\\[bB]/) !== '') return [[]];
		if (this.peek() === '(') return this.group();
		const source = this.take(
			/\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\.|[^]/,
		);
		if (source === '') throw new Error(`${String(this.pattern)} cannot be read at ${this.at}`);
		const atom = { samples: this.samplesOf(source), min: 1, isRepeated: false };
		return [[{ ...atom, ...this.quantifier() }]];
	}

	private group(): Atom[][] {
		const opening = this.take(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?/);
		const ways = this.alternatives();
		this.at += 1;
		const isAssertion = /[=!]$/.test(opening);
		const { min, isRepeated } = this.quantifier();
		if (isAssertion) return [[]];
		if (!isRepeated) return min === 0 ? [...ways, []] : ways;
		// A repeated group counts as one atom whose samples are its ways.
		const samples = ways.map((way) =>
			way
				.map(({ samples: [sample = ''], min: least }) => sample.repeat(Math.max(1, least)))
				.join(''),
		);
		return [[{ samples: samples.filter((sample) => sample !== ''), min, isRepeated: true }]];
	}

	private quantifier(): Pick<Atom, 'min' | 'isRepeated'> {
		const text = this.take(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/);
		if (text === '') return { min: 1, isRepeated: false };
		if (text.startsWith('?')) return { min: 0, isRepeated: false };
		if (text.startsWith('*')) return { min: 0, isRepeated: true };
		if (text.startsWith('+')) return { min: 1, isRepeated: true };
		return { min: Number(/\d+/.exec(text)?.[0]), isRepeated: true };
	}

	/** Different kinds of characters that the atom takes, because a neighbour may take some of them, too. */
	private samplesOf(source: string): string[] {
		if (/^[^[\\.]$/.test(source)) return [source];
		const one = new RegExp(`^(?:${source})$`, this.pattern.flags.replace(/[gy]/g, ''));
		const own = [...source].filter((char) => one.test(char));
		const fitting = [...new Set([...CANDIDATES.filter((char) => one.test(char)), ...own])];
		return fitting.slice(0, 4);
	}
}
