// Runs a command to its end and keeps what it printed, for messages.
import { spawn } from 'node:child_process';

interface RunOptions {
	cwd: string;
	env?: NodeJS.ProcessEnv;
}

/**
 * Runs a command and returns what it printed (both streams).
 * @throws Error with the end of the output when the command cannot be started or ends with another code than 0
 */
export async function run(command: string, args: string[], options: RunOptions): Promise<string> {
	const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	const keep = (chunk: Buffer): void => {
		output += chunk.toString();
	};
	child.stdout.on('data', keep);
	child.stderr.on('data', keep);
	const code = await new Promise<number | NodeJS.Signals | null>((done, failed) => {
		child.once('error', failed);
		child.once('close', (exitCode, signal) => done(exitCode ?? signal));
	});
	if (code === 0) return output;
	throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-3000)}`);
}
