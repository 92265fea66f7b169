// `node lab/bench/submits.mts`: 1,000 submits under faults in a real n8n; each is billed once, none is lost.
import { parseArgs } from 'node:util';
import { startEmulator } from '../emulator/emulator.mts';
import { startFront } from '../front/front.mts';
import { connect } from '../instance/client.mts';
import { startN8n } from '../instance/n8n.mts';
import { packNode } from '../instance/pack.mts';
import { brokenPromises, submitUnderFaults, type SubmitReport } from './submits/run.mts';

const PROVIDERS = [
	{ dialect: 'official', provider: 'klingGlobal', canLookUp: true },
	{ dialect: 'hingnet', provider: 'hingnet', canLookUp: true },
	{ dialect: 'ezmodel', provider: 'ezmodel', canLookUp: false },
] as const;

const { values } = parseArgs({
	options: {
		seed: { type: 'string' },
		items: { type: 'string', default: '1000' },
		dialect: { type: 'string', multiple: true },
	},
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
console.log(`Seed ${seed}: the same faults again with --seed ${seed}`);

const emulator = await startEmulator({ lifetimeMs: 5_000 });
const front = await startFront({ emulatorUrl: emulator.url });
const packed = await packNode();
const n8n = await startN8n({ packages: [packed.dir], env: front.env });
const client = await connect(n8n.url);
try {
	const chosen = PROVIDERS.filter(({ dialect }) => values.dialect?.includes(dialect) ?? true);
	// Side by side: most of the time is spent waiting for look-ups to be sure.
	const measure = async ({ dialect, provider, canLookUp }: (typeof chosen)[number]) => {
		const fields = { provider, authType: 'apiKey', apiKey: emulator.keys.apiKey };
		const report = await submitUnderFaults({
			emulator,
			client,
			credential: await client.createCredential(provider, 'klingApi', fields),
			dialect,
			seed,
			items: Number(values.items),
			onError: canLookUp ? 'stopWorkflow' : 'continueRegularOutput',
			hangs: 4,
			refusals: 4,
		});
		for (const words of brokenPromises(report, canLookUp)) {
			console.log(`${dialect}: broken promise: ${words}`);
			process.exitCode = 1;
		}
		return report;
	};
	const reports: SubmitReport[] = await Promise.all(chosen.map(measure));
	console.table(
		Object.fromEntries(
			reports.map(({ dialect, lost, twice, ended: _, seed: __, ...counts }) => [
				dialect,
				{ ...counts, lost: lost.length, twice: twice.length },
			]),
		),
	);
} finally {
	await client.close();
	await n8n.close();
	await front.close();
	await emulator.close();
}
