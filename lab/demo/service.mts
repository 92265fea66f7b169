// Chooses whom the demo talks to: the emulator, or the real service where the environment holds a key.
import { startEmulator } from '../emulator/emulator.mts';

/** The service, and what the credential of the node has to say to reach it. */
export interface DemoService {
	readonly name: string;
	readonly costsMoney: boolean;
	readonly credential: Record<string, unknown>;
	close(): Promise<void>;
}

/** A setting that cannot be meant as it is; the message says what to change. */
export class UnclearSetting extends Error {}

const PROVIDERS = ['klingGlobal', 'klingChina', 'hingnet', 'ezmodel', 'cometapi'];
/** Long enough to see a task submitted and processing, and done when the node first asks, after 10 s. */
const EMULATED_LIFETIME_MS = 9000;

/**
 * Reads `KLING_API_KEY`, or `KLING_ACCESS_KEY` and `KLING_SECRET_KEY`, and `KLING_PROVIDER`.
 * Without a key it starts the emulator, which costs nothing and needs no network.
 * @throws UnclearSetting when half a pair of keys is given, or a provider that is not known
 */
export async function chooseService(env: NodeJS.ProcessEnv): Promise<DemoService> {
	const keys = keysOf(env);
	if (keys === undefined) return await emulated();
	const provider = providerOf(env.KLING_PROVIDER?.trim() || 'klingGlobal');
	return {
		name: `the real service (${provider})`,
		costsMoney: true,
		credential: { provider, ...keys },
		close: async () => {},
	};
}

function keysOf(env: NodeJS.ProcessEnv): Record<string, string> | undefined {
	const [apiKey, accessKey, secretKey] = [
		env.KLING_API_KEY?.trim(),
		env.KLING_ACCESS_KEY?.trim(),
		env.KLING_SECRET_KEY?.trim(),
	];
	if (apiKey) return { authType: 'apiKey', apiKey };
	if (accessKey && secretKey) return { authType: 'accessKey', accessKey, secretKey };
	if (!accessKey && !secretKey) return undefined;
	const [given, missing] = accessKey
		? ['KLING_ACCESS_KEY', 'KLING_SECRET_KEY']
		: ['KLING_SECRET_KEY', 'KLING_ACCESS_KEY'];
	throw new UnclearSetting(
		`${given} is set and ${missing} is not. Set both, or neither to use the emulator.`,
	);
}

function providerOf(given: string): string {
	const known = PROVIDERS.find((name) => name.toLowerCase() === given.toLowerCase());
	if (known !== undefined) return known;
	throw new UnclearSetting(
		`KLING_PROVIDER is "${given}". Set it to one of ${PROVIDERS.join(', ')}, or leave it out for klingGlobal.`,
	);
}

async function emulated(): Promise<DemoService> {
	const emulator = await startEmulator({ lifetimeMs: EMULATED_LIFETIME_MS });
	return {
		name: 'an emulated Kling on this machine',
		costsMoney: false,
		credential: {
			provider: 'custom',
			// A gateway: what 'Automatic' takes for a custom service is no longer sold by Kling itself.
			baseUrl: emulator.baseUrl('hingnet'),
			authType: 'apiKey',
			apiKey: emulator.keys.apiKey,
		},
		close: async () => await emulator.close(),
	};
}
