// The emulated service as a process of its own, driven over its control API.
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../../..');

export interface RunningEmulator {
	url: string;
	/** The fields of a credential for one dialect. */
	credential(dialect: string): Record<string, string>;
	image: string;
	control<Answer>(
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
		route: string,
		body?: unknown,
	): Promise<Answer>;
	stop(): Promise<void>;
}

export async function spawnEmulator(): Promise<RunningEmulator> {
	const main = path.join(ROOT, 'lab/emulator/main.mts');
	const child = spawn(
		process.execPath,
		[main, '--port', '0', '--cdn-port', '0', '--lifetime', '1', '--concurrency', '100'],
		{
			stdio: ['ignore', 'pipe', 'inherit'],
		},
	);
	const text = await firstWords(child);
	const url = /Kling emulator at (\S+),/.exec(text)?.[1] ?? '';
	const apiKey = /API key\s+(\S+)/.exec(text)?.[1] ?? '';
	return {
		url,
		image: `${url}/images/dog.png`,
		credential: (dialect) => ({
			provider: 'custom',
			baseUrl: new RegExp(`${url}/${dialect}\\S*`).exec(text)?.[0] ?? '',
			authType: 'apiKey',
			apiKey,
			authScheme: 'Bearer',
			modelField: 'model_name',
		}),
		async control<Answer>(method: string, route: string, body?: unknown) {
			const response = await fetch(`${url}/control/${route}`, {
				method,
				headers: { 'content-type': 'application/json' },
				body: body === undefined ? undefined : JSON.stringify(body),
			});
			if (!response.ok)
				throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
			return (await response.json()) as Answer;
		},
		async stop() {
			const ended = new Promise((resolve) => child.once('exit', resolve));
			child.kill('SIGTERM');
			await ended;
		},
	};
}

async function firstWords(child: ChildProcess): Promise<string> {
	let text = '';
	for await (const chunk of child.stdout ?? []) {
		text += String(chunk);
		if (text.includes('Stop with Ctrl+C')) break;
	}
	return text;
}
