// The output schema of an operation, and where n8n looks for it.
import { read } from './papers';

interface OutputSchema {
	properties: Record<string, { type: string | string[] }>;
}

/** @param name resource and operation, or "output" for a node that has none */
export function schemaFile(name: string): string {
	return `nodes/Kling/__schema__/v1.0.0/${name}.json`;
}

export function schemaOf(name: string): OutputSchema {
	return JSON.parse(read(schemaFile(name))) as OutputSchema;
}
