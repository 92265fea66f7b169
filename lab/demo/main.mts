// `npm run demo`: a real n8n with this node makes a video of the sample pictures, and stays open to be tried.
import { parseArgs } from 'node:util';
import { showProgress } from './progress.mts';
import { type Ready, runDemo } from './run.mts';
import { UnclearSetting } from './service.mts';

const HELP = `npm run demo            makes a video, then leaves n8n open to try; Ctrl+C ends it
npm run demo -- --once  ends when the video is there, as it does without a terminal

It talks to an emulated Kling, which costs nothing. To use the real service, at its price, set
KLING_API_KEY (or KLING_ACCESS_KEY and KLING_SECRET_KEY) and, where it is not Kling's global site,
KLING_PROVIDER to klingChina, hingnet, ezmodel or cometapi.`;

/** As shells have it: 128 and the number of the signal. */
const INTERRUPTED = 130;

const progress = showProgress(process.stdout);
const closers: Array<() => Promise<void>> = [];
let advice = '';
let paidTask: string | undefined;
let isOpen = false;
let ending: Promise<void> | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => {
		ending ??= stop();
	});
}

const { help, once } = options();
if (help) progress.print(HELP);
else await main();

async function main(): Promise<void> {
	try {
		const ready = await runDemo({
			progress,
			env: process.env,
			begin(text, whatToDo) {
				advice = whatToDo;
				progress.step(text);
			},
			onClose: (close) => closers.push(close),
			onPaidTask: (id) => {
				paidTask = id;
			},
		});
		// Where nobody watches, nobody would press Ctrl+C.
		if (once || !process.stdout.isTTY) return await closeAll();
		isOpen = true;
		invite(ready);
	} catch (thrown) {
		// What Ctrl+C cuts off says so in its own way; the one who pressed it knows.
		if (ending !== undefined) return await ending;
		progress.drop();
		progress.print('', `That did not work: ${wordsOf(thrown)}`);
		if (!(thrown instanceof UnclearSetting)) progress.print('', `What to do: ${advice}`);
		await closeAll();
		process.exitCode = 1;
	}
}

function invite({ editorUrl, email, password, costsMoney }: Ready): void {
	progress.print(
		'',
		'Try it yourself: the workflow is open in the editor at',
		`  ${editorUrl}`,
		`  E-mail    ${email}`,
		`  Password  ${password}`,
		'',
		costsMoney
			? 'Each run there makes another video, at the price of your plan.'
			: 'Runs there cost nothing: the videos are samples of an emulated Kling.',
		'Ctrl+C stops n8n and removes its data; the video stays.',
	);
}

async function stop(): Promise<void> {
	progress.drop();
	progress.print('', 'Stopping n8n…');
	await closeAll();
	if (paidTask !== undefined && !isOpen) {
		progress.print(
			`Task ${paidTask} was paid for and goes on at the service.`,
			'Collect its video with Get Task, or with examples/4-collect-videos.json.',
		);
	}
	progress.print('Stopped.');
	process.exit(isOpen ? 0 : INTERRUPTED);
}

/** Closes what was opened, the newest first; one that does not close must not keep the others open. */
async function closeAll(): Promise<void> {
	for (const close of closers.splice(0).reverse()) {
		await close().catch((thrown: unknown) => progress.print(wordsOf(thrown)));
	}
}

function options(): { help?: boolean; once?: boolean } {
	try {
		return parseArgs({
			options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
		}).values;
	} catch (thrown) {
		progress.print(wordsOf(thrown), '', HELP);
		process.exit(2);
	}
}

function wordsOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}
