// The environment of an n8n process: quiet, on loopback only, and without anything of the user's own n8n.
import { delimiter, dirname } from 'node:path';

export type Role = 'main' | 'worker' | 'webhook';

export interface PostgresDatabase {
	host: string;
	port: number;
	user: string;
	password: string;
	database: string;
}

export interface QueueSettings {
	redisHost: string;
	redisPort: number;
	redisDb: number;
	/** keeps this instance's queue apart from others on the same Redis */
	prefix: string;
}

interface EnvironmentFacts {
	version: string;
	role: Role;
	userFolder: string;
	nodePath: string;
	port: number;
	/** the port on which n8n's own task runner talks to n8n */
	brokerPort: number;
	/** where webhooks are called from outside; ends with a slash */
	webhookUrl: string;
	encryptionKey: string;
	/** SQLite in the user folder where left out */
	postgres?: PostgresDatabase;
	queue?: QueueSettings;
}

const OWN_SETTINGS =
	/^(N8N_|DB_|EXECUTIONS_|QUEUE_|WEBHOOK_|GENERIC_|OFFLOAD_|KLING_|NODE_OPTIONS$|NODE_PATH$)/;

/** Builds the environment from the facts; nothing that n8n reads is taken over from the caller's. */
export function environmentOf(facts: EnvironmentFacts): Record<string, string> {
	const inherited = Object.entries(process.env).filter(
		(entry): entry is [string, string] => entry[1] !== undefined && !OWN_SETTINGS.test(entry[0]),
	);
	return {
		...Object.fromEntries(inherited),
		PATH: `${dirname(facts.nodePath)}${delimiter}${process.env.PATH ?? ''}`,
		NO_PROXY: 'localhost,127.0.0.1',
		N8N_USER_FOLDER: facts.userFolder,
		N8N_PORT: String(facts.port),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_RUNNERS_BROKER_PORT: String(facts.brokerPort),
		N8N_ENCRYPTION_KEY: facts.encryptionKey,
		// Two names of one setting: releases before 2.40 know the first only.
		WEBHOOK_URL: facts.webhookUrl,
		N8N_WEBHOOK_URL: facts.webhookUrl,
		GENERIC_TIMEZONE: 'UTC',
		N8N_SECURE_COOKIE: 'false',
		N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'false',
		...NOTHING_LEAVES,
		...(facts.version.startsWith('1.') ? ONLY_IN_N8N_1 : ONLY_IN_N8N_2),
		...(facts.postgres && postgresEnvironment(facts.postgres)),
		...(facts.queue && queueEnvironment(facts.queue, facts)),
	};
}

/** Everything by which n8n would call home; community packages load without being asked about. */
const NOTHING_LEAVES = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
};

/** Files go where n8n 2 puts them anyway; n8n 1 would keep them in memory. */
const ONLY_IN_N8N_1 = { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' };

/** n8n 1 would refuse to start when a module is named that it does not have. */
const ONLY_IN_N8N_2 = { N8N_DISABLED_MODULES: 'mcp-registry,instance-ai' };

function postgresEnvironment(database: PostgresDatabase): Record<string, string> {
	return {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: database.host,
		DB_POSTGRESDB_PORT: String(database.port),
		DB_POSTGRESDB_USER: database.user,
		DB_POSTGRESDB_PASSWORD: database.password,
		DB_POSTGRESDB_DATABASE: database.database,
	};
}

function queueEnvironment(queue: QueueSettings, facts: EnvironmentFacts): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
		QUEUE_BULL_REDIS_HOST: queue.redisHost,
		QUEUE_BULL_REDIS_PORT: String(queue.redisPort),
		QUEUE_BULL_REDIS_DB: String(queue.redisDb),
		QUEUE_BULL_PREFIX: queue.prefix,
		N8N_REDIS_KEY_PREFIX: queue.prefix,
		N8N_CACHE_REDIS_KEY_PREFIX: queue.prefix,
		QUEUE_HEALTH_CHECK_ACTIVE: 'true',
		QUEUE_HEALTH_CHECK_PORT: String(facts.port),
		N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
	};
}
