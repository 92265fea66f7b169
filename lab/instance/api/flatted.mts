// Reads the "flatted" format in which n8n's editor API returns run data: a list whose strings are indices into itself.
type Primitive = string | number | boolean | null;
type Entry = Primitive | string[] | Record<string, Primitive>;

/** Decodes a flatted text; objects that occur twice stay one object. */
export function parseFlatted(text: string): unknown {
	const entries: Entry[] = JSON.parse(text);
	const revived = new Map<number, unknown>();

	function revive(index: number): unknown {
		const entry = entries[index];
		if (entry === null || entry === undefined || typeof entry !== 'object') return entry;
		if (revived.has(index)) return revived.get(index);
		const target: Record<string, unknown> | unknown[] = Array.isArray(entry) ? [] : {};
		revived.set(index, target);
		for (const [key, value] of Object.entries(entry)) {
			const child = typeof value === 'string' ? revive(Number(value)) : value;
			Reflect.set(target, key, child);
		}
		return target;
	}

	return revive(0);
}
