// 20 items with 4 PNG of 8 MB each from n8n's file storage: growth of memory, beside Base64 JSON by HTTP Request.
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pad } from '../../emulator/images/serve.mts';
import {
	code,
	kling,
	loop,
	manualTrigger,
	node,
	sink,
	waitNode,
	workflow,
	type WorkflowJson,
	type WorkflowNode,
} from '../../instance/workflows.mts';
import { httpRequest, INSTANT, openGround, submitParameters, type Ground } from '../ground.mts';
import { figure, median, oneTo, ratio, type Part } from '../part.mts';
import { forgetPeak, memoryOf } from '../process.mts';

const ITEMS = 20;
const IMAGES = 4;
const IMAGE_BYTES = 8 * 1024 * 1024;
/** The images are in storage and the downloads' garbage may be collected. */
const PAUSE_SECONDS = 8;
const BAR_MB = 150;
const BAR_SHARE = 0.25;
const TIMEOUT_MS = 240_000;

export const images: Part = {
	name: 'images',
	title: 'Big images',
	about: `${ITEMS} items with ${IMAGES} PNG of 8 MB each, in n8n's file storage: the most memory that the n8n process holds while it submits them, over what it held before, up to the last submit, each time in a fresh n8n. The HTTP Request node needs them as Base64 in JSON (four conversions, then a body by expression), which users do one item at a time: all at once end with n8n's memory.`,
	limitMinutes: 15,
	async run({ rounds, say }) {
		const ground = await openGround({
			emulator: INSTANT,
			env: { EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none' },
		});
		const files = await serveImages();
		try {
			const sides = [
				{ name: 'HTTP Request node, Base64', json: httpWorkflow(ground, files.url) },
				{ name: 'this package', json: ownWorkflow(ground, files.url) },
			].map((side) => ({ ...side, growths: [] as number[], seconds: [] as number[] }));
			for (const round of oneTo(rounds)) {
				for (const side of sides) {
					await ground.restart();
					const { growthMb, seconds } = await growthOf(ground, side.json, files);
					side.growths.push(growthMb);
					side.seconds.push(seconds);
					say(`round ${round}: ${side.name} ${figure(growthMb)} MB, ${figure(seconds)} s`);
				}
			}
			const [theirs = 0, ours = 0] = sides.map(({ growths }) => median(growths));
			return {
				tables: [
					{
						columns: ['Client', 'growth of memory', 'most', 'time'],
						rows: sides.map(({ name, growths, seconds }) => [
							name,
							`${figure(median(growths))} MB`,
							`${figure(Math.max(...growths))} MB`,
							`${figure(median(seconds))} s`,
						]),
					},
				],
				targets: [
					{
						what: `memory for ${ITEMS} items of ${IMAGES} images of 8 MB`,
						measured: `${figure(ours)} MB`,
						target: `under ${BAR_MB} MB`,
						holds: ours < BAR_MB,
					},
					{
						what: 'the same, against HTTP Request with Base64',
						measured: ratio(ours / theirs),
						target: `under ${BAR_SHARE}`,
						holds: ours / theirs < BAR_SHARE,
					},
				],
				figures: { ourGrowthMb: ours, httpGrowthMb: theirs },
			};
		} finally {
			files.server.close();
			await ground.close();
		}
	},
};

interface Files {
	server: Server;
	url: string;
	served(): number;
}

/** A PNG of 8 MB under any path. */
async function serveImages(): Promise<Files> {
	const sample = new URL('../../emulator/samples/images/ball.png', import.meta.url);
	const png = pad(await readFile(sample), IMAGE_BYTES);
	let served = 0;
	const server = createServer((_, response) => {
		served += 1;
		response.writeHead(200, { 'content-type': 'image/png', 'content-length': png.length }).end(png);
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('No port for the images');
	return { server, url: `http://127.0.0.1:${address.port}`, served: () => served };
}

/** Items → four downloads into storage → a pause. */
function gathering(filesUrl: string): WorkflowNode[] {
	const names = oneTo(IMAGES).map((n) => `image${n}`);
	return [
		manualTrigger(),
		code(`return Array.from({ length: ${ITEMS} }, (_, n) => ({ json: { n } }));`),
		...names.map((name) =>
			httpRequest(`Fetch ${name}`, {
				url: `=${filesUrl}/{{ $itemIndex }}/${name}.png`,
				options: {
					batching: { batch: { batchSize: 1, batchInterval: 30 } },
					response: { response: { responseFormat: 'file', outputPropertyName: name } },
				},
			}),
		),
		waitNode(PAUSE_SECONDS, 'Pause'),
	];
}

function ownWorkflow(ground: Ground, filesUrl: string): WorkflowJson {
	const row = { source: 'binary', binaryPropertyName: 'image1,image2,image3,image4' };
	const parameters = submitParameters(ground, {
		images: { image: [row] },
		prompt: 'A dog runs over the beach',
		afterSubmit: 'return',
	});
	return workflow([...gathering(filesUrl), kling(parameters, ground.credential), sink()]);
}

function httpWorkflow({ createUrl, headerAuth }: Ground, filesUrl: string): WorkflowJson {
	const names = oneTo(IMAGES).map((n) => `image${n}`);
	const line = gathering(filesUrl);
	const each = loop(1);
	const extracts = names.map((name) =>
		node(`Convert ${name}`, 'n8n-nodes-base.moveBinaryData', {
			mode: 'binaryToJson',
			setAllData: false,
			sourceKey: name,
			destinationKey: name,
			options: { keepAsBase64: true, keepSource: true },
		}),
	);
	const list = names.map((name) => `{ image: $json.${name} }`).join(', ');
	const submit = httpRequest(
		'HTTP Request',
		{
			method: 'POST',
			url: createUrl,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ JSON.stringify({ model_name: 'kling-v1-6', prompt: 'A dog', image_list: [${list}] }) }}`,
		},
		headerAuth,
	);
	const nodes = [...line, each, ...extracts, submit];
	const wires = [
		...nodes.slice(1).map((to, n) => ({ from: nodes[n]?.name ?? '', to: to.name })),
		{ from: submit.name, to: each.name },
	].map((wire) => (wire.from === each.name ? { ...wire, output: 1 } : wire));
	return workflow(nodes, { wires });
}

async function growthOf(
	ground: Ground,
	json: WorkflowJson,
	files: Files,
): Promise<{ growthMb: number; seconds: number }> {
	const { client, emulator, n8n } = ground;
	const made = await client.createWorkflow({
		...json,
		settings: { ...json.settings, saveManualExecutions: false },
	});
	const [servedBefore, tasksBefore] = [files.served(), emulator.tasks.list().length];
	const id = await client.startManually(made);
	const deadline = Date.now() + TIMEOUT_MS;
	const until = async (what: string, isSo: () => boolean): Promise<void> => {
		while (!isSo()) {
			if (Date.now() > deadline) throw new Error(`Execution ${id}: waited too long for ${what}`);
			await sleep(20);
		}
	};
	await until('the images', () => files.served() - servedBefore === ITEMS * IMAGES);
	await sleep((PAUSE_SECONDS * 1000) / 2);
	const pid = n8n.pid();
	await forgetPeak(pid);
	const before = await memoryOf(pid);
	const from = Date.now();
	await until('the submits', () => emulator.tasks.list().length - tasksBefore === ITEMS);
	const seconds = (Date.now() - from) / 1000 - PAUSE_SECONDS / 2;
	const growthMb = (await memoryOf(pid)).peakMb - before.nowMb;
	// With Base64 in its items, n8n needs minutes and more memory to end the execution.
	await n8n.kill();
	return { growthMb, seconds };
}
