// How a walk over the pages of a list ends, and what it proves.
import type { ListOutcome } from '../../../nodes/Kling/api/client';
import { KlingApiError } from '../../../nodes/Kling/api/errors/error';
import { walkPages, type PageWalk } from '../../../nodes/Kling/api/pages';

interface Service {
	/** Task ids, newest first; undefined is a row without an ID. */
	rows: Array<string | undefined>;
	/** The most rows of a page, whatever is asked for. */
	cap?: number;
	/** Gives the first page whatever number is asked for. */
	ignoresPageNum?: boolean;
}

const rowsOf = (count: number) => Array.from({ length: count }, (_, at) => `task ${at}`);

function pageOf(service: Service, pageNum: number, pageSize: number): ListOutcome {
	const size = Math.min(pageSize, service.cap ?? Infinity);
	const from = service.ignoresPageNum === true ? 0 : (pageNum - 1) * size;
	const rows = service.rows.slice(from, from + size).map((id, at) => ({ id, place: from + at }));
	return {
		kind: 'page',
		tasks: rows.flatMap(({ id, place }) =>
			id === undefined
				? []
				: [
						{
							task: { id, status: 'succeed' as const, videos: [], createdAt: 1_000_000 - place },
							raw: {},
						},
					],
		),
		unreadable: rows.filter(({ id }) => id === undefined),
		hasList: true,
	};
}

async function walk(service: Service, options: Partial<PageWalk> = {}) {
	const asked: Array<[number, number]> = [];
	const ids = new Set<string>();
	const outcome = await walkPages({
		readPage: async (pageNum, pageSize) => {
			asked.push([pageNum, pageSize]);
			return pageOf(service, pageNum, pageSize);
		},
		listRoute: 'known',
		onTasks(tasks) {
			for (const { task } of tasks) ids.add(task.id);
			return 'more';
		},
		...options,
	});
	return { outcome, requests: asked.length, found: ids.size };
}

describe('a list route that is known', () => {
	test.each([
		[0, 1],
		[499, 1],
		[500, 2],
		[501, 2],
		[1200, 3],
		[10_000, 21],
	])('%d tasks are read with %d requests', async (count, requests) => {
		expect(await walk({ rows: rowsOf(count) })).toEqual({
			outcome: { kind: 'walked', isWhole: true, unreadable: 0 },
			requests,
			found: count,
		});
	});

	test('a row without an ID does not make a page the last one', async () => {
		const rows: Service['rows'] = rowsOf(700);
		rows[250] = undefined;
		expect(await walk({ rows })).toEqual({
			outcome: { kind: 'walked', isWhole: true, unreadable: 1 },
			requests: 2,
			found: 699,
		});
	});

	test('a page of nothing but rows without an ID does not either', async () => {
		const rows: Service['rows'] = rowsOf(1100).map((id, at) => (at < 1000 ? undefined : id));
		expect(await walk({ rows })).toMatchObject({
			outcome: { isWhole: true, unreadable: 1000 },
			requests: 3,
			found: 100,
		});
	});

	test('a full page that repeats itself ends the walk and proves nothing', async () => {
		expect(await walk({ rows: rowsOf(600), ignoresPageNum: true })).toMatchObject({
			outcome: { kind: 'walked', isWhole: false },
			requests: 2,
		});
	});
});

describe('a list route that is only tried', () => {
	test.each([30, 100, 499])('is read to its end where pages hold %d rows at most', async (cap) => {
		const { outcome, found } = await walk({ rows: rowsOf(700), cap }, { listRoute: 'try' });
		expect([outcome, found]).toEqual([{ kind: 'walked', isWhole: true, unreadable: 0 }, 700]);
	});

	test('is read on behind a page of rows without an ID', async () => {
		const rows: Service['rows'] = rowsOf(90).map((id, at) => (at < 60 ? undefined : id));
		const { outcome, found } = await walk({ rows, cap: 30 }, { listRoute: 'try' });
		expect([outcome, found]).toEqual([{ kind: 'walked', isWhole: true, unreadable: 60 }, 30]);
	});

	test.each([
		['with IDs', rowsOf(40)],
		['with a row without an ID', [undefined, ...rowsOf(39)]],
	])('that repeats one page %s costs two requests and proves nothing', async (_, rows) => {
		expect(await walk({ rows, ignoresPageNum: true }, { listRoute: 'try' })).toMatchObject({
			outcome: { kind: 'walked', isWhole: false },
			requests: 2,
		});
	});
});

test('the caller ends the walk when it has enough', async () => {
	const { outcome, requests } = await walk({ rows: rowsOf(2000) }, { onTasks: () => 'enough' });
	expect([outcome, requests]).toEqual([{ kind: 'walked', isWhole: false, unreadable: 0 }, 1]);
});

test('the walk ends at its last allowed page and says that rows may be missing', async () => {
	const { outcome, requests } = await walk({ rows: rowsOf(2000) }, { maxPages: 2 });
	expect([outcome, requests]).toEqual([{ kind: 'walked', isWhole: false, unreadable: 0 }, 2]);
});

test('tasks that came newest first end the walk where only older ones follow', async () => {
	const { outcome, requests } = await walk({ rows: rowsOf(5000) }, { createdAfter: 999_000 });
	expect([outcome, requests]).toEqual([{ kind: 'walked', isWhole: true, unreadable: 0 }, 3]);
});

test('a task that a new one pushed onto the next page does not disturb the order', async () => {
	let made = 0;
	const outcome = await walkPages({
		readPage: async (pageNum, pageSize) => {
			const rows = [...Array.from({ length: made++ }, (_, at) => `new ${at}`), ...rowsOf(5000)];
			const page = pageOf({ rows }, pageNum, pageSize);
			if (page.kind !== 'page') return page;
			const tasks = page.tasks.map(({ task, raw }) => ({
				task: { ...task, createdAt: 1_000_000 - rowsOf(5000).indexOf(task.id) },
				raw,
			}));
			return { ...page, tasks };
		},
		listRoute: 'known',
		maxPages: 4,
		createdAfter: 999_000,
		onTasks: () => 'more',
	});
	expect(outcome).toEqual({ kind: 'walked', isWhole: true, unreadable: 0 });
});

test('an answer without a list proves nothing', async () => {
	const readPage = async (): Promise<ListOutcome> => ({
		kind: 'page',
		tasks: [],
		unreadable: [],
		hasList: false,
	});
	const { outcome } = await walk({ rows: [] }, { readPage });
	expect(outcome).toEqual({ kind: 'walked', isWhole: false, unreadable: 0 });
});

test('a page that is refused, and a stop, end the walk as they are', async () => {
	const error = new KlingApiError({
		category: 'auth',
		sendAgain: 'never',
		message: 'm',
		description: 'n',
	});
	const refused = await walk({ rows: [] }, { readPage: async () => ({ kind: 'refused', error }) });
	expect(refused.outcome).toEqual({ kind: 'refused', error });
	const stopped = await walk({ rows: [] }, { readPage: async () => 'stopped' });
	expect(stopped.outcome).toEqual({ kind: 'stopped' });
});
