// Walks the pages of a task list: every caller's question, with as few requests as the pages allow.
import type { ListOutcome, TaskPage, TaskSnapshot } from './client';
import type { Gateway } from './gateways';

/**
 * The service's largest page.
 *
 * @see https://kling.ai/document-api "pageSize: [1, 500]"
 */
export const LARGEST_PAGE = 500;
/** The service's last page number ("pageNum: [1, 1000]"). */
const LAST_PAGE = 1000;

export interface PageWalk {
	/** Reads one page; how often a page is tried is the caller's choice. */
	readPage(pageNum: number, pageSize: number): Promise<ListOutcome | 'stopped'>;
	/**
	 * Where the route is `known`, a page with fewer rows than asked for is the last. Elsewhere a service may
	 * cap its pages, so the walk goes on until a page brings nothing new.
	 */
	listRoute: Gateway['listRoute'];
	/** Default: `LARGEST_PAGE`. */
	pageSize?: number;
	/** Default: `LAST_PAGE`. */
	maxPages?: number;
	/** Unix time in milliseconds: the walk may end where the pages prove that only older tasks follow. */
	createdAfter?: number;
	/**
	 * Takes the tasks of a page. A task may come twice, because a new task pushes older ones onto the next page.
	 *
	 * @returns `enough` to end the walk
	 */
	onTasks(tasks: TaskSnapshot[]): 'more' | 'enough';
}

type WalkOutcome =
	| {
			kind: 'walked';
			/**
			 * Money: true where every row of the list came, or only rows older than `createdAfter` are left.
			 * Rows that could not be read are counted in `unreadable` and may be the task that is looked for.
			 */
			isWhole: boolean;
			/** Rows without a task ID that this package can read. */
			unreadable: number;
	  }
	| Exclude<ListOutcome, { kind: 'page' }>
	| { kind: 'stopped' };

/**
 * Reads pages from the first on until the last one, until the caller has enough, or until `maxPages`.
 *
 * @returns how far the walk came, or the outcome of the page that ended it
 */
export async function walkPages(walk: PageWalk): Promise<WalkOutcome> {
	const { pageSize = LARGEST_PAGE, maxPages = LAST_PAGE } = walk;
	const seen = new SeenRows();
	const walked = (isWhole: boolean): WalkOutcome => ({
		kind: 'walked',
		isWhole,
		unreadable: seen.unreadable,
	});
	for (let pageNum = 1; pageNum <= maxPages; pageNum++) {
		const page = await walk.readPage(pageNum, pageSize);
		if (page === 'stopped') return { kind: 'stopped' };
		if (page.kind !== 'page') return page;
		if (!page.hasList) return walked(false);
		const hasNew = seen.add(page);
		if (walk.onTasks(page.tasks) === 'enough') return walked(false);
		const rows = page.tasks.length + page.unreadable.length;
		if (rows === 0 || (walk.listRoute === 'known' && rows < pageSize)) return walked(true);
		// A service that repeats its page may have more rows that it never shows.
		if (!hasNew) return walked(false);
		if (seen.proveOnlyOlderFollow(walk.createdAfter)) return walked(true);
	}
	return walked(false);
}

/** Tells new rows from repeated ones, and whether the rows so far came newest first. */
class SeenRows {
	unreadable = 0;
	private readonly ids = new Set<string>();
	private lastUnreadable = '[]';
	private isDescending = true;
	private oldest = Infinity;

	/** @returns whether the page holds a row that did not come before */
	add({ tasks, unreadable }: TaskPage): boolean {
		const known = this.ids.size;
		for (const { task } of tasks) {
			if (this.ids.has(task.id)) continue;
			this.ids.add(task.id);
			this.see(task.createdAt);
		}
		// Rows without an ID are compared as a whole: only a service that repeats its page sends the same again.
		const text = JSON.stringify(unreadable);
		const isNew = this.ids.size > known || (text !== '[]' && text !== this.lastUnreadable);
		this.lastUnreadable = text;
		if (isNew) this.unreadable += unreadable.length;
		return isNew;
	}

	/** No order is documented, so only rows that came newest first throughout prove anything. */
	proveOnlyOlderFollow(createdAfter: number | undefined): boolean {
		return this.isDescending && createdAfter !== undefined && this.oldest < createdAfter;
	}

	private see(createdAt: number | undefined): void {
		if (createdAt === undefined || createdAt > this.oldest) this.isDescending = false;
		else this.oldest = createdAt;
	}
}
