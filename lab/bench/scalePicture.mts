// Draws docs/images/scale.svg: how many n8n processes so many videos a day need, for each way of waiting.

export interface Curve {
	title: string;
	color: string;
	processesAt(videos: number): number;
}

const [WIDTH, HEIGHT] = [720, 360];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 190, 40, 52];
const [FEWEST, MOST] = [1_000, 1_000_000];
const TOP_PROCESSES = 2_000;
const POINTS = 60;

export function scalePicture(curves: readonly Curve[], marked: number): string {
	const x = (videos: number): number =>
		LEFT + (Math.log(videos / FEWEST) / Math.log(MOST / FEWEST)) * (WIDTH - LEFT - RIGHT);
	const y = (processes: number): number =>
		HEIGHT - BOTTOM - (Math.log(processes) / Math.log(TOP_PROCESSES)) * (HEIGHT - TOP - BOTTOM);
	const grid = [1_000, 10_000, 100_000, 1_000_000].map(
		(videos) =>
			line(x(videos), TOP, x(videos), HEIGHT - BOTTOM, videos === marked ? '#888' : '#ddd') +
			text(x(videos), HEIGHT - BOTTOM + 18, videos.toLocaleString('en-US'), 'middle'),
	);
	const levels = [1, 10, 100, 1_000].map(
		(processes) =>
			line(LEFT, y(processes), WIDTH - RIGHT, y(processes), '#ddd') +
			text(LEFT - 8, y(processes) + 4, processes.toLocaleString('en-US'), 'end'),
	);
	const paths = curves.map(({ color, processesAt }) => {
		const points = Array.from({ length: POINTS + 1 }, (_, n) => {
			const videos = FEWEST * (MOST / FEWEST) ** (n / POINTS);
			return `${x(videos).toFixed(1)},${y(Math.min(TOP_PROCESSES, processesAt(videos))).toFixed(1)}`;
		});
		return `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2.5"/>`;
	});
	const labels = curves.map(({ title, color, processesAt }) => {
		const processes = Math.ceil(processesAt(marked));
		const place = y(Math.min(TOP_PROCESSES, processesAt(marked)));
		return {
			place: y(Math.min(TOP_PROCESSES, processesAt(MOST))) + 4,
			dot: `<circle cx="${x(marked).toFixed(1)}" cy="${place.toFixed(1)}" r="4" fill="${color}"/>`,
			words: `${title}: ${processes}`,
			color,
		};
	});
	// Names that would lie on each other are moved apart, in the order of their lines.
	let lowest = -Infinity;
	const names = labels
		.toSorted((a, b) => a.place - b.place)
		.map(({ place, words, color, dot }) => {
			lowest = Math.max(place, lowest + 18);
			return dot + text(WIDTH - RIGHT + 10, lowest, words, 'start', color);
		});
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
		'<title>n8n processes by videos a day</title>',
		`<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
		...grid,
		...levels,
		...paths,
		...names,
		text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'videos a day', 'middle'),
		text(LEFT - 48, TOP - 18, 'n8n processes', 'start'),
		text(WIDTH - RIGHT + 10, TOP - 18, `at ${marked.toLocaleString('en-US')} a day:`, 'start'),
		'</svg>',
		'',
	].join('\n');
}

function line(x1: number, y1: number, x2: number, y2: number, color: string): string {
	const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
	return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${color}"/>`;
}

function text(x: number, y: number, words: string, anchor: string, color = '#333'): string {
	return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${color}">${words}</text>`;
}
