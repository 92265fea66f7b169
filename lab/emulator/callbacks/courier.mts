// Brings every change of a task to its callback_url: in order, repeated when not taken, spoilt when ordered.
import type { Clock } from '../clock.mts';
import type { Dialect } from '../dialects/dialect.mts';
import type { FaultPlan, NoticeFault } from '../faults/plan.mts';
import type { Journal } from '../journal.mts';
import { isFinished, type Task } from '../service/task.mts';
import type { Settings } from '../settings.mts';
import { Load } from './load.mts';
import { enveloped, forged, legacyBody, newFormatBody, type Notice } from './notice.mts';
import type { CallbackSender } from './sender.mts';
import { signatureHeaders } from './signature.mts';

interface Parts {
	readonly clock: Clock;
	readonly settings: Settings;
	readonly plan: FaultPlan;
	readonly journal: Journal;
	readonly sender: CallbackSender;
	readonly link: (task: Task) => string;
	readonly dialectOf: (task: Task) => Dialect | undefined;
}

/** The notices of one task go out one after the other, and none before the submit was answered. */
interface Route {
	readonly open: () => void;
	last: Promise<void>;
	held: Notice | undefined;
}

export class Courier {
	readonly #parts: Parts;
	readonly #routes = new Map<string, Route>();
	/** What is on its way; replaced as a whole when all is forgotten. */
	#load = new Load();

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** Notes a change of status; it is posted once the submit was answered. */
	changed(task: Task): void {
		if (task.callbackUrl === undefined) return;
		const body = legacyBody(task, task.status === 'succeed' ? this.#parts.link(task) : '');
		const notice: Notice = { task, status: task.status, body };
		const route = this.#routeOf(task);
		route.last = this.#load.carry(route.last.then(() => this.#deliver(notice, route)));
		if (isFinished(task)) void route.last.then(() => this.#routes.delete(task.id));
	}

	/** Lets the notices of a task go; resolves when those known by now were sent once. */
	async announce(task: Task): Promise<void> {
		const route = this.#routes.get(task.id);
		route?.open();
		await route?.last;
	}

	/** Resolves when nothing is on its way or waits for another try. */
	idle(): Promise<void> {
		return this.#load.idle();
	}

	/** Posts any body to any address, as a gateway, a console or a forger would. Returns the HTTP status. */
	async send(
		url: string,
		body: unknown,
		options: { signed?: boolean } = {},
	): Promise<number | undefined> {
		const payload = typeof body === 'string' ? body : JSON.stringify(body);
		const headers = options.signed === false ? {} : this.#sign(payload);
		const answered = await this.#parts.sender.post({
			url,
			payload,
			headers,
			timeoutMs: this.#parts.settings.callbackTimeoutMs,
		});
		this.#parts.journal.callback({
			taskId: undefined,
			taskStatus: undefined,
			url,
			attempt: 1,
			answered,
			fault: 'sent by hand',
		});
		return answered;
	}

	clear(): void {
		this.#routes.clear();
		this.#load.release();
		this.#load = new Load();
	}

	#routeOf(task: Task): Route {
		const known = this.#routes.get(task.id);
		if (known !== undefined) return known;
		const gate = Promise.withResolvers<void>();
		const route: Route = { open: gate.resolve, last: gate.promise, held: undefined };
		this.#routes.set(task.id, route);
		return route;
	}

	async #deliver(notice: Notice, route: Route): Promise<void> {
		const { task, status } = notice;
		const fault = this.#parts.plan.forCallback({ status, dialect: task.dialect, taskId: task.id });
		const mayWait = !isFinished(task) || status !== task.status;
		if (fault?.kind === 'callback-reordered' && mayWait) {
			route.held = notice;
			return;
		}
		await this.#deliverWith(notice, fault);
		const held = route.held;
		route.held = undefined;
		if (held !== undefined) await this.#deliverWith(held, fault, 'callback-reordered');
	}

	async #deliverWith(notice: Notice, fault: NoticeFault | undefined, as?: string): Promise<void> {
		if (as !== undefined) return this.#post(notice, notice.body, as);
		switch (fault?.kind) {
			case 'callback-lost':
				return this.#note(notice, 1, undefined, fault.kind);
			case 'callback-late':
				return this.#later(fault.delayMs, () => this.#post(notice, notice.body, fault.kind));
			case 'callback-repeated':
				for (let copy = 0; copy < fault.copies; copy += 1)
					await this.#post(notice, notice.body, fault.kind);
				return this.#post(notice, notice.body);
			case 'callback-forged':
				await this.#post(notice, forged(notice, fault.forge), fault.kind);
				return this.#post(notice, notice.body);
			case 'callback-not-json':
				return this.#post(notice, fault.body, fault.kind);
			case 'callback-envelope':
				return this.#post(notice, enveloped(notice.body), fault.kind);
			case 'callback-new-format':
				return this.#post(notice, newFormatBody(notice), fault.kind);
			case 'callback-bad-signature':
				return this.#post(notice, notice.body, fault.kind, { spoil: true });
			case 'callback-stale-signature':
				return this.#post(notice, notice.body, fault.kind, { shiftSeconds: fault.seconds });
			default:
				return this.#post(notice, notice.body);
		}
	}

	/** Posts once and leaves further tries to the clock. */
	async #post(notice: Notice, body: unknown, fault?: string, spoilt: Spoilt = {}): Promise<void> {
		const passedOn = this.#parts.dialectOf(notice.task)?.callback;
		const shaped = isRecord(body) && passedOn !== undefined ? passedOn.reshape(body) : body;
		const payload = typeof shaped === 'string' ? shaped : JSON.stringify(shaped);
		const signed = passedOn?.signed ?? true;
		const headers = { ...passedOn?.headers, ...(signed && this.#sign(payload, spoilt)) };
		const retries = passedOn?.retries === false ? [] : this.#parts.settings.callbackRetriesMs;
		const timeoutMs = passedOn?.timeoutMs ?? this.#parts.settings.callbackTimeoutMs;

		const attempt = async (number: number): Promise<void> => {
			const url = notice.task.callbackUrl ?? '';
			const answered = await this.#parts.sender.post({ url, payload, headers, timeoutMs });
			this.#note(notice, number, answered, fault);
			const wait = retries[number - 1];
			const taken = answered !== undefined && answered >= 200 && answered < 300;
			if (!taken && wait !== undefined) this.#later(wait, () => attempt(number + 1));
		};
		await attempt(1);
	}

	#note(
		{ task, status }: Notice,
		attempt: number,
		answered: number | undefined,
		fault?: string,
	): void {
		const { id: taskId, callbackUrl: url = '' } = task;
		this.#parts.journal.callback({ taskId, taskStatus: status, url, attempt, answered, fault });
	}

	/** Receivers live in real time, whatever the emulator's clock says. */
	#sign(payload: string, { spoil = false, shiftSeconds = 0 }: Spoilt = {}): Record<string, string> {
		const timestamp = Math.floor(Date.now() / 1000) + shiftSeconds;
		return signatureHeaders(payload, {
			secrets: this.#parts.settings.signingSecrets,
			timestamp,
			spoil,
		});
	}

	#later(ms: number, run: () => Promise<void>): void {
		const due = Promise.withResolvers<void>();
		this.#parts.clock.after(ms, due.resolve);
		void this.#load.carry(due.promise.then(run));
	}
}

interface Spoilt {
	readonly spoil?: boolean;
	readonly shiftSeconds?: number;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
