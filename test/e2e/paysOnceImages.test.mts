// Encoded images in flight stay within the budget, so that a big batch does not fill n8n's memory.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { after, before, it } from 'node:test';
import sharp from 'sharp';
import { items, kling, manualTrigger, node, workflow } from '../../lab/instance/workflows.mts';
import { KLING, openStage, submitParameters, type Stage } from './stage.mts';

const MB = 1024 * 1024;
const BUDGET = 64 * MB;
const ITEMS = 30;
const IMAGES_PER_ITEM = 4;
/** Noise does not compress: three bytes a pixel. */
const SIDE = 1_290;

let stage: Stage;
let pictures: Server;
let gauge: Gauge;

before(async () => {
	stage = await openStage();
	const picture = await noise();
	pictures = createServer((_, response) => {
		response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
	}).listen(0, '127.0.0.1');
	await once(pictures, 'listening');
	gauge = await startGauge(stage.emulator.url);
});
after(async () => {
	await stage.close();
	pictures.close();
	gauge.server.close();
});

it(`sends ${ITEMS} items of ${IMAGES_PER_ITEM} images of 5 MB, 10 at once, within 64 MB of bodies`, async (t) => {
	stage.emulator.faults.add({ kind: 'slow', delayMs: 1_000, on: { call: 'create' } });
	const download = node(
		'Download',
		'n8n-nodes-base.httpRequest',
		{
			url: `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/noise.png`,
			options: { response: { response: { responseFormat: 'file' } } },
		},
		{ typeVersion: 4.2 },
	);
	const rows = Array.from({ length: ITEMS }, (_, n) => ({ json: { prompt: `Scene ${n}` } }));
	const fields = { source: 'binary', binaryPropertyName: 'data' };
	const parameters = submitParameters(stage.emulator, {
		images: { image: Array.from({ length: IMAGES_PER_ITEM }, () => fields) },
		prompt: '=Scene {{ $itemIndex }}',
		options: { maxConcurrent: 10 },
	});
	const credential = await stage.credential('official', { baseUrl: `${gauge.url}/official` });
	const nodes = [
		manualTrigger(),
		items(rows),
		download,
		kling(parameters, credential, { name: KLING }),
	];
	const saved = await stage.client.createWorkflow(workflow(nodes));

	const before = await residentMb(stage.n8n.pid());
	const execution = await stage.client.runManually(saved, 300_000);
	const after = await residentMb(stage.n8n.pid());
	t.diagnostic(`bodies in flight at most ${(gauge.most() / MB).toFixed(1)} MB`);
	t.diagnostic(`n8n held ${before.now} MB before, ${after.peak} MB at most, ${after.now} MB after`);

	assert.equal(execution.status, 'success', execution.error?.message);
	assert.equal(stage.emulator.bill().total, ITEMS);
	assert.ok(stage.emulator.tasks.list().every(({ images }) => images.length === IMAGES_PER_ITEM));
	assert.ok(gauge.most() > BUDGET / 2, 'two bodies of 27 MB fit into it');
	assert.ok(gauge.most() <= BUDGET);
	assert.ok(after.peak - before.now < MOST_GROWTH_MB, `it grew by ${after.peak - before.now} MB`);
});

/** All bodies at once would be 800 MB, each in several copies: as Base64, in the JSON, in the socket. */
const MOST_GROWTH_MB = 700;

async function noise(): Promise<Buffer> {
	const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
	return await sharp(randomBytes(SIDE * SIDE * 3), { raw })
		.png({ compressionLevel: 0 })
		.toBuffer();
}

/** What a process holds in memory now, and the most it ever held (proc(5), "status"). */
async function residentMb(pid: number): Promise<{ now: number; peak: number }> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	const mb = (name: string) =>
		Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024);
	return { now: mb('VmRSS'), peak: mb('VmHWM') };
}

interface Gauge {
	server: Server;
	url: string;
	/** the most bytes of request bodies that were announced and not yet answered at one time */
	most(): number;
}

/** Stands before the emulator and measures what is in flight. */
async function startGauge(target: string): Promise<Gauge> {
	let inFlight = 0;
	let most = 0;
	const server = createServer((request, response) => {
		const bytes = Number(request.headers['content-length'] ?? 0);
		inFlight += bytes;
		most = Math.max(most, inFlight);
		response.once('close', () => (inFlight -= bytes));
		const { method, headers } = request;
		const onward = httpRequest(target + request.url, { method, headers }, (answer) => {
			response.writeHead(answer.statusCode ?? 502, answer.headers);
			pipeline(answer, response, () => undefined);
		});
		onward.once('error', () => response.destroy());
		pipeline(request, onward, () => undefined);
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		server,
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		most: () => most,
	};
}
