// Reads an operation's parameters of one item through a schema, so that no cast is needed after it.
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { ItemIssue } from '../tasks/output';

export type Read<Value> = { ok: true; value: Value } | { ok: false; issue: ItemIssue };

/** Numbers often come out of tables as text. */
export const number = (min: number, max: number, fallback: number) =>
	z.preprocess(
		(value) => (value === '' || value === null || value === undefined ? fallback : Number(value)),
		z.number().min(min).max(max),
	);

/** A month; n8n's own clock takes no more than a date can hold. */
const MOST_MINUTES = 43_200;
export const maxWaitMinutes = number(0, MOST_MINUTES, 30);
export const pollIntervalSeconds = number(1, 3_600, 10);

/**
 * @param defaults one entry per parameter: its name, and the value when the form does not show it
 * @returns the parsed values, or an issue that names the parameter
 */
export function readParameters<Schema extends z.ZodTypeAny>(
	context: IExecuteFunctions,
	item: number,
	schema: Schema,
	defaults: Record<string, unknown>,
): Read<z.infer<Schema>> {
	const values: Record<string, unknown> = {};
	for (const [name, fallback] of Object.entries(defaults)) {
		try {
			values[name] = located(context.getNodeParameter(name, item, fallback));
		} catch (thrown) {
			const why = thrown instanceof Error ? thrown.message : 'its expression gave no value';
			return {
				ok: false,
				issue: parameterIssue(
					`'${label(name)}' could not be read: ${why}`,
					'Check the expression in this field.',
				),
			};
		}
	}
	const parsed = schema.safeParse(values);
	if (parsed.success) return { ok: true, value: parsed.data };
	const first = parsed.error.issues[0];
	const path = (first?.path ?? []).filter((part) => typeof part === 'string').map(label);
	return {
		ok: false,
		issue: parameterIssue(
			`'${path.join(' > ')}' has a value that does not fit: ${first?.message ?? 'unknown'}`,
			'Check the value, or the expression, in this field.',
		),
	};
}

/** The value of a resource locator. n8n's own `extractValue` throws for fields that the form hides. */
function located(value: unknown): unknown {
	const isLocator =
		typeof value === 'object' && value !== null && '__rl' in value && 'value' in value;
	return isLocator ? value.value : value;
}

export function parameterIssue(message: string, description: string): ItemIssue {
	return { message, description };
}

/** `maxWaitMinutes` → "Max Wait Minutes": close enough to the form's own words to be found there. */
function label(name: string): string {
	const words = name.replace(/([a-z])([A-Z])/g, '$1 $2');
	return words.charAt(0).toUpperCase() + words.slice(1);
}
