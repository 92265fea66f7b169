// `node lab/bench/download.mts`: a 500 MB video into n8n's file storage, asking and asleep; memory may grow by 60 MB.
import { parseArgs } from 'node:util';
import { startEmulator } from '../emulator/emulator.mts';
import { connect } from '../instance/client.mts';
import { startN8n } from '../instance/n8n.mts';
import { packNode } from '../instance/pack.mts';
import { downloadLine, measureDownload } from './download/measure.mts';

const LIMIT_MB = 60;

const { values } = parseArgs({
	options: {
		mb: { type: 'string', default: '500' },
		rounds: { type: 'string', default: '3' },
	},
});
const packed = await packNode();
const emulator = await startEmulator();
const n8n = await startN8n({ packages: [packed.dir] });
const client = await connect(n8n.url);
try {
	const credential = await client.createCredential('Kling API', 'klingApi', {
		provider: 'custom',
		baseUrl: emulator.baseUrl('official'),
		authType: 'apiKey',
		apiKey: emulator.keys.apiKey,
	});
	const ground = { emulator, n8n, client, credential };
	// What n8n loads when a first file comes is no cost of a big one.
	for (const how of ['poll', 'callback'] as const) await measureDownload(ground, how, 5);
	for (let round = 1; round <= Number(values.rounds); round++) {
		for (const how of ['poll', 'callback'] as const) {
			const report = await measureDownload(ground, how, Number(values.mb));
			console.log(`round ${round}, ${downloadLine(report)}`);
			if (report.growthMb >= LIMIT_MB) process.exitCode = 1;
		}
	}
} finally {
	await client.close();
	await n8n.close();
	await emulator.close();
}
