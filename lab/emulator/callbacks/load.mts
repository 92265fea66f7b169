// Counts what is on its way, so that one can wait until nothing is.

export class Load {
	#pending = 0;
	#waiters: Array<() => void> = [];

	/** Counts one more until the promise has settled. */
	async carry<T>(work: Promise<T>): Promise<T> {
		this.#pending += 1;
		try {
			return await work;
		} finally {
			this.#pending -= 1;
			if (this.#pending === 0) this.release();
		}
	}

	/** Resolves when nothing is on its way. */
	idle(): Promise<void> {
		if (this.#pending === 0) return Promise.resolve();
		return new Promise((resolve) => this.#waiters.push(resolve));
	}

	/** Lets all that wait go on. */
	release(): void {
		for (const resolve of this.#waiters.splice(0)) resolve();
	}
}
