// The text that goes into an issue: what was checked, which members of the row hold, the shapes, the row itself.
import type { Gateway } from '../../nodes/Kling/api/gateways.ts';
import { wordsOf, type Findings } from './findings.mts';
import { compareRow, rowText } from './row.mts';

/**
 * @param row the row that was tried
 * @returns Markdown without a key, a prompt or a link
 */
export function reportOf(row: Gateway, baseUrl: string, findings: Findings): string {
	const { found, lines, shapes } = findings;
	const comparisons = compareRow(row, found);
	const isOwn = row.provider === 'custom';
	const fits = comparisons.every(({ verdict }) => verdict !== 'does not hold');
	return [
		`### Probe of ${isOwn ? baseUrl : `${row.label} (${baseUrl})`}`,
		'',
		...lines.map((line) => `- ${wordsOf(line)}`),
		'',
		`| Row of ${isOwn ? 'an unknown gateway' : row.label} | in the table | | |`,
		'|---|---|---|---|',
		...comparisons.map(
			({ member, table, verdict, why }) =>
				`| \`${member}\` | \`${table}\` | **${verdict}** | ${why} |`,
		),
		'',
		...(isOwn || !fits ? ['```ts', rowText(row, found, baseUrl), '```', ''] : []),
		'<details><summary>Shapes of the answers</summary>',
		'',
		'```',
		...shapes.map(
			({ of, httpStatus, shape }) => `${of}${httpStatus ? `, HTTP ${httpStatus}` : ''}: ${shape}`,
		),
		'```',
		'',
		'</details>',
	].join('\n');
}
