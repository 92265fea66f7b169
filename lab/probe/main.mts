// `npm run probe -- --provider hingnet`: tries a real service with your key, at no cost unless --pay is given.
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { loadBuilt } from './built.mts';
import { Findings } from './findings.mts';
import { probeFree } from './free.mts';
import { probePaid } from './paid.mts';
import { reportOf } from './report.mts';
import { compareRow } from './row.mts';
import type { Keys } from './service.mts';

const USAGE = `Usage: npm run probe -- --provider <name> [options]

  --provider      klingGlobal, klingChina, hingnet, ezmodel, cometapi or custom
  --base-url      what stands before /v1/videos/ (needed with custom)
  --task          an existing task ID to look up, where the service lists none
  --external-id   the external task ID of that task
  --model         the model whose endpoint is tried; Default: what the provider sells
  --model-field   model_name (default) or model, with custom
  --pay           makes ONE shortest video, which is billed, after you have typed a confirmation
  --callback-url  with --pay: a public address that leads to --callback-port (8787) of this machine
  --save-to       with --pay: the folder for the video; Default: this folder

The key is read from KLING_API_KEY, or from KLING_ACCESS_KEY and KLING_SECRET_KEY. It is never printed.`;

const CONFIRMATION = 'pay for one video';

const { values } = parseArgs({
	options: {
		provider: { type: 'string' },
		'base-url': { type: 'string' },
		task: { type: 'string' },
		'external-id': { type: 'string' },
		model: { type: 'string' },
		'model-field': { type: 'string' },
		pay: { type: 'boolean', default: false },
		'callback-url': { type: 'string' },
		'callback-port': { type: 'string', default: '8787' },
		'poll-seconds': { type: 'string', default: '10' },
		'save-to': { type: 'string', default: '.' },
		help: { type: 'boolean', default: false },
	},
});
process.exitCode = await main();

/** @returns 0 where nothing contradicts the table, 1 where something does, 2 where nothing could be tried */
async function main(): Promise<number> {
	const built = await loadBuilt();
	const row = Object.values(built.gateways).find(({ provider }) => provider === values.provider);
	const keys = keysFrom(process.env);
	if (values.help || row === undefined) return stop(USAGE);
	if (keys === undefined)
		return stop('Set KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY.');
	const given = values['base-url'] ?? row.baseUrl;
	if (given === '')
		return stop('Give the address with --base-url: what stands before /v1/videos/.');

	const credentials = { provider: 'custom', baseUrl: given, ...keys };
	const { baseUrl, redact } = built.resolveService(credentials);
	const modelField = values['model-field'] === 'model' ? 'model' : row.modelField;
	const tried = { ...row, modelField } as const;
	const model = built.modelRow(values.model ?? row.defaultModel);
	const target = { row: tried, baseUrl, keys };
	console.log(`Trying ${baseUrl}, model ${model.model}\n`);

	const findings = new Findings(redact, (line) => console.log(line));
	const { task: id, 'external-id': externalId } = values;
	const named = id !== undefined || externalId !== undefined;
	const known = named ? { family: model.family, id, externalId } : undefined;
	const about = { built, target, family: model.family, findings, redact };
	const service = await probeFree({ ...about, known });
	if (service !== undefined && values.pay && (await isConfirmed(baseUrl))) {
		const paid = {
			...about,
			model,
			callbackUrl: values['callback-url'],
			saveTo: values['save-to'],
		};
		const callbackPort = Number(values['callback-port']);
		await probePaid(
			{ ...paid, callbackPort, pollMs: Number(values['poll-seconds']) * 1000 },
			service,
		);
	}
	console.log('\nTo share this, paste what follows into a new issue, form "Probe of a gateway":\n');
	console.log(redact(reportOf(tried, baseUrl, findings)));
	if (service === undefined) return 2;
	const comparisons = compareRow(tried, findings.found);
	return comparisons.some(({ verdict }) => verdict === 'does not hold') ? 1 : 0;
}

function keysFrom(env: NodeJS.ProcessEnv): Keys | undefined {
	const { KLING_API_KEY: apiKey, KLING_ACCESS_KEY: accessKey, KLING_SECRET_KEY: secretKey } = env;
	if (apiKey) return { authType: 'apiKey', apiKey };
	return accessKey && secretKey ? { authType: 'accessKey', accessKey, secretKey } : undefined;
}

async function isConfirmed(baseUrl: string): Promise<boolean> {
	console.log(`\nThis makes ONE video at ${baseUrl}, which is billed to your account.`);
	console.log(`Type "${CONFIRMATION}" to go on:`);
	const lines = createInterface({ input: process.stdin });
	for await (const line of lines) {
		if (line.trim() === CONFIRMATION) return true;
		break;
	}
	console.log('Nothing was sent.');
	return false;
}

function stop(words: string): number {
	console.log(words);
	return 2;
}
