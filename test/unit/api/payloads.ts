// Sample replies: documentation, recorded and constructed ones, and relatives that were made up to differ.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseJson } from '../../../nodes/Kling/api/reply/json';
import type { JsonObject } from '../../../nodes/Kling/api/task';

const FOLDER = join(__dirname, 'payloads');

/** One sample by its path without `.json`, e.g. `official/list.template`. */
export function sample(name: string): JsonObject {
	return parseJson(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as JsonObject;
}

/** The names of all samples that are replies or callbacks. */
export function sampleNames(): string[] {
	return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('.json') && !/request/.test(path))
		.map((path) => path.replace(/\.json$/, ''))
		.sort();
}
