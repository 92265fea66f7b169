// Shows what is going on: one living line in a terminal, one line for each change elsewhere.

export interface Progress {
	/** ends the step before it, and shows what happens now and for how long */
	step(text: string): void;
	/** says something new about the running step */
	detail(text: string): void;
	/** ends the running step */
	end(): void;
	/** takes the running step away, for another message in its place */
	drop(): void;
	/** prints lines that stay */
	print(...lines: string[]): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 120;
const CLEAR_LINE = '\r\u001b[2K';

/** Starts the display on a stream, the standard output as a rule. */
export function showProgress(out: NodeJS.WriteStream): Progress {
	let step: { title: string; detail: string; since: number } | undefined;
	let frame = 0;

	const secondsOf = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

	function draw(): void {
		if (step === undefined || !out.isTTY) return;
		frame = (frame + 1) % FRAMES.length;
		const text = [step.title, step.detail].filter(Boolean).join(' – ');
		const line = `${FRAMES[frame]} ${text} (${secondsOf(step.since)})`;
		out.write(CLEAR_LINE + line.slice(0, (out.columns || 80) - 1));
	}

	const timer = setInterval(draw, FRAME_MS);
	timer.unref();

	function end(): void {
		if (step === undefined) return;
		const { title, since } = step;
		step = undefined;
		out.write(out.isTTY ? `${CLEAR_LINE}✓ ${title} (${secondsOf(since)})\n` : '');
	}

	return {
		step(title) {
			end();
			step = { title, detail: '', since: Date.now() };
			if (out.isTTY) draw();
			else out.write(`${title}…\n`);
		},
		detail(text) {
			if (step === undefined || step.detail === text) return;
			step.detail = text;
			if (out.isTTY) draw();
			else out.write(`  ${text}\n`);
		},
		end,
		drop() {
			step = undefined;
			if (out.isTTY) out.write(CLEAR_LINE);
		},
		print(...lines) {
			if (out.isTTY) out.write(CLEAR_LINE);
			out.write(`${lines.join('\n')}\n`);
			draw();
		},
	};
}
