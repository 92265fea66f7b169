// `npm run emulator`: starts the emulator alone, says where and with which keys, and runs until it is stopped.
import { parseArgs } from 'node:util';
import { dialects } from './dialects/table.mts';
import { startEmulator } from './emulator.mts';
import { IMAGE_NAMES } from './images/serve.mts';

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '4010' },
		'cdn-port': { type: 'string', default: '4011' },
		lifetime: { type: 'string', default: '10' },
		concurrency: { type: 'string', default: '5' },
		seed: { type: 'string', default: '1' },
	},
});

const emulator = await startEmulator({
	port: Number(values.port),
	cdnPort: Number(values['cdn-port']),
	lifetimeMs: Number(values.lifetime) * 1000,
	concurrency: Number(values.concurrency),
	seed: Number(values.seed),
});

const { apiKey, accessKey, secretKey } = emulator.keys;
const lines = [
	`Kling emulator at ${emulator.url}, videos at ${emulator.cdnUrl}`,
	'',
	'Base URLs:',
	...dialects.map(({ name, about }) => `  ${emulator.baseUrl(name).padEnd(46)} ${about}`),
	'',
	'Keys (they open nothing but this emulator):',
	`  API key     ${apiKey}`,
	`  Access key  ${accessKey}`,
	`  Secret key  ${secretKey}`,
	'',
	`Test images: ${emulator.imageUrl('<name>')}, <name> one of ${IMAGE_NAMES.join(', ')}`,
	`Control API: ${emulator.url}/control`,
	`Chance runs from seed ${values.seed}. Stop with Ctrl+C.`,
];
process.stdout.write(`${lines.join('\n')}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, () => void emulator.close());
}
