// Starts an emulated Kling service on loopback and hands out the ways to watch and to steer it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Api } from './api.mts';
import { billOf, type Bill } from './bill.mts';
import { readBody } from './body.mts';
import { Courier } from './callbacks/courier.mts';
import { testEvent } from './callbacks/notice.mts';
import { CallbackSender } from './callbacks/sender.mts';
import { Clock } from './clock.mts';
import { control } from './control/routes.mts';
import type { View } from './dialects/dialect.mts';
import { dialects } from './dialects/table.mts';
import { FaultPlan } from './faults/plan.mts';
import type { FaultRule } from './faults/rules.mts';
import { serveImage } from './images/serve.mts';
import { Journal, type Call, type CallbackSent, type Counters, type Download } from './journal.mts';
import { DEMO_ACCOUNT } from './keys.mts';
import { json, write } from './reply.mts';
import { routeOf } from './router.mts';
import type { Account } from './service/auth.mts';
import { Kling } from './service/kling.mts';
import { Links } from './service/links.mts';
import type { Task } from './service/task.mts';
import { defaultSettings, settingsSchema, type Settings } from './settings.mts';
import { serveVideo } from './videos/serve.mts';

export interface EmulatorOptions extends Partial<Settings> {
	/** The API's port; 0 or none takes a free one. */
	readonly port?: number;
	/** The CDN's port; 0 or none takes a free one. */
	readonly cdnPort?: number;
	readonly host?: string;
	/** The accounts it knows; one with published keys where none is given. */
	readonly accounts?: readonly Account[];
	/** The seed of chance for faults with a probability. */
	readonly seed?: number;
}

export interface Emulator {
	/** The API's origin, e.g. `http://127.0.0.1:4010`. */
	readonly url: string;
	readonly port: number;
	/** The origin that result links point to. */
	readonly cdnUrl: string;
	readonly cdnPort: number;
	/** The keys of the first account. */
	readonly keys: Account;
	/** May be changed while it runs. */
	readonly settings: Settings;
	readonly clock: { now(): number; advance(ms: number): void };
	readonly faults: {
		/** Orders a fault; throws a ZodError for a rule that is not understood. Returns its number. */
		add(rule: FaultRule): number;
		remove(id: number): boolean;
		clear(): void;
		list(): ReturnType<FaultPlan['list']>;
		reseed(seed: number): void;
		readonly seed: number;
	};
	readonly tasks: {
		/** Oldest first. */
		list(): Task[];
		get(id: string): Task | undefined;
		/** These three give the task, or undefined where there is none. */
		succeed(id: string): Task | undefined;
		fail(id: string, reason: string): Task | undefined;
		expireLinks(id: string): Task | undefined;
	};
	readonly callbacks: {
		list(): readonly CallbackSent[];
		/** Resolves when nothing is on its way or waits for another try. */
		idle(): Promise<void>;
		/** Posts any body; gives the receiver's HTTP status, undefined where nobody answered. */
		send(url: string, body: unknown, options?: { signed?: boolean }): Promise<number | undefined>;
		sendTestEvent(url: string): Promise<number | undefined>;
	};
	/** What a user enters as Base URL for a dialect; throws for a name that is not in the table. */
	baseUrl(dialect: string): string;
	/** The address of a test image, e.g. `dog.png`. */
	imageUrl(name: string): string;
	/** Of one dialect, or of all. */
	bill(dialect?: string): Bill;
	calls(): readonly Call[];
	downloads(): readonly Download[];
	counters(): Counters;
	/** Forgets tasks, calls and faults, and goes back to real time; settings stay. */
	reset(): void;
	close(): Promise<void>;
}

/** Starts the emulator; throws a ZodError for settings that are not understood. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const { port = 0, cdnPort = 0, host = '127.0.0.1', accounts = [DEMO_ACCOUNT], seed = 1, ...given } = options;
	const [keys] = accounts;
	if (keys === undefined) throw new Error('The emulator needs at least one account');
	const settings = settingsSchema.parse({ ...defaultSettings, ...given });

	const origins = { cdn: '', api: '' };
	const clock = new Clock();
	const plan = new FaultPlan(seed);
	const journal = new Journal(accounts.flatMap(({ apiKey, accessKey, secretKey }) => [apiKey, accessKey, secretKey]));
	const links = new Links(clock, settings, () => origins);
	const rewrite = (url: string): string => rewriteOrigin(url, settings.rewriteOrigins);
	const sender = new CallbackSender(settings, rewrite);
	const courier = new Courier({
		clock,
		settings,
		plan,
		journal,
		sender,
		link: (task) => links.issue(task),
		dialectOf: (task) => dialects.find(({ name }) => name === task.dialect),
	});
	const kling = new Kling(clock, settings, rewrite, (task) => courier.changed(task));
	const view = (): View => ({ now: clock.now(), settings, link: (task, marked) => links.issue(task, marked) });
	const api = new Api({ accounts, clock, settings, plan, journal, kling, courier, view });
	const video = (otherOrigin: () => string) => (request: IncomingMessage, response: ServerResponse) =>
		serveVideo(request, response, { store: kling.store, links, plan, journal, otherOrigin });

	const onTask = (id: string, act: (task: Task) => void): Task | undefined => {
		const task = kling.store.get(id);
		if (task !== undefined) act(task);
		return task;
	};

	const fromApi = video(() => origins.cdn);
	const fromCdn = video(() => origins.api);
	const apiServer = createServer((request, response) => void answer(request, response));
	const cdnServer = createServer((request, response) => void fromCdn(request, response));

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { method = 'GET' } = request;
		const url = new URL(request.url ?? '/', origins.api);
		if (url.pathname.startsWith('/cdn/')) return fromApi(request, response);
		if (url.pathname.startsWith('/images/')) return image(request, response, url.pathname);
		if (/^\/control(\/|$)/.test(url.pathname)) {
			const read = await readBody(request);
			const bytes = read.kind === 'read' ? read.bytes : Buffer.alloc(0);
			return write(response, await control(emulator, method, url, bytes));
		}
		const route = routeOf(method, url.pathname);
		if (route !== undefined) return api.handle({ request, response, url }, route);
		request.resume();
		return write(response, json(404, { message: 'No such path', dialects: dialects.map(({ basePath }) => basePath) }));
	}

	async function image(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
		const status = await serveImage(response, path);
		const { method = 'GET' } = request;
		journal.call({
			kind: 'image', dialect: '', method, path, bodyBytes: 0, status, outcome: 'answered', fault: undefined, taskId: undefined,
		});
	}

	const apiPort = await listen(apiServer, port, host);
	const videoPort = await listen(cdnServer, cdnPort, host);
	origins.api = `http://${host}:${apiPort}`;
	origins.cdn = `http://${host}:${videoPort}`;

	const emulator: Emulator = {
		url: origins.api,
		port: apiPort,
		cdnUrl: origins.cdn,
		cdnPort: videoPort,
		keys,
		settings,
		clock,
		faults: plan,
		tasks: {
			list: () => kling.store.all(),
			get: (id) => kling.store.get(id),
			succeed: (id) => onTask(id, (task) => kling.lifecycle.succeed(task)),
			fail: (id, reason) => onTask(id, (task) => kling.lifecycle.fail(task, reason)),
			expireLinks: (id) => onTask(id, (task) => links.revoke(task)),
		},
		callbacks: {
			list: () => journal.callbacks(),
			idle: () => courier.idle(),
			send: (url, body, how) => courier.send(url, body, how),
			sendTestEvent: (url) => courier.send(url, testEvent(clock.now())),
		},
		baseUrl: (name) => origins.api + dialectNamed(name).basePath,
		imageUrl: (name) => `${origins.api}/images/${name}`,
		bill: (dialect) =>
			billOf(kling.store.all().filter((task) => dialect === undefined || task.dialect === dialect)),
		calls: () => journal.calls(),
		downloads: () => journal.downloads(),
		counters: () => journal.counters(),
		reset() {
			kling.lifecycle.clear();
			clock.reset();
			kling.store.clear();
			courier.clear();
			plan.clear();
			journal.clear();
		},
		async close() {
			clock.clear();
			await Promise.all([shut(apiServer), shut(cdnServer), sender.close(), kling.close()]);
		},
	};
	return emulator;
}

function dialectNamed(name: string): (typeof dialects)[number] {
	const dialect = dialects.find((listed) => listed.name === name);
	if (dialect === undefined) throw new Error(`No dialect ${name}`);
	return dialect;
}

function rewriteOrigin(url: string, table: Readonly<Record<string, string>>): string {
	if (!URL.canParse(url)) return url;
	const { origin } = new URL(url);
	const other = table[origin];
	return other === undefined ? url : other + url.slice(origin.length);
}

function listen(server: Server, port: number, host: string): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : port);
		});
	});
}

function shut(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}
