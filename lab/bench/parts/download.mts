// A 500 MB video into n8n's file storage: time and growth of memory, beside raw undici to a file.
import { kling, manualTrigger } from '../../instance/workflows.mts';
import {
	createTask,
	httpRequest,
	INSTANT,
	nodeRun,
	openGround,
	runToEnd,
	saved,
	type Ground,
} from '../ground.mts';
import { figure, median, oneTo, ratio, type Part } from '../part.mts';
import { forgetPeak, memoryOf } from '../process.mts';
import { startRawClient } from '../raw.mts';

const SIZE_MB = 500;
const BAR_TIME = 1.2;
const BAR_MB = 60;

interface Measured {
	ms: number;
	growthMb: number;
}

export const download: Part = {
	name: 'download',
	title: 'A big download',
	about: `A video of ${SIZE_MB} MB that is ready, into n8n's file storage: the time of the node, and the most memory of the n8n process over what it held before. Raw undici streams the same link to a file; the HTTP Request node is given the link and answers with a file.`,
	limitMinutes: 6,
	async run({ rounds, say }) {
		const ground = await openGround({ emulator: INSTANT });
		const raw = startRawClient();
		try {
			const warm = await sidesOf(ground, 5, raw);
			for (const { measure } of warm) await measure();
			const sides = await sidesOf(ground, SIZE_MB, raw);
			for (const round of oneTo(rounds)) {
				for (const side of sides) side.measured.push(await side.measure());
				const last = sides.map(
					({ name, measured }) => `${name} ${figure(measured.at(-1)?.ms ?? 0)} ms`,
				);
				say(`round ${round}: ${last.join(', ')}`);
			}
			const medians = sides.map(({ measured }) => ({
				ms: median(measured.map(({ ms }) => ms)),
				growthMb: median(measured.map(({ growthMb }) => growthMb)),
			}));
			const [rawMs = 0, , ourMs = 0] = medians.map(({ ms }) => ms);
			const growthMb = medians.at(-1)?.growthMb ?? 0;
			return {
				tables: [
					{
						columns: ['Client', 'time', 'against raw', 'growth of memory'],
						rows: sides.map(({ name }, n) => [
							name,
							`${figure(medians[n]?.ms ?? 0)} ms`,
							ratio((medians[n]?.ms ?? 0) / rawMs),
							`${figure(medians[n]?.growthMb ?? 0)} MB`,
						]),
					},
				],
				targets: [
					{
						what: `time of a download of ${SIZE_MB} MB, against a raw client`,
						measured: ratio(ourMs / rawMs),
						target: `at most ${BAR_TIME}`,
						holds: ourMs / rawMs <= BAR_TIME,
					},
					{
						what: `memory of a download of ${SIZE_MB} MB`,
						measured: `${figure(growthMb)} MB`,
						target: `under ${BAR_MB} MB`,
						holds: growthMb < BAR_MB,
					},
				],
				figures: { rawMs, ourMs, growthMb },
			};
		} finally {
			raw.close();
			await ground.close();
		}
	},
};

async function sidesOf(ground: Ground, sizeMb: number, raw: ReturnType<typeof startRawClient>) {
	const task = await createTask(ground, `A dog [size ${sizeMb}MB]`);
	const [{ url = '' } = {}] = task.videos;
	const own = kling(
		{
			resource: 'task',
			operation: 'get',
			taskId: { __rl: true, mode: 'id', value: task.id },
			options: { downloadVideo: true },
		},
		ground.credential,
	);
	const asFile = { response: { response: { responseFormat: 'file' } } };
	const http = httpRequest('HTTP Request', { url, options: asFile });
	const inNode = async (node: typeof own): Promise<() => Promise<Measured>> => {
		const made = await saved(ground, [manualTrigger(), node]);
		return async () => {
			const pid = ground.n8n.pid();
			await forgetPeak(pid);
			const before = await memoryOf(pid);
			const id = await runToEnd(ground, made);
			const after = await memoryOf(pid);
			const run = await nodeRun(ground, id, node.name);
			if (run.items[0]?.binary?.data === undefined) throw new Error('No file was stored');
			return { ms: run.durationMs, growthMb: after.peakMb - before.nowMb };
		};
	};
	return [
		{ name: 'raw undici', measure: async () => await raw.run({ kind: 'download', url }) },
		{ name: 'HTTP Request node', measure: await inNode(http) },
		{ name: 'this package', measure: await inNode(own) },
	].map((side) => ({ ...side, measured: [] as Measured[] }));
}
