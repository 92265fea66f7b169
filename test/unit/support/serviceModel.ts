// A service in memory, written from what its documents say: it takes tasks, renders them in virtual time, fails on request and keeps a bill.
import type {
	CreateOutcome,
	FetchOutcome,
	KlingClient,
	ListOutcome,
	TaskSnapshot,
} from '../../../nodes/Kling/api/client';
import { KlingApiError, type Category } from '../../../nodes/Kling/api/errors/error';
import { gateways, type Gateway } from '../../../nodes/Kling/api/gateways';
import { families, type Family } from '../../../nodes/Kling/api/models';
import type { Task } from '../../../nodes/Kling/api/task';
import type { VirtualClock } from './virtualClock';

/** What goes wrong with one create request. */
export type CreateFault =
	| 'none'
	| 'acceptThenHang'
	| 'acceptThenReset'
	| 'failAfterAccepting'
	| 'acceptLate'
	| 'acceptAndSayNoId'
	| 'resetBeforeAccepting'
	| 'failBeforeAccepting'
	| 'busy'
	| 'busyWithRetryAfter'
	| 'busyForAnHour'
	| 'notSent'
	| 'refuse';

export const CREATE_FAULTS: readonly CreateFault[] = [
	'acceptThenHang',
	'acceptThenReset',
	'failAfterAccepting',
	'acceptLate',
	'acceptAndSayNoId',
	'resetBeforeAccepting',
	'failBeforeAccepting',
	'busy',
	'busyWithRetryAfter',
	'notSent',
];

export interface ServiceOptions {
	clock: VirtualClock;
	/** Names a row of the gateway table. */
	gateway?: 'klingGlobal' | 'hingnet' | 'ezmodel' | 'custom';
	/** Called for each create, in order. */
	createFault?: () => CreateFault;
	/** What stands for a read's answer: nothing (true), or what somebody on the way says. */
	readFault?: () => boolean | KlingApiError;
	/** How long a request takes, in milliseconds. */
	latencyMs?: number;
	/** From submit to the end of a task, in milliseconds. */
	renderMs?: number;
	/** How long a new task is invisible to look-ups, in milliseconds. */
	visibleAfterMs?: number;
	/** How far the list lags behind, in milliseconds. */
	listLagMs?: number;
	/** Tasks at once; a further create is busy. */
	slots?: number;
	/** Whether it refuses a key that it has. Default: as Kling itself does, and no gateway. */
	refusesDuplicates?: boolean;
	/** Names of work whose tasks fail, with how often. */
	failing?: Map<string, number>;
	listOrder?: 'newestFirst' | 'oldestFirst';
}

export interface Row {
	id: string;
	key: string;
	/** What the request called its work. */
	work: string;
	createdAt: number;
	endsAt: number;
	fails: boolean;
}

const HANG_MS = 60_000;
const LATE_MS = 20_000;

export class ServiceModel implements KlingClient {
	readonly rows: Row[] = [];
	/** Every request, in order. */
	readonly calls: Array<{ kind: 'create' | 'fetch' | 'list'; at: number; detail: string }> = [];
	creating = 0;
	mostCreating = 0;
	private nextId = 1;

	constructor(private readonly options: ServiceOptions) {}

	get gateway(): Gateway {
		return gateways[this.options.gateway ?? 'klingGlobal'];
	}

	/** Tasks made for a piece of work. */
	billed(work: string): number {
		return this.rows.filter((row) => row.work === work).length;
	}

	count(kind: 'create' | 'fetch' | 'list'): number {
		return this.calls.filter((call) => call.kind === kind).length;
	}

	async create(_family: Family, body: string): Promise<CreateOutcome> {
		const { clock, createFault, latencyMs = 100 } = this.options;
		const { external_task_id: key, work } = JSON.parse(body) as Record<string, string>;
		this.calls.push({ kind: 'create', at: clock.now(), detail: key ?? '' });
		this.creating += 1;
		this.mostCreating = Math.max(this.mostCreating, this.creating);
		try {
			await clock.sleep(latencyMs);
			return await this.answerCreate(createFault?.() ?? 'none', key ?? '', work ?? '');
		} finally {
			this.creating -= 1;
		}
	}

	async fetch(_family: Family, id: string): Promise<FetchOutcome> {
		const { clock, latencyMs = 100, visibleAfterMs = 0 } = this.options;
		this.calls.push({ kind: 'fetch', at: clock.now(), detail: id });
		await clock.sleep(latencyMs);
		const fault = this.options.readFault?.() ?? false;
		if (fault === true) return { kind: 'transient', error: said('service', 'no answer') };
		if (fault !== false) return { kind: 'refused', error: fault };
		const byKey = this.gateway.externalIdLookUp === 'trusted';
		const row = this.rows.find(
			(one) =>
				(one.id === id || (byKey && one.key === id)) &&
				clock.now() >= one.createdAt + visibleAfterMs,
		);
		if (row === undefined) return { kind: 'missing', error: said('missing', 'no such task') };
		return { kind: 'found', ...this.tell(row, clock.now()) };
	}

	async list(_family: Family, pageNum: number, pageSize: number): Promise<ListOutcome> {
		const { clock, latencyMs = 100, listLagMs = 0, listOrder = 'newestFirst' } = this.options;
		this.calls.push({ kind: 'list', at: clock.now(), detail: String(pageNum) });
		await clock.sleep(latencyMs);
		if (this.gateway.listRoute !== 'known') {
			return { kind: 'unsupported', error: said('missing', 'no list') };
		}
		if (this.options.readFault?.())
			return { kind: 'transient', error: said('service', 'no answer') };
		const asOf = clock.now() - listLagMs;
		const rows = this.rows.filter((row) => row.createdAt <= asOf);
		const sorted = [...rows].sort((a, b) => b.createdAt - a.createdAt);
		if (listOrder === 'oldestFirst') sorted.reverse();
		const page = sorted.slice((pageNum - 1) * pageSize, pageNum * pageSize);
		const tasks = page.map((row) => this.tell(row, asOf));
		return { kind: 'page', tasks, unreadable: [], hasList: true };
	}

	/** Puts a task on the books that somebody else's request made. */
	add(row: Partial<Row> & { key: string }): Row {
		const createdAt = row.createdAt ?? this.options.clock.now();
		const made: Row = {
			id: `task-${this.nextId++}`,
			work: '',
			createdAt,
			endsAt: createdAt + (this.options.renderMs ?? 120_000),
			fails: false,
			...row,
		};
		this.rows.push(made);
		return made;
	}

	private async answerCreate(
		fault: CreateFault,
		key: string,
		work: string,
	): Promise<CreateOutcome> {
		const { clock } = this.options;
		switch (fault) {
			case 'busy':
				return { kind: 'busy', error: said('busy', 'slow down') };
			case 'busyWithRetryAfter':
				return { kind: 'busy', error: said('busy', 'slow down', 3_000) };
			case 'busyForAnHour':
				return { kind: 'busy', error: said('busy', 'slow down', 3_600_000) };
			case 'notSent':
				return { kind: 'notSent', error: said('network', 'no connection') };
			case 'refuse':
				return { kind: 'refused', error: said('input', 'the prompt is bad') };
			case 'resetBeforeAccepting':
			case 'failBeforeAccepting':
				return { kind: 'unknown', error: said('service', 'no answer') };
			case 'acceptLate':
				void clock.sleep(LATE_MS).then(() => this.accept(key, work));
				return { kind: 'unknown', error: said('network', 'connection lost') };
			default:
				break;
		}
		const accepted = this.accept(key, work);
		if (accepted.kind !== 'accepted') return accepted;
		if (fault === 'none') return accepted;
		if (fault === 'acceptAndSayNoId')
			return { kind: 'unknown', error: said('reply', 'no task ID') };
		if (fault === 'acceptThenHang') await clock.sleep(HANG_MS);
		return { kind: 'unknown', error: said('network', 'no answer') };
	}

	private accept(key: string, work: string): CreateOutcome {
		const { clock, slots = Infinity, failing } = this.options;
		const { refusesDuplicates = this.gateway.official } = this.options;
		const taken = refusesDuplicates && this.rows.some((row) => row.key === key);
		if (taken) return { kind: 'taken', error: said('taken', 'duplicate external_task_id') };
		const running = this.rows.filter((row) => row.endsAt > clock.now()).length;
		if (running >= slots) return { kind: 'busy', error: said('busy', 'no free slot') };
		const failuresLeft = failing?.get(work) ?? 0;
		if (failuresLeft > 0) failing?.set(work, failuresLeft - 1);
		const row = this.add({ key, work, fails: failuresLeft > 0 });
		return { kind: 'accepted', ...this.tell(row, clock.now()) };
	}

	private tell(row: Row, asOf: number): TaskSnapshot {
		const task: Task = {
			id: row.id,
			externalId: row.key,
			status: statusOf(row, asOf),
			videos: [],
			createdAt: row.createdAt,
			updatedAt: Math.min(asOf, row.endsAt),
		};
		if (task.status === 'failed') task.reason = 'Image pixel is invalid';
		if (task.status === 'succeed') task.videos = [{ url: `https://cdn.example/${row.id}.mp4` }];
		return { task, raw: { id: row.id } };
	}
}

function statusOf(row: Row, asOf: number): Task['status'] {
	if (asOf >= row.endsAt) return row.fails ? 'failed' : 'succeed';
	return asOf - row.createdAt < 10_000 ? 'submitted' : 'processing';
}

export function said(category: Category, message: string, retryAfterMs?: number): KlingApiError {
	const sendAgain = category === 'busy' ? 'safe' : 'lookUpFirst';
	return new KlingApiError({ category, sendAgain, message, description: 'Look', retryAfterMs });
}

/** What an answer with this HTTP status says. */
export function answeredWith(httpStatus: number, category: Category, code?: string): KlingApiError {
	const facts = { sendAgain: 'never', message: `HTTP ${httpStatus}`, description: 'Look' } as const;
	return new KlingApiError({
		...facts,
		category,
		httpStatus,
		...(code === undefined ? {} : { code }),
	});
}

export const multiImage = families.multiImage;
