// Small checks of single request fields; each gives the refusal's text or undefined.
import { isObject } from '../body.mts';

export type Body = Record<string, unknown>;

/** A text field within a number of characters, counted as code points. */
export function textWithin(body: Body, field: string, max: number): string | undefined {
	const value = body[field];
	if (absent(value)) return undefined;
	if (typeof value !== 'string') return `${field} must be a string`;
	return [...value].length > max ? `${field} exceeds the limit of ${max} characters` : undefined;
}

/** A text field with one of the listed values. */
export function oneOf(body: Body, field: string, allowed: readonly string[]): string | undefined {
	const value = body[field];
	if (absent(value)) return undefined;
	if (typeof value === 'string' && allowed.includes(value)) return undefined;
	return `${field} value '${show(value)}' is invalid`;
}

/** An http(s) URL; an empty text counts as none. */
export function httpUrl(body: Body, field: string): string | undefined {
	const value = body[field];
	if (absent(value) || value === '') return undefined;
	const fine = typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value);
	return fine ? undefined : `${field} is not a valid url`;
}

/** `{enabled: boolean}`. */
export function watermark(body: Body): string | undefined {
	const value = body['watermark_info'];
	if (absent(value)) return undefined;
	const fine =
		isObject(value) && (absent(value['enabled']) || typeof value['enabled'] === 'boolean');
	return fine ? undefined : 'watermark_info is invalid';
}

/** An array of objects, or none. */
export function objects(body: Body, field: string): Body[] | string {
	const value = body[field];
	if (absent(value)) return [];
	if (!Array.isArray(value) || !value.every(isObject))
		return `${field} must be an array of objects`;
	return value;
}

/** The text of a field, or undefined where it is absent or empty. */
export function textOf(body: Body, field: string): string | undefined {
	const value = body[field];
	return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Absent and null are the same to the service. */
export function absent(value: unknown): value is null | undefined {
	return value === undefined || value === null;
}

function show(value: unknown): string {
	return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 60);
}
