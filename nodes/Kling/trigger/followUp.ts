// Goes on with a notification after its webhook call has ended: asks again, and calls the trigger's own URL to start the execution.
import type { IWebhookFunctions } from 'n8n-workflow';
import { randomBytes } from 'node:crypto';

import { Limit } from '../api/limit';
import { clock } from '../n8n/clock';
import { callOwnUrl, ownUrlOf } from '../n8n/http';
import { confirmationOf, type Confirmation } from './classification';
import { keyOf, type NotifiedTask } from './deduplication';
import type { TriggerSettings } from './settings';
import type { StatusFetcher } from './statusFetcher';

/** Pauses before the service is asked again, in milliseconds; half a minute in all. */
const AGAIN_AFTER_MS = [2_000, 3_000, 5_000, 10_000, 10_000];
/** How many notifications of one trigger are followed up at once, so that forged ones do not fill the memory. */
const MOST_FOLLOW_UPS = 1_000;
/** Own calls at once, for all triggers of this process; each lasts until its download has ended. */
const ownCalls = new Limit(5);
/** Pauses before an own call that did not arrive is repeated, in milliseconds. */
const CALL_AGAIN_AFTER_MS = [1_000, 5_000, 15_000];
/** After this time, in milliseconds, a trigger that could not call itself tries again. */
const CHECK_AGAIN_AFTER_MS = 5 * 60_000;
/** The header by which an own call is known; its value is secret, good for one call. */
const TICKET_HEADER = 'x-kling-trigger-ticket';

export type Confirmed = Extract<Confirmation, { kind: 'confirmed' }>;

export interface Ticket {
	/** What to start; undefined where a trigger only finds out whether it can call itself. */
	confirmed?: Confirmed;
	isTaken: boolean;
	/** To be called when the webhook call that took the ticket ends. */
	end(): void;
}

const tickets = new Map<string, Ticket>();

/** The ticket of an own call; undefined for every other call. A ticket is given out once. */
export function takeTicket(context: IWebhookFunctions): Ticket | undefined {
	const { headers } = context.getRequestObject();
	const value = headers[TICKET_HEADER];
	const ticket = typeof value === 'string' ? tickets.get(value) : undefined;
	if (typeof value !== 'string' || ticket === undefined) return undefined;
	tickets.delete(value);
	ticket.isTaken = true;
	return ticket;
}

type Log = (context: IWebhookFunctions, confirmation: Confirmation, task: NotifiedTask) => void;

interface OwnCallCheck {
	callable: Promise<boolean>;
	/** Undefined until the check has ended. */
	isCallable?: boolean;
	/** Unix time in milliseconds. */
	validUntil: number;
}

/** By address of this process, because the answer is the same for all its triggers. */
const checks = new Map<string, OwnCallCheck>();

/**
 * Finds out, once per process, whether n8n can call itself. It cannot where it refuses private addresses
 * (`N8N_SSRF_PROTECTION_ENABLED`) or sends everything through a proxy, and need not in an editor's test.
 *
 * @returns the check, which may be under way; undefined where there is no own URL to call
 */
export function checkOwnCalls(context: IWebhookFunctions): OwnCallCheck | undefined {
	const url = context.getMode() === 'manual' ? undefined : ownUrlOf(context);
	if (url === undefined) return undefined;
	const { origin } = new URL(url);
	const known = checks.get(origin);
	if (known !== undefined && clock.now() < known.validUntil) return known;
	const check: OwnCallCheck = { callable: callWithTicket(context, url), validUntil: Infinity };
	checks.set(origin, check);
	void check.callable.then((isCallable) => {
		check.isCallable = isCallable;
		if (isCallable) return;
		check.validUntil = clock.now() + CHECK_AGAIN_AFTER_MS;
		context.logger.info(`${context.getNode().name}: this n8n instance cannot call itself`);
	});
	return check;
}

/**
 * n8n starts an execution of a webhook node only by a webhook call, and keeps about 10 MB for each call
 * until it ends. So what takes longer goes on here, with a few bytes per notification, and ends in a call
 * of the trigger's own URL within this process, few at a time.
 *
 * One per trigger and process.
 */
export class FollowUps {
	/** By status and task: the waits that are left. */
	private readonly waits = new Map<string, number[]>();
	/** One context serves all: n8n's objects of the other calls can be freed. */
	private latest?: { context: IWebhookFunctions; url: string };
	private active = 0;

	constructor(
		private readonly fetcher: StatusFetcher,
		private readonly log: Log,
	) {}

	/**
	 * Takes a notification over from its webhook call, which can end now.
	 *
	 * @param confirmed what to start, where nothing is left to ask
	 * @param isAsked false where the service has not been asked at all yet
	 * @returns false when too many are under way
	 */
	takeOver(
		context: IWebhookFunctions,
		settings: TriggerSettings,
		task: NotifiedTask,
		{ confirmed, isAsked }: { confirmed?: Confirmed; isAsked: boolean },
	): boolean {
		const url = ownUrlOf(context);
		if (url === undefined) return false;
		const entered = this.enter(task, isAsked);
		if (entered === 'entered') {
			this.latest = { context, url };
			this.active += 1;
			void this.carryOn(settings, task, confirmed);
		}
		return entered !== 'full';
	}

	/**
	 * Asks again within the webhook call, where the trigger cannot call itself.
	 *
	 * @returns what the service said in the end; undefined where another call asks already, or too many do
	 */
	async confirmHere(
		context: IWebhookFunctions,
		settings: TriggerSettings,
		task: NotifiedTask,
	): Promise<Confirmation | undefined> {
		if (this.enter(task, true) !== 'entered') return undefined;
		return await this.confirm(() => context, settings, task);
	}

	/** Each later notification has the whole time before it: the true one may come while a forged one is asked about. */
	private enter(task: NotifiedTask, isAsked: boolean): 'entered' | 'joined' | 'full' {
		const key = keyOf(task);
		const isKnown = this.waits.has(key);
		if (!isKnown && this.active >= MOST_FOLLOW_UPS) return 'full';
		this.waits.set(key, isAsked || isKnown ? [...AGAIN_AFTER_MS] : [0, ...AGAIN_AFTER_MS]);
		return isKnown ? 'joined' : 'entered';
	}

	/** Never throws: nobody waits for it. */
	private async carryOn(
		settings: TriggerSettings,
		task: NotifiedTask,
		confirmed?: Confirmed,
	): Promise<void> {
		try {
			const confirmation =
				confirmed ?? (await this.confirm(() => this.latest?.context, settings, task));
			if (this.latest !== undefined) this.log(this.latest.context, confirmation, task);
			if (confirmation.kind === 'confirmed') await this.start(confirmation);
		} finally {
			this.waits.delete(keyOf(task));
			this.active -= 1;
			if (this.active === 0) this.latest = undefined;
		}
	}

	/** Asks after each wait, until the service confirms the notification or no wait is left. Never throws. */
	private async confirm(
		contextNow: () => IWebhookFunctions | undefined,
		settings: TriggerSettings,
		task: NotifiedTask,
	): Promise<Confirmation> {
		const key = keyOf(task);
		try {
			let last: Confirmation = { kind: 'notConfirmed' };
			const next = () => this.waits.get(key)?.shift();
			for (let wait = next(); wait !== undefined; wait = next()) {
				await clock.sleep(wait);
				const context = contextNow();
				if (context === undefined) break;
				last = confirmationOf(await this.fetcher.fetch(context, task), task, settings);
				if (last.kind === 'stale') last = { kind: 'notConfirmed' };
				else if (last.kind !== 'transient') return last;
			}
			return last;
		} catch (thrown) {
			const why = thrown instanceof Error ? thrown.message : 'no reason given';
			return { kind: 'refused', why };
		} finally {
			this.waits.delete(key);
		}
	}

	private async start(confirmed: Confirmed): Promise<void> {
		await ownCalls.run(async () => {
			for (const wait of [0, ...CALL_AGAIN_AFTER_MS]) {
				await clock.sleep(wait);
				if (this.latest === undefined) return;
				if (await callWithTicket(this.latest.context, this.latest.url, confirmed)) return;
			}
			const { context } = this.latest ?? {};
			context?.logger.warn(
				`${context.getNode().name}: could not call itself to start an execution for task ${confirmed.snapshot.task.id}; the task is at the service`,
			);
		});
	}
}

/**
 * @returns whether the call arrived in this process; once it has, ends as the webhook call ends
 */
async function callWithTicket(
	context: IWebhookFunctions,
	url: string,
	confirmed?: Confirmed,
): Promise<boolean> {
	const value = randomBytes(32).toString('base64url');
	let end: () => void = () => undefined;
	const ended = new Promise<void>((resolve) => (end = resolve));
	const ticket: Ticket = { confirmed, isTaken: false, end };
	tickets.set(value, ticket);
	const answer = await callOwnUrl(context, url, { [TICKET_HEADER]: value });
	tickets.delete(value);
	if (ticket.isTaken) await ended;
	else context.logger.debug(`${context.getNode().name}: called itself in vain: ${answer}`);
	return ticket.isTaken;
}
