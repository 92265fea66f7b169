// Reads the papers of the repository: files, headings, links, tables.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../../..');
export const repository = 'https://github.com/n8n-nodes-kling-video/n8n-nodes-kling-video';
const raw = 'https://raw.githubusercontent.com/n8n-nodes-kling-video/n8n-nodes-kling-video/main/';

/** @param file relative to the repository */
export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** All files below a folder, relative to the repository. */
export function filesIn(folder: string): string[] {
	return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
		.map((name) => path.join(folder, name))
		.filter((name) => statSync(path.join(root, name)).isFile());
}

export const papers = [
	'README.md',
	'CONTRIBUTING.md',
	'CHANGELOG.md',
	...filesIn('docs').filter((file) => /\.(md|svg)$/.test(file)),
	...filesIn('.github'),
	...filesIn('examples').filter((file) => file.endsWith('.json')),
];

/** GitHub's anchor of a heading. */
export function anchorOf(heading: string): string {
	return heading
		.replace(/[`*]/g, '')
		.trim()
		.toLowerCase()
		.replace(/[^\p{L}\p{N} _-]/gu, '')
		.replace(/ /g, '-');
}

/** The anchors of all headings. */
export function anchorsOf(markdown: string): Set<string> {
	const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
	return new Set([...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, text]) => anchorOf(text ?? '')));
}

export function linksOf(
	markdown: string,
): Array<{ text: string; target: string; isImage: boolean }> {
	return [...markdown.matchAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, mark, text, target]) => ({
		text: text ?? '',
		target: target ?? '',
		isImage: mark === '!',
	}));
}

/** The rows of all tables that have this heading in their first column. */
export function rowsUnder(markdown: string, heading: string): string[][] {
	const lines = markdown.split('\n');
	const rows: string[][] = [];
	for (const [index, line] of lines.entries()) {
		if (!line.startsWith(`| ${heading} |`) || !lines[index + 1]?.startsWith('|---')) continue;
		for (const row of lines.slice(index + 2)) {
			if (!row.startsWith('|')) break;
			rows.push(
				row
					.split('|')
					.slice(1, -1)
					.map((cell) => cell.trim()),
			);
		}
	}
	return rows;
}

/** What is set in bold. */
export const boldIn = (text: string) =>
	[...text.matchAll(/\*\*([^*]+)\*\*/g)].map(([, label]) => label ?? '');

/** What is set in italics, menu paths by their pieces. */
export function italicsIn(markdown: string): string[] {
	const prose = markdown
		.replace(/^```[\s\S]*?^```/gm, '')
		.replace(/`[^`\n]*`/g, '')
		.replace(/\*\*\*/g, '*')
		.replace(/\*\*[^*\n]+\*\*/g, '');
	return [...prose.matchAll(/\*([^*\n]+)\*/g)].flatMap(([, text = '']) => text.split(' › '));
}

/** Whether a link leads to a file of the repository, or to a heading; the web is not asked. */
export function isThere(paper: string, target: string): boolean {
	if (target.startsWith(raw)) return existsSync(path.join(root, target.slice(raw.length)));
	const own = new RegExp(`^${repository}(?:/(?:blob|tree)/main/([^#]+))?(?:#(.+))?$`).exec(target);
	if (own !== null) return hasHeading(own[1] ?? 'README.md', own[2]);
	if (target.startsWith('https://')) return true;
	const [file = '', anchor] = target.split('#');
	return hasHeading(file === '' ? paper : path.join(path.dirname(paper), file), anchor);
}

/** @param anchor undefined where the file itself is meant; GitHub's own `readme` stands for the whole page */
function hasHeading(file: string, anchor: string | undefined): boolean {
	if (!existsSync(path.join(root, file))) return false;
	return anchor === undefined || anchor === 'readme' || anchorsOf(read(file)).has(anchor);
}
