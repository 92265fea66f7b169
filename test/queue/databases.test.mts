// Where PostgreSQL or Redis is missing, one plain line says how to start them on a fresh machine.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { createQueueDatabases, HOW_TO_START } from '../../lab/instance/databases.mts';
import { ensureN8n } from '../../lab/instance/install.mts';
import { freePort } from '../../lab/instance/ports.mts';

const QUEUE_MODE = path.resolve(import.meta.dirname, '../../docs/queue-mode.md');

describe('Without its databases', { timeout: 600_000 }, () => {
	for (const [service, variable] of [
		['PostgreSQL', 'PGPORT'],
		['Redis', 'REDIS_PORT'],
	] as const) {
		it(`queue mode says in one line how to start ${service}`, async () => {
			const before = process.env[variable];
			process.env[variable] = String(await freePort());
			try {
				const { dir } = await ensureN8n({ onProgress: console.log });
				await assert.rejects(createQueueDatabases(dir), ({ message }: Error) => {
					assert.ok(message.startsWith(service), message);
					assert.ok(message.endsWith(HOW_TO_START), message);
					assert.ok(!message.includes('\n'));
					return true;
				});
			} finally {
				if (before === undefined) delete process.env[variable];
				else process.env[variable] = before;
			}
		});
	}

	it('the manual has the same command', async () => {
		const command = HOW_TO_START.slice(HOW_TO_START.indexOf('sudo '));
		assert.ok((await readFile(QUEUE_MODE, 'utf8')).includes(command), command);
	});
});
