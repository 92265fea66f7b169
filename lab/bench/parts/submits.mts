// 200 submits by URL to a service that thinks for 100 ms, 10 at once: raw undici, n8n's HTTP Request node, this package.
import { code, kling, manualTrigger } from '../../instance/workflows.mts';
import {
	httpSubmit,
	INSTANT,
	nodeRun,
	openGround,
	runToEnd,
	saved,
	submitParameters,
} from '../ground.mts';
import { figure, median, oneTo, ratio, type Part } from '../part.mts';
import { startRawClient } from '../raw.mts';

const ITEMS = 200;
const AT_ONCE = 10;
const THINKS_MS = 100;
const BAR = 1.15;

export const submits: Part = {
	name: 'submits',
	title: 'Submits: time',
	about: `${ITEMS} submits by image URL to a service that thinks for ${THINKS_MS} ms, ${AT_ONCE} at once; the time of the node alone. The raw client is the package's own API client over undici, without n8n. The HTTP Request node has no limit of concurrency: it is given ${AT_ONCE} every ${THINKS_MS} ms.`,
	limitMinutes: 6,
	async run({ rounds, say }) {
		const ground = await openGround({ emulator: INSTANT });
		const raw = startRawClient();
		try {
			const { emulator, credential } = ground;
			emulator.faults.add({
				kind: 'slow',
				delayMs: THINKS_MS,
				on: { call: 'create' },
			});
			const source = code(
				`return Array.from({ length: ${ITEMS} }, (_, n) => ({ json: { prompt: 'Item ' + n } }));`,
			);
			const ours = kling(
				submitParameters(ground, {
					afterSubmit: 'return',
					options: { maxConcurrent: AT_ONCE },
				}),
				credential,
			);
			const http = httpSubmit(ground, { atOnce: AT_ONCE, everyMs: THINKS_MS });
			const credentials = {
				provider: 'custom',
				baseUrl: emulator.baseUrl('official'),
				authType: 'apiKey',
				apiKey: emulator.keys.apiKey,
			};
			const bodies = oneTo(ITEMS).map((n) =>
				JSON.stringify({
					model_name: 'kling-v1-6',
					prompt: `Item ${n}`,
					image_list: [{ image: emulator.imageUrl('dog.png') }],
				}),
			);
			const inNode = async (node: typeof ours): Promise<() => Promise<number>> => {
				const made = await saved(ground, [manualTrigger(), source, node]);
				return async () =>
					(await nodeRun(ground, await runToEnd(ground, made), node.name)).durationMs;
			};
			const sides = [
				{
					name: 'raw undici',
					measure: async () =>
						(await raw.run({ kind: 'submits', credentials, bodies, atOnce: AT_ONCE })).ms,
				},
				{ name: 'HTTP Request node', measure: await inNode(http) },
				{ name: 'this package', measure: await inNode(ours) },
			].map((side) => ({ ...side, times: [] as number[] }));
			for (const { measure } of sides) await measure();
			for (const round of oneTo(rounds)) {
				for (const side of sides) {
					const before = emulator.counters().create;
					side.times.push(await side.measure());
					const sent = emulator.counters().create - before;
					if (sent !== ITEMS) throw new Error(`${side.name} sent ${sent} creates`);
				}
				say(
					`round ${round}: ${sides.map(({ name, times }) => `${name} ${figure(times.at(-1) ?? 0)} ms`).join(', ')}`,
				);
			}
			const [rawMs = 0, httpMs = 0, ourMs = 0] = sides.map(({ times }) => median(times));
			return {
				tables: [
					{
						columns: ['Client', 'median', 'against raw'],
						rows: sides.map(({ name, times }) => [
							name,
							`${figure(median(times))} ms`,
							ratio(median(times) / rawMs),
						]),
					},
				],
				targets: [
					{
						what: `time of ${ITEMS} submits, against a raw client`,
						measured: ratio(ourMs / rawMs),
						target: `at most ${BAR}`,
						holds: ourMs / rawMs <= BAR,
					},
				],
				figures: { rawMs, httpMs, ourMs },
			};
		} finally {
			raw.close();
			await ground.close();
		}
	},
};
