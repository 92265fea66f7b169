// Times in a reply, in seconds or milliseconds, as numbers, digits or ISO text.
import type { JsonObject } from '../task';
import { asText, member } from './json';

/** As seconds this is the year 5138, as milliseconds 1973: everything below is in seconds. */
const SECONDS_BELOW = 1e11;
/** The largest time that a Date can hold. */
const LATEST_MS = 8.64e15;

const CREATED = ['created_at', 'create_time', 'submit_time', 'createdAt', 'createTime'];
const UPDATED = [
	'updated_at',
	'update_time',
	'finish_time',
	'completed_at',
	'updatedAt',
	'updateTime',
];

export function createdAtOf(layers: readonly JsonObject[]): number | undefined {
	return innermostTime(layers, CREATED);
}

export function updatedAtOf(layers: readonly JsonObject[]): number | undefined {
	return innermostTime(layers, UPDATED);
}

/** Innermost first: Kling's own times are finer than a gateway's. */
function innermostTime(layers: readonly JsonObject[], keys: readonly string[]): number | undefined {
	return [...layers]
		.reverse()
		.flatMap((layer) => keys.map((key) => toMs(member(layer, key))))
		.find((time) => time !== undefined);
}

/** @returns Unix time in milliseconds; undefined for 0, which gateways write for "not yet" */
function toMs(value: unknown): number | undefined {
	const text = asText(value);
	if (text === undefined) return undefined;
	const number = Number(text);
	if (Number.isNaN(number)) return isoToMs(text);
	const ms = Math.round(number < SECONDS_BELOW ? number * 1000 : number);
	return ms > 0 && ms <= LATEST_MS ? ms : undefined;
}

function isoToMs(text: string): number | undefined {
	if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return undefined;
	const ms = Date.parse(text);
	return Number.isNaN(ms) ? undefined : ms;
}
