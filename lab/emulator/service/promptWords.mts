// Magic words in a prompt that steer the emulated task, e.g. `[fail: reason]` or `[lifetime 3s]`.

export interface PromptWords {
	readonly failWith?: string;
	readonly refuseWith?: number;
	readonly lifetimeMs?: number;
	/** Bytes that the video file is padded to. */
	readonly videoBytes?: number;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads the words; a prompt without any gives an empty object. */
export function readPromptWords(prompt: string): PromptWords {
	const failed = /\[fail(?::\s*([^\]]*))?\]/i.exec(prompt);
	const refused = /\[refuse (\d{4})\]/i.exec(prompt);
	const lifetime = /\[lifetime (\d+(?:\.\d+)?)\s?(ms|s|m|h)\]/i.exec(prompt);
	const size = /\[size (\d+)\s?MB\]/i.exec(prompt);
	return {
		...(failed && { failWith: failed[1]?.trim() || 'Failure to pass the risk control system' }),
		...(refused && { refuseWith: Number(refused[1]) }),
		...(lifetime && {
			lifetimeMs: Number(lifetime[1]) * (UNITS[lifetime[2]?.toLowerCase() ?? 's'] ?? 1000),
		}),
		...(size && { videoBytes: Number(size[1]) * 1024 * 1024 }),
	};
}
