// Keeps what a process prints: in a file, and the last part of it in memory.
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

const KEPT_CHARACTERS = 4_000_000;

interface Logs {
	/** adds a stream's output until it ends */
	take(stream: Readable): void;
	/** everything kept, the newest 4 MB */
	text(): string;
	/** the last lines, for messages */
	tail(lines?: number): string;
	close(): Promise<void>;
}

/** Starts a log that is also written to `file`. */
export function keepLogs(file: string): Logs {
	const sink: WriteStream = createWriteStream(file, { flags: 'a' });
	let kept = '';
	return {
		take(stream) {
			stream.on('data', (chunk: Buffer) => {
				kept = (kept + chunk.toString()).slice(-KEPT_CHARACTERS);
				sink.write(chunk);
			});
		},
		text: () => kept,
		tail: (lines = 30) => kept.trimEnd().split('\n').slice(-lines).join('\n'),
		close: () => new Promise((done) => sink.end(done)),
	};
}
