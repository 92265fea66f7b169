// `npm run bench -- scale`: a hundred thousand videos a day on a virtual clock, from the costs that the bench has measured.
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { seededRandom } from '../emulator/random.mts';
import { tableOf, withSection, type Results } from './paper.mts';
import { figure } from './part.mts';
import { scalePicture, type Curve } from './scalePicture.mts';

const DOCS = resolve(import.meta.dirname, '..', '..', 'docs');
const VIDEOS = 100_000;
const DAY_S = 86_400;
const SEED = 17;

/** What cannot be measured here; the page says so. */
const ASSUMED = {
	/** rendering, spread evenly on a logarithmic scale */
	minutes: [3, 20] as const,
	/** the busiest hour has so much of the mean */
	peak: 1.8,
	/** of a core; above it n8n's answers become slow */
	fullCore: 0.7,
	/** executions that one n8n worker runs at a time, n8n's default */
	workerSlots: 10,
	videoMb: 10,
	/** n8n's defaults for what it keeps */
	keptExecutions: 10_000,
	keptDays: 14,
};

const WAYS = [
	{ key: 'called', title: 'asleep, called', color: '#2f7d4f' },
	{ key: 'asleep', title: 'asleep, not called', color: '#3b6fb6' },
	{ key: 'polled', title: 'polled', color: '#b6543b' },
] as const;
type Way = (typeof WAYS)[number];

/** For one video of so many minutes. */
interface Costs {
	requests: number;
	cpuMs: number;
	diskKb: number;
	wakes: number;
	/** seconds in which a worker is held */
	held: number;
	storedKb: number;
}

interface Day {
	requestsMean: number;
	requestsPeak: number;
	coresMean: number;
	coresPeak: number;
	wakesPeak: number;
	diskMbPeak: number;
	/** videos in the making at once, at most */
	openPeak: number;
	/** workers held at once, at most */
	heldPeak: number;
	databaseGb: number;
}

/** @throws Error where the waiting has not been measured yet */
export async function writeScale(results: Results): Promise<void> {
	const days = WAYS.map((way) => ({ way, day: simulate(costsOf(results, way), VIDEOS) }));
	const path = join(DOCS, 'scale.md');
	const paper = await readFile(path, 'utf8');
	const curves: Curve[] = days.map(({ way: { title, color }, day }) => ({
		title,
		color,
		processesAt: (videos) => processes(day, videos),
	}));
	await writeFile(join(DOCS, 'images', 'scale.svg'), scalePicture(curves, VIDEOS));
	await writeFile(path, withSection(paper, 'scale', pageOf(days)));
}

/** What was measured at 3 and at 20 minutes, drawn through as a line. */
function costsOf({ parts }: Results, { key }: Way): (minutes: number) => Costs {
	const figures = parts.waiting?.figures ?? {};
	const at = (name: string, minutes: number): number => {
		const [short, long] = [figures[`${key}1x3.${name}`], figures[`${key}1x20.${name}`]];
		if (short === undefined || long === undefined)
			throw new Error('Run "npm run bench -- waiting" first');
		return Math.max(0, short + ((long - short) * (minutes - 3)) / 17);
	};
	return (minutes) => ({
		requests: at('requests', minutes),
		cpuMs: at('cpuMs', minutes),
		diskKb: at('diskKb', minutes),
		wakes: at('wakes', minutes),
		held: at('workerSeconds', minutes),
		storedKb: at('storedKb', minutes),
	});
}

/** One day, second by second; videos come by chance, more of them at noon. */
function simulate(costsFor: (minutes: number) => Costs, videos: number): Day {
	const random = seededRandom(SEED);
	const series = () => new Float64Array(2 * DAY_S);
	const [requests, cpu, wakes, disk, open, held] = [
		series(),
		series(),
		series(),
		series(),
		series(),
		series(),
	];
	let stored = 0;
	for (let second = 0; second < DAY_S; second++) {
		const share = 1 - (ASSUMED.peak - 1) * Math.cos((2 * Math.PI * second) / DAY_S);
		for (let left = poisson((videos / DAY_S) * share, random); left > 0; left--) {
			const [least, most] = ASSUMED.minutes;
			const minutes = least * (most / least) ** random();
			const costs = costsFor(minutes);
			const seconds = Math.round(minutes * 60);
			// Submit, each wake or poll, and the end: the work is spread over these moments.
			const moments = Math.max(2, Math.round(costs.requests));
			for (let n = 0; n < moments; n++) {
				const at = second + Math.round((seconds * n) / (moments - 1));
				add(requests, at, costs.requests / moments);
				add(cpu, at, costs.cpuMs / 1000 / moments);
				add(disk, at, costs.diskKb / 1024 / moments);
				add(wakes, at, costs.wakes / moments);
			}
			add(open, second, 1);
			add(open, second + seconds, -1);
			add(held, second, costs.held / seconds);
			add(held, second + seconds, -costs.held / seconds);
			stored += costs.storedKb;
		}
	}
	return {
		requestsMean: total(requests) / DAY_S,
		requestsPeak: busiest(requests, 1),
		coresMean: total(cpu) / DAY_S,
		coresPeak: busiest(cpu, 60),
		wakesPeak: busiest(wakes, 60),
		diskMbPeak: busiest(disk, 60),
		openPeak: Math.max(...running(open)),
		heldPeak: Math.max(...running(held)),
		databaseGb: stored / 1024 ** 2,
	};
}

/** n8n's JavaScript runs on one core a process; costs grow with the number of videos. */
function processes({ coresPeak, heldPeak }: Day, videos: number): number {
	const share = videos / VIDEOS;
	const byCpu = (coresPeak * share) / ASSUMED.fullCore;
	return Math.max(1, byCpu, (heldPeak * share) / ASSUMED.workerSlots);
}

function pageOf(days: Array<{ way: Way; day: Day }>): string {
	const columns = ['', ...days.map(({ way }) => way.title)];
	const row = (name: string, cell: (day: Day) => string): string[] => [
		name,
		...days.map(({ day }) => cell(day)),
	];
	const daily = (day: Day): number => day.databaseGb;
	const table = tableOf({
		columns,
		rows: [
			row(
				'requests to the service a second: mean, busiest second',
				(day) => `${figure(day.requestsMean)}, ${figure(day.requestsPeak)}`,
			),
			row(
				'n8n, cores: mean, busiest minute',
				(day) => `${figure(day.coresMean)}, ${figure(day.coresPeak)}`,
			),
			row('wakes a second, busiest minute', (day) => figure(day.wakesPeak)),
			row('executions in the making at once', (day) => figure(day.openPeak)),
			row('of these, workers held', (day) => figure(day.heldPeak)),
			row(
				`**n8n processes** (${ASSUMED.fullCore * 100} % of a core each, ${ASSUMED.workerSlots} held executions each)`,
				(day) => `**${Math.ceil(processes(day, VIDEOS))}**`,
			),
			row('one process is enough up to, videos a day', (day) =>
				figure(roundDown(VIDEOS / (processes(day, VIDEOS * 1000) / 1000))),
			),
			row('written to disk a second, busiest minute', (day) => `${figure(day.diskMbPeak)} MB`),
			row(
				`database, ${ASSUMED.keptDays} days kept`,
				(day) => `${figure(daily(day) * ASSUMED.keptDays)} GB`,
			),
			row(
				`database, n8n's default of ${figure(ASSUMED.keptExecutions)} executions kept`,
				(day) => `${figure((daily(day) * ASSUMED.keptExecutions) / VIDEOS)} GB`,
			),
		],
	});
	const limits = days.map(({ way, day }) => `- **${way.title}**: ${firstLimit(day)}`).join('\n');
	const hours = (ASSUMED.keptExecutions / VIDEOS) * 24;
	const filesTb = (VIDEOS * ASSUMED.videoMb) / 1_000_000;
	const openPeak = Math.max(...days.map(({ day }) => day.openPeak));
	return [
		'![n8n processes by videos a day](images/scale.svg)',
		table,
		'**Where it breaks first**',
		limits,
		`Before any of these stand two things that no node can change: the plan at the service must render ${figure(openPeak)} videos at once, and the files are ${figure(filesTb)} TB a day (n8n deletes them with their executions). n8n's default of ${figure(ASSUMED.keptExecutions)} executions is ${figure(hours)} hours of such a day: raise \`EXECUTIONS_DATA_PRUNE_MAX_COUNT\` where a retry must be possible for longer.`,
		`Assumed, because it cannot be measured here: renderings of ${ASSUMED.minutes.join(' to ')} minutes, ${ASSUMED.peak} times the mean rate at noon, one item an execution (batches cost a fraction: [measurements](measurements.md)), ${ASSUMED.videoMb} MB a file, ${ASSUMED.fullCore * 100} % of a core as full, costs of n8n with SQLite (queue mode adds its own for Redis and PostgreSQL). Seed ${SEED}; the same figures again with the same results.`,
	].join('\n\n');
}

function firstLimit(day: Day): string {
	const byCpu = VIDEOS / (day.coresPeak / ASSUMED.fullCore);
	const bySlots = VIDEOS / (day.heldPeak / ASSUMED.workerSlots);
	const one = `${figure(roundDown(Math.min(byCpu, bySlots)))} videos a day`;
	if (bySlots < byCpu)
		return `the slots of one worker, at ${one}: every video holds one while it renders. Its CPU would do for ${figure(roundDown(byCpu))}.`;
	return `the core of one n8n process, at ${one}; from there on queue mode with workers. Slots would do for ${figure(roundDown(bySlots))}.`;
}

/** Two significant digits, downwards. */
function roundDown(value: number): number {
	const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
	return Math.floor(value / unit) * unit;
}

function add(series: Float64Array, at: number, value: number): void {
	const place = Math.min(at, series.length - 1);
	series[place] = (series[place] ?? 0) + value;
}

const total = (series: Float64Array): number => series.reduce((sum, value) => sum + value, 0);

/** The largest mean over a window of so many seconds. */
function busiest(series: Float64Array, seconds: number): number {
	let most = 0;
	for (let from = 0; from < series.length; from += seconds) {
		most = Math.max(most, total(series.subarray(from, from + seconds)) / seconds);
	}
	return most;
}

/** Sums of all changes so far, by the minute. */
function running(changes: Float64Array): number[] {
	let sum = 0;
	const sums: number[] = [];
	changes.forEach((change, second) => {
		sum += change;
		if (second % 60 === 0) sums.push(sum);
	});
	return sums;
}

/** Knuth's method; the mean is small. */
function poisson(mean: number, random: () => number): number {
	const limit = Math.exp(-mean);
	let count = -1;
	for (let product = 1; product > limit; count++) product *= random();
	return count;
}
