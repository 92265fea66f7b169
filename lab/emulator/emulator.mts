// Starts an emulated Kling service on loopback and hands out the ways to watch and to steer it.
import { billOf, type Bill } from './bill.mts';
import { legacyBody, testEvent } from './callbacks/notice.mts';
import { control } from './control/routes.mts';
import { dialects } from './dialects/table.mts';
import type { FaultPlan } from './faults/plan.mts';
import type { FaultRule } from './faults/rules.mts';
import type { Call, CallbackSent, Counters, Download } from './journal.mts';
import { DEMO_ACCOUNT } from './keys.mts';
import { assemble, type Machine } from './machine.mts';
import { openServers, type Servers } from './servers.mts';
import type { Account } from './service/auth.mts';
import type { Task } from './service/task.mts';
import { defaultSettings, settingsSchema, type Settings } from './settings.mts';

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
		/** The legacy body about a task as it stands, for a test to send, to repeat or to change. */
		bodyOf(task: Task): Record<string, unknown>;
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

/** Starts the emulator; throws a ZodError for settings that are not understood, rejects when a port is taken. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const {
		port = 0,
		cdnPort = 0,
		host = '127.0.0.1',
		accounts = [DEMO_ACCOUNT],
		seed = 1,
		...given
	} = options;
	const [keys] = accounts;
	if (keys === undefined) throw new Error('The emulator needs at least one account');

	const machine = assemble(settingsSchema.parse({ ...defaultSettings, ...given }), accounts, seed);
	const servers = await openServers(machine, { host, port, cdnPort }, (method, url, bytes) =>
		control(emulator, method, url, bytes),
	);
	machine.origins.api = `http://${host}:${servers.apiPort}`;
	machine.origins.cdn = `http://${host}:${servers.cdnPort}`;
	const emulator = surface(machine, servers, keys);
	return emulator;
}

function surface(machine: Machine, servers: Servers, keys: Account): Emulator {
	const { clock, settings, plan, journal, links, courier, kling, origins } = machine;
	return {
		url: origins.api,
		port: servers.apiPort,
		cdnUrl: origins.cdn,
		cdnPort: servers.cdnPort,
		keys,
		settings,
		clock,
		faults: plan,
		tasks: taskControl(machine),
		callbacks: {
			list: () => journal.callbacks(),
			idle: () => courier.idle(),
			send: (url, body, how) => courier.send(url, body, how),
			sendTestEvent: (url) => courier.send(url, testEvent(clock.now())),
			bodyOf: (task) => legacyBody(task, task.status === 'succeed' ? links.issue(task) : ''),
		},
		baseUrl: (name) => origins.api + basePathOf(name),
		imageUrl: (name) => `${origins.api}/images/${name}`,
		bill: (dialect) =>
			billOf(kling.store.all().filter((task) => dialect === undefined || task.dialect === dialect)),
		calls: () => journal.calls(),
		downloads: () => journal.downloads(),
		counters: () => journal.counters(),
		reset: () => machine.reset(),
		close: async () => {
			await Promise.all([servers.close(), machine.close()]);
		},
	};
}

function taskControl({ kling, links }: Machine): Emulator['tasks'] {
	const onTask = (id: string, act: (task: Task) => void): Task | undefined => {
		const task = kling.store.get(id);
		if (task !== undefined) act(task);
		return task;
	};
	return {
		list: () => kling.store.all(),
		get: (id) => kling.store.get(id),
		succeed: (id) => onTask(id, (task) => kling.lifecycle.succeed(task)),
		fail: (id, reason) => onTask(id, (task) => kling.lifecycle.fail(task, reason)),
		expireLinks: (id) => onTask(id, (task) => links.revoke(task)),
	};
}

function basePathOf(name: string): string {
	const dialect = dialects.find((listed) => listed.name === name);
	if (dialect === undefined) throw new Error(`The emulator has no dialect ${name}`);
	return dialect.basePath;
}
