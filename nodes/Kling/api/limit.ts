// Bounds how much is under way at the same time, first come first served.

/** Stands in for p-limit, which n8n provides only since its release 2: on n8n 1 the import alone breaks the node. */
export class Limit {
	private running = 0;
	private readonly queue: Array<() => void> = [];

	/** @param most how many tasks may be under way */
	constructor(private readonly most: number) {}

	/** Starts the task when its turn comes, and ends as the task ends. */
	async run<T>(task: () => Promise<T>): Promise<T> {
		await this.turn();
		try {
			return await task();
		} finally {
			this.passOn();
		}
	}

	private async turn(): Promise<void> {
		if (this.running < this.most) {
			this.running += 1;
			return;
		}
		await new Promise<void>((begin) => this.queue.push(begin));
	}

	/** The place goes to the next in line at once, so that no newcomer slips in between. */
	private passOn(): void {
		const next = this.queue.shift();
		if (next === undefined) this.running -= 1;
		else next();
	}
}
