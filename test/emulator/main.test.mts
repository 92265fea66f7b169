// `npm run emulator` says where it is and with which keys, and stops when it is told to.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { DEMO_ACCOUNT } from '../../lab/emulator/keys.mts';
import { call } from './service.mts';

const MAIN = fileURLToPath(new URL('../../lab/emulator/main.mts', import.meta.url));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	test(`the emulator started alone answers, and stops on ${signal}`, async (t) => {
		const child = spawn(process.execPath, [MAIN, '--port', '0', '--cdn-port', '0'], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		t.after(() => child.kill('SIGKILL'));
		let printed = '';
		for await (const chunk of child.stdout) {
			printed += String(chunk);
			if (printed.includes('Ctrl+C')) break;
		}
		assert(printed.includes(DEMO_ACCOUNT.apiKey));
		const control = /Control API: (\S+)/.exec(printed)?.[1] ?? '';
		assert.equal((await call(control)).status, 200);
		child.kill(signal);
		const [code] = await once(child, 'exit');
		assert.equal(code, 0);
	});
}
