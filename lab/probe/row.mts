// Holds what a probe found against the gateways' table, and writes the row for a gateway that is not in it.
import type { Gateway } from '../../nodes/Kling/api/gateways.ts';
import type { Found } from './findings.mts';

export interface Comparison {
	member: string;
	/** What the table says. */
	table: string;
	verdict: 'holds' | 'does not hold' | 'not checked';
	why: string;
}

const NEEDS_PAY = 'only a submit shows it (--pay)';

/** Each member of a row: whether it holds. */
export function compareRow(row: Gateway, found: Found): Comparison[] {
	const list = row.listRoute;
	return [
		comparison('Authorization', 'Bearer', verdictOf(found.authScheme, 'Bearer'), [
			'the key is accepted in this form',
			'the service wants the bare key',
			'the key was not accepted in any form',
		]),
		comparison('modelField', row.modelField, verdictOf(found.modelFieldTaken, true), [
			'a submit with this field was accepted',
			'a submit with this field was refused',
			NEEDS_PAY,
		]),
		comparison(
			'listRoute',
			list,
			list === 'try' ? tried(found.listRoute) : verdictOf(found.listRoute, list),
			[
				found.listRoute === 'known' ? 'the service lists tasks' : 'the service lists no tasks',
				found.listRoute === 'known' ? 'the service lists tasks' : 'the service lists no tasks',
				'the answers do not say',
			],
		),
		lookUp(row, found),
		drops(row, found),
	];
}

/** The row for the table, as source text; what was not established is left at its careful value. */
export function rowText(base: Gateway, found: Found, baseUrl: string): string {
	const label = new URL(baseUrl).hostname.split('.').at(-2) ?? '';
	const name = /^[a-z]\w*$/i.test(label) ? label : 'gateway';
	const row = {
		...base,
		provider: name,
		label: name,
		baseUrl,
		listRoute: found.listRoute ?? 'try',
		// One find proves that it is there; that every miss is true, only the software's source can prove.
		externalIdLookUp: found.externalIdLookUp === 'none' ? 'none' : 'try',
	};
	const members = Object.entries(row).map(
		([member, value]) => `\t${member}: ${JSON.stringify(value).replaceAll('"', "'")},`,
	);
	const bare = found.authScheme === 'none' ? ['\t// Takes the bare key, without "Bearer".'] : [];
	return [`${name}: {`, ...bare, ...members, '},'].join('\n');
}

function lookUp({ externalIdLookUp: promised }: Gateway, found: Found): Comparison {
	const { externalIdLookUp: seen, missIsClear, foundAtOnce } = found;
	const isUntrue = seen === 'none' || missIsClear === false || foundAtOnce === false;
	const verdicts = {
		trusted: isUntrue ? 'does not hold' : seen === 'found' ? 'holds' : 'not checked',
		try: seen === undefined ? 'not checked' : 'holds',
		none: verdictOf(seen, 'none'),
	} as const;
	return comparison('externalIdLookUp', promised, verdicts[promised], [
		lookUpWords(found),
		lookUpWords(found),
		'no existing task with an external task ID was there to look up (--external-id)',
	]);
}

function lookUpWords({ externalIdLookUp, missIsClear, foundAtOnce }: Found): string {
	if (externalIdLookUp === 'none') {
		return 'an existing task was not found by its external task ID';
	}
	if (foundAtOnce === false) return 'a task that had just been accepted was not found';
	if (missIsClear === false) return 'an unknown external task ID is not answered clearly';
	return foundAtOnce === true
		? 'an existing task was found, a new one at once, and an unknown ID is answered clearly'
		: 'an existing task was found, and an unknown ID is answered clearly';
}

function drops({ drops: dropped }: Gateway, found: Found): Comparison {
	const isDropped = dropped.includes('watermark_info');
	const { watermarkKept } = found;
	const isContradicted = watermarkKept === true && isDropped;
	const isSeen = watermarkKept !== undefined && watermarkKept !== isDropped;
	const verdict = isContradicted ? 'does not hold' : isSeen ? 'holds' : 'not checked';
	return comparison('drops', dropped.join(', ') || 'nothing', verdict, [
		isDropped ? 'no watermark came back' : 'the watermark came back',
		'the watermark came back',
		watermarkKept === undefined ? NEEDS_PAY : 'no watermark came back, which has other reasons too',
	]);
}

function comparison(
	member: string,
	table: string,
	verdict: Comparison['verdict'],
	[holds, doesNot = '', open = '']: readonly string[],
): Comparison {
	const why = { holds, 'does not hold': doesNot, 'not checked': open }[verdict] ?? '';
	return { member, table, verdict, why };
}

function verdictOf<T>(seen: T | undefined, promised: T): Comparison['verdict'] {
	if (seen === undefined) return 'not checked';
	return seen === promised ? 'holds' : 'does not hold';
}

/** A row that promises nothing holds whatever is seen. */
function tried(seen: string | undefined): Comparison['verdict'] {
	return seen === undefined ? 'not checked' : 'holds';
}
