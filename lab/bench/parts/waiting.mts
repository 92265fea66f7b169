// What a finished video costs from submit to file, by way of waiting: requests, wakes, CPU, worker seconds, disk.
import {
	ifNode,
	inLine,
	kling,
	node,
	sink,
	waitNode,
	webhook,
	workflow,
	type WorkflowJson,
} from '../../instance/workflows.mts';
import { openSkippingClock, type SkippingClock } from '../clock.mts';
import { watchWorkers } from '../database.mts';
import {
	httpRequest,
	httpSubmit,
	openGround,
	published,
	submitParameters,
	type Ground,
} from '../ground.mts';
import { figure, type Findings, type Part, type RunOptions, type Target } from '../part.mts';
import { cpuMsOf, writtenBytesOf } from '../process.mts';

/** How far the clock runs ahead at an idle tick. */
const STEP_MS = 500;
const MINUTE_MS = 60_000;
const IDLE_MS = 10 * MINUTE_MS;
const IDLE_REAL_MS = MINUTE_MS;
/** Videos of "3 minutes" take 2.55 to 3.45, so that no slice fits them by chance. */
const SPREAD = 0.3;
const GOLDEN = 0.618034;
/** n8n parks an execution only from 65 s on. */
const LOOP_SECONDS = 70;
/** Real time for one row. */
const ROW_LIMIT_MS = 8 * MINUTE_MS;

const WAYS = [
	{ name: 'called', title: 'asleep, called', waitUsing: 'callback' },
	{ name: 'asleep', title: 'asleep, not called', waitUsing: 'auto' },
	{ name: 'polled', title: 'polled', waitUsing: 'poll' },
	{ name: 'loop', title: `n8n's Wait (${LOOP_SECONDS} s) and HTTP Request`, waitUsing: undefined },
] as const;
type Way = (typeof WAYS)[number];

interface Case {
	minutes: number;
	items: number;
	executions: number;
}

/** For one video; wakes for one execution. */
interface Cost {
	requests: number;
	wakes: number;
	cpuMs: number;
	workerSeconds: number;
	diskKb: number;
	/** from ready to the end of the execution */
	lateSeconds: number;
	/** of an execution, in n8n's database */
	storedKb: number;
}

interface Measured {
	/** its CPU still with what n8n uses when idle */
	cost: Cost;
	/** of n8n's clock */
	seconds: number;
}

interface World {
	ground: Ground;
	clock: SkippingClock;
	close(): Promise<void>;
}

export const waiting: Part = {
	name: 'waiting',
	title: 'Waiting for a video',
	about: `What one finished video costs, from submit to the stored file (3 requests are the fewest: submit, one look, download): API requests with the download, wakes of an execution, CPU of n8n beyond its idling, seconds in which a worker was held, bytes written to disk, and how long after its end at the service it was delivered. Production executions started over a minute, by ways of waiting: *called* by the service on the resume URL, *not called*, *polled*, and a loop of n8n's own nodes. n8n's clock runs ahead while its process is idle, so that 20 minutes take one; what is computed is timed as it is, and a row at real speed stands beside it. Videos of "3 minutes" take 2.5 to 3.5, those of "20 minutes" 17 to 23.`,
	limitMinutes: 25,
	async run(options) {
		const cases = casesOf(options);
		const ways = [...WAYS];
		const costs = new Map<string, Cost>();
		// Two at a time: each n8n keeps one core busy while it computes.
		const left = ways.values();
		const worker = async (): Promise<void> => {
			for (const way of left) await measureWay(way, cases, options, costs);
		};
		const check = options.isQuick ? Promise.resolve() : atRealSpeed(options, costs);
		await Promise.all([worker(), worker(), check]);
		return findingsOf(cases, costs);
	},
};

function casesOf({ rounds, isQuick }: RunOptions): Case[] {
	return (isQuick ? [3] : [3, 20]).flatMap((minutes) => [
		{ minutes, items: 1, executions: 8 * rounds },
		{ minutes, items: 100, executions: rounds },
	]);
}

async function measureWay(
	way: Way,
	cases: Case[],
	{ say }: RunOptions,
	costs: Map<string, Cost>,
): Promise<void> {
	const world = await openWorld(STEP_MS);
	try {
		const workflowId = await publishedWay(world.ground, way);
		// What n8n and the node load when they run first is no cost of a video.
		await measure(world, workflowId, { minutes: 2, items: 2, executions: 1 });
		const before = await idleCpuOf(world, IDLE_MS);
		const measured = new Map<Case, Measured>();
		for (const one of cases) {
			measured.set(one, await measure(world, workflowId, one));
			say(`${way.title}, ${one.items} × ${one.minutes} min: measured`);
		}
		// A process that has just begun idles less quietly.
		const idle = Math.min(before, await idleCpuOf(world, IDLE_MS));
		for (const [one, { cost, seconds }] of measured) {
			cost.cpuMs -= (idle * seconds) / (one.items * one.executions);
			costs.set(keyOf(way.name, one), cost);
			say(`${way.title}, ${one.items} × ${one.minutes} min: ${cellsOf(cost).join(', ')}`);
		}
	} finally {
		await world.close();
	}
}

/** One row without the skipping clock, which shows whether it tells the truth. */
async function atRealSpeed({ rounds, say }: RunOptions, costs: Map<string, Cost>): Promise<void> {
	const world = await openWorld(0);
	try {
		const [, asleep] = WAYS;
		const workflowId = await publishedWay(world.ground, asleep);
		const idle = await idleCpuOf(world, IDLE_REAL_MS);
		const one = { minutes: 3, items: 1, executions: 8 * rounds };
		const { cost, seconds } = await measure(world, workflowId, one);
		cost.cpuMs -= (idle * seconds) / one.executions;
		costs.set(keyOf('real', one), cost);
		say(`${asleep.title} at real speed: ${cellsOf(cost).join(', ')}`);
	} finally {
		await world.close();
	}
}

const keyOf = (way: string, { items, minutes }: Case): string => `${way}${items}x${minutes}`;

async function openWorld(stepMs: number): Promise<World> {
	const clock = await openSkippingClock();
	const ground = await openGround({ emulator: { concurrency: 1_000_000 }, env: clock.env });
	clock.lead(ground.emulator.clock);
	clock.allow(stepMs);
	return {
		ground,
		clock,
		async close() {
			await ground.close();
			await clock.close();
		},
	};
}

async function publishedWay(ground: Ground, way: Way): Promise<{ id: string; path: string }> {
	const start = webhook();
	const split = node('Split Out', 'n8n-nodes-base.splitOut', {
		fieldToSplitOut: 'body.items',
		options: {},
	});
	const parameters = {
		afterSubmit: 'wait',
		downloadVideo: true,
		options: { waitUsing: way.waitUsing, maxWaitMinutes: 60, downloadVideo: true },
	};
	const json: WorkflowJson =
		way.waitUsing === undefined
			? loopOf(ground, [start, split])
			: workflow([
					start,
					split,
					kling(submitParameters(ground, parameters), ground.credential),
					sink(),
				]);
	const { id } = await published(ground, json);
	return { id, path: String(start.parameters.path) };
}

/** Submit → Wait → look → finished? → download, or wait again. */
function loopOf(
	{ headerAuth, createUrl, ...ground }: Ground,
	begin: WorkflowJson['nodes'],
): WorkflowJson {
	const submit = httpSubmit({ headerAuth, createUrl, ...ground });
	const wait = waitNode(LOOP_SECONDS);
	const look = httpRequest('Look', { url: `=${createUrl}/{{ $json.data.task_id }}` }, headerAuth);
	const isDone = ifNode("={{ $json.data.task_status === 'succeed' }}");
	const fetch = httpRequest('Download', {
		url: '={{ $json.data.task_result.videos[0].url }}',
		options: { response: { response: { responseFormat: 'file' } } },
	});
	const line = [...begin, submit, wait, look, isDone, fetch];
	return workflow(line, {
		wires: [...inLine(...line), { from: isDone.name, output: 1, to: wait.name }],
	});
}

/** CPU that an n8n without executions uses, in milliseconds a second of its clock. */
async function idleCpuOf({ ground, clock }: World, ms: number): Promise<number> {
	const pid = ground.n8n.pid();
	const [before, from] = [await cpuMsOf(pid), clock.now()];
	await clock.sleep(ms);
	return ((await cpuMsOf(pid)) - before) / ((clock.now() - from) / 1000);
}

async function measure(
	{ ground, clock }: World,
	{ id, path }: { id: string; path: string },
	{ minutes, items, executions }: Case,
): Promise<Measured> {
	const { emulator, n8n, client } = ground;
	const pid = n8n.pid();
	emulator.reset();
	const known = ground.executions.ended(id).length;
	const workers = watchWorkers(ground.executions, clock.now);
	const from = clock.now();
	const [cpuBefore, diskBefore] = [await cpuMsOf(pid), await writtenBytesOf(pid)];
	try {
		for (let n = 0; n < executions; n++) {
			const prompts = Array.from({ length: items }, (_, item) => ({
				prompt: `Video ${item} of execution ${n}. [lifetime ${secondsOf(minutes, n * items + item)}s]`,
			}));
			const { status } = await client.callWebhook(path, { items: prompts });
			if (status !== 200) throw new Error(`The start of an execution was answered ${status}`);
			await clock.sleep(MINUTE_MS / executions);
		}
		await ground.executions.succeeded(id, known + executions, ROW_LIMIT_MS);
	} finally {
		workers.stop();
	}
	const seconds = (clock.now() - from) / 1000;
	const videos = executions * items;
	const { create, get, list, download } = emulator.counters();
	if (create !== videos || download !== videos) {
		throw new Error(`${videos} videos made ${create} submits and ${download} downloads`);
	}
	const cost = {
		requests: (create + get + list + download) / videos,
		wakes: workers.wakes() / executions,
		cpuMs: ((await cpuMsOf(pid)) - cpuBefore) / videos,
		workerSeconds: workers.seconds() / videos,
		diskKb: ((await writtenBytesOf(pid)) - diskBefore) / 1024 / videos,
		lateSeconds: lateOf(ground, id, known),
		storedKb: ground.executions.storedKb(id),
	};
	return { cost, seconds };
}

/** Rendering times, spread evenly around the minutes. */
function secondsOf(minutes: number, n: number): number {
	return Math.round(60 * minutes * (1 + SPREAD * (((n * GOLDEN) % 1) - 0.5)));
}

/** The mean time from the end of an execution's last video to the end of the execution. */
function lateOf({ emulator, executions }: Ground, id: string, known: number): number {
	const readyAt = new Map<string, number>();
	for (const { request, updatedAt } of emulator.tasks.list()) {
		const name = / of execution (\d+)/.exec(String(request.prompt))?.[1] ?? '';
		readyAt.set(name, Math.max(readyAt.get(name) ?? 0, updatedAt));
	}
	const stops = executions.ended(id).slice(known);
	const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
	return (
		(sum(stops.map(({ stoppedAt }) => stoppedAt)) - sum(readyAt.values())) / stops.length / 1000
	);
}

function findingsOf(cases: Case[], costs: Map<string, Cost>): Findings {
	const columns = ['Way', 'requests', 'wakes', 'CPU', 'worker', 'disk', 'delivered after'];
	const rowOf = (title: string, key: string): string[][] => {
		const cost = costs.get(key);
		return cost === undefined ? [] : [[title, ...cellsOf(cost)]];
	};
	const tables = cases.map((one) => ({
		caption: `**${one.items === 1 ? 'One item' : `${one.items} items`}, videos of ${one.minutes} minutes** (${one.executions} executions)`,
		columns,
		rows: [
			...WAYS.flatMap(({ name, title }) => rowOf(title, keyOf(name, one))),
			...rowOf(`${WAYS[1].title}, at real speed`, keyOf('real', one)),
		],
	}));
	const figures = Object.fromEntries(
		[...costs].flatMap(([key, cost]) =>
			Object.entries(cost).map(([name, value]) => [`${key}.${name}`, value]),
		),
	);
	return { tables, targets: targetsOf(costs), figures };
}

function targetsOf(costs: Map<string, Cost>): Target[] {
	const asleep = costs.get('asleep1x20');
	const called = costs.get('called1x20');
	if (asleep === undefined || called === undefined) return [];
	const each = asleep.workerSeconds / (asleep.wakes + 1);
	return [
		{
			what: 'worker seconds of a video of 20 minutes that sleeps and is not called',
			measured: `${figure(asleep.workerSeconds)} s, ${figure(each)} s each time it is awake`,
			target: 'none asleep; under 1 s awake',
			holds: each < 1,
		},
		{
			what: 'requests for a video of 20 minutes that is called',
			measured: figure(called.requests),
			target: 'stated',
			holds: true,
		},
	];
}

function cellsOf({ requests, wakes, cpuMs, workerSeconds, diskKb, lateSeconds }: Cost): string[] {
	return [
		figure(requests),
		figure(wakes),
		`${figure(cpuMs)} ms`,
		`${figure(workerSeconds)} s`,
		`${figure(diskKb)} kB`,
		`${figure(lateSeconds)} s`,
	];
}
