// Result links: signed, living for a while, refreshed with every query of the task.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.mts';
import type { Settings } from '../settings.mts';
import { RESULT_LIFE_MS, type Task } from './task.mts';

export type LinkState = 'alive' | 'expired' | 'gone';

export class Links {
	readonly #clock: Clock;
	readonly #settings: Settings;
	readonly #origins: () => { cdn: string; api: string };
	readonly #secret = randomBytes(32);
	readonly #revokedUpTo = new Map<string, number>();
	#issued = 0;

	constructor(clock: Clock, settings: Settings, origins: () => { cdn: string; api: string }) {
		this.#clock = clock;
		this.#settings = settings;
		this.#origins = origins;
	}

	/** A new link to the task's video; empty once the service has cleared the result. */
	issue(task: Task, marked = false): string {
		if (this.#isCleared(task)) return '';
		const serial = String(++this.#issued);
		const expires = String(this.#clock.now() + this.#settings.linkLifeMs);
		const path = `/cdn/videos/${task.id}/${task.videoId}${marked ? '-watermark' : ''}.mp4`;
		const sign = this.#sign(path, serial, expires);
		const origin = this.#origins()[this.#settings.videoOrigin];
		return `${origin}${path}?${new URLSearchParams({ serial, expires, sign })}`;
	}

	/** Whether a link can still be followed: `expired` is cured by asking for the task again. */
	check(task: Task, path: string, query: URLSearchParams): LinkState {
		if (this.#isCleared(task)) return 'gone';
		const [serial, expires, sign] = ['serial', 'expires', 'sign'].map(
			(name) => query.get(name) ?? '',
		);
		const expected = Buffer.from(this.#sign(path, serial ?? '', expires ?? ''));
		const given = Buffer.from(sign ?? '');
		if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'expired';
		if (Number(serial) <= (this.#revokedUpTo.get(task.id) ?? 0)) return 'expired';
		return this.#clock.now() < Number(expires) ? 'alive' : 'expired';
	}

	/** Ends every link to this task's video given out so far. */
	revoke(task: Task): void {
		this.#revokedUpTo.set(task.id, this.#issued);
	}

	#isCleared(task: Task): boolean {
		return task.finishedAt !== undefined && this.#clock.now() >= task.finishedAt + RESULT_LIFE_MS;
	}

	#sign(...parts: string[]): string {
		return createHmac('sha256', this.#secret).update(parts.join('\n')).digest('hex');
	}
}
