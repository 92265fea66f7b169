// The sample videos, real MP4 files made by samples/make.sh; each is read once.
import { readFile } from 'node:fs/promises';
import type { Task } from '../service/task.mts';

const FOLDER = new URL('../samples/videos/', import.meta.url);
const cache = new Map<string, Promise<Buffer>>();

/** The video of a task's ratio and duration, plain or with a watermark. */
export function sampleFor(
	task: Pick<Task, 'aspectRatio' | 'seconds'>,
	marked: boolean,
): Promise<Buffer> {
	const shape = task.aspectRatio.replace(':', 'x');
	const name = `${shape}-${task.seconds}s${marked ? '-marked' : ''}.mp4`;
	const known = cache.get(name) ?? readFile(new URL(name, FOLDER));
	cache.set(name, known);
	return known;
}
