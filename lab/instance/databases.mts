// A PostgreSQL database and a corner of Redis for one run of n8n's queue mode, made and removed here.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { PostgresDatabase, QueueSettings } from './environment.mts';

/** Shown when one of the two cannot be reached; it is also in the README. */
export const HOW_TO_START =
	'Queue mode needs PostgreSQL and Redis on this machine. On Debian or Ubuntu: ' +
	'sudo apt-get install -y postgresql redis-server && sudo service postgresql start && ' +
	'sudo service redis-server start && ' +
	`sudo -u postgres psql -c "ALTER USER postgres PASSWORD 'postgres'"`;

interface QueueDatabases {
	postgres: PostgresDatabase;
	queue: QueueSettings;
	/** drops the database and deletes the keys */
	remove(): Promise<void>;
}

/** What is used of n8n's own drivers `pg` and `ioredis`, which come with the installation. */
interface PostgresClient {
	connect(): Promise<void>;
	query(sql: string): Promise<unknown>;
	end(): Promise<void>;
}
interface RedisClient {
	connect(): Promise<void>;
	keys(pattern: string): Promise<string[]>;
	del(...keys: string[]): Promise<number>;
	quit(): Promise<unknown>;
	on(event: 'error', listener: (error: Error) => void): void;
}
type Maker<Client> = new (options: Record<string, unknown>) => Client;

/**
 * Creates a database with a name of its own and chooses a key prefix.
 * Reads PGHOST, PGPORT, PGUSER, PGPASSWORD, REDIS_HOST and REDIS_PORT; the defaults suit a Debian machine.
 * @param n8nDir an installation of n8n, for its database drivers
 * @throws Error that says how to start the two services when one cannot be reached
 */
export async function createQueueDatabases(n8nDir: string): Promise<QueueDatabases> {
	const load = createRequire(join(n8nDir, 'node_modules', 'n8n', 'package.json'));
	const name = `n8n_lab_${randomBytes(5).toString('hex')}`;
	const { env } = process;
	const postgres = {
		host: env.PGHOST ?? '127.0.0.1',
		port: Number(env.PGPORT ?? 5432),
		user: env.PGUSER ?? 'postgres',
		password: env.PGPASSWORD ?? 'postgres',
		database: name,
	};
	const queue = {
		redisHost: env.REDIS_HOST ?? '127.0.0.1',
		redisPort: Number(env.REDIS_PORT ?? 6379),
		redisDb: 1,
		prefix: name,
	};
	const { Client: Postgres }: { Client: Maker<PostgresClient> } = load('pg');
	const { Redis }: { Redis: Maker<RedisClient> } = load('ioredis');

	async function onServer(sql: string): Promise<void> {
		const client = new Postgres({ ...postgres, database: 'postgres' });
		try {
			await client.connect();
		} catch (cause) {
			throw new Error(
				`PostgreSQL cannot be used at ${postgres.host}:${postgres.port}. ${HOW_TO_START}`,
				{
					cause,
				},
			);
		}
		await client.query(sql).finally(() => client.end());
	}

	async function deleteKeys(): Promise<void> {
		const { redisHost: host, redisPort: port, redisDb: db } = queue;
		const client = new Redis({ host, port, db, lazyConnect: true, retryStrategy: () => null });
		// The refusal reaches the caller through connect(); without a listener the driver prints it too.
		client.on('error', () => undefined);
		try {
			await client.connect();
		} catch (cause) {
			throw new Error(`Redis cannot be reached at ${host}:${port}. ${HOW_TO_START}`, { cause });
		}
		const keys = await client.keys(`*${name}*`);
		if (keys.length > 0) await client.del(...keys);
		await client.quit();
	}

	await deleteKeys();
	await onServer(`CREATE DATABASE ${name}`);
	return {
		postgres,
		queue,
		async remove() {
			await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
			await deleteKeys();
		},
	};
}
