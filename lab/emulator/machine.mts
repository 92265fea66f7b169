// Puts the parts of the emulator together: clock, service, links, callbacks, faults, journal.
import { Api } from './api.mts';
import { Courier } from './callbacks/courier.mts';
import { CallbackSender } from './callbacks/sender.mts';
import { Clock } from './clock.mts';
import { dialects } from './dialects/table.mts';
import { FaultPlan } from './faults/plan.mts';
import { Journal } from './journal.mts';
import type { Account } from './service/auth.mts';
import { Kling } from './service/kling.mts';
import { Links } from './service/links.mts';
import type { Settings } from './settings.mts';

export interface Machine {
	readonly settings: Settings;
	/** Filled in once the servers listen. */
	readonly origins: { api: string; cdn: string };
	readonly clock: Clock;
	readonly plan: FaultPlan;
	readonly journal: Journal;
	readonly links: Links;
	readonly courier: Courier;
	readonly kling: Kling;
	readonly api: Api;
	reset(): void;
	close(): Promise<void>;
}

/** Builds a machine; it does nothing until calls come in. */
export function assemble(settings: Settings, accounts: readonly Account[], seed: number): Machine {
	const origins = { api: '', cdn: '' };
	const clock = new Clock();
	const plan = new FaultPlan(seed);
	const journal = new Journal(
		accounts.flatMap(({ apiKey, accessKey, secretKey }) => [apiKey, accessKey, secretKey]),
	);
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
	const api = new Api({
		accounts,
		clock,
		settings,
		plan,
		journal,
		kling,
		courier,
		view: () => ({ now: clock.now(), settings, link: (task, marked) => links.issue(task, marked) }),
	});
	return {
		settings,
		origins,
		clock,
		plan,
		journal,
		links,
		courier,
		kling,
		api,
		reset() {
			clock.reset();
			kling.clear();
			courier.clear();
			plan.clear();
			journal.clear();
		},
		async close() {
			clock.stop();
			await Promise.all([sender.close(), kling.close()]);
		},
	};
}

function rewriteOrigin(url: string, table: Readonly<Record<string, string>>): string {
	if (!URL.canParse(url)) return url;
	const { origin } = new URL(url);
	const other = table[origin];
	return other === undefined ? url : other + url.slice(origin.length);
}
