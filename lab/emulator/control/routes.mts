// The control API over HTTP: what a person or another process may ask of the emulator and order from it.
import { z } from 'zod';
import { parseJson } from '../body.mts';
import type { Emulator } from '../emulator.mts';
import { faultSchema } from '../faults/rules.mts';
import { json, type Reply } from '../reply.mts';
import { settingsSchema } from '../settings.mts';

interface ControlRoute {
	readonly method: string;
	/** Path pieces after `/control`; `:x` takes any. */
	readonly path: string;
	readonly does: string;
	run(emulator: Emulator, input: { id: string; body: unknown; query: URLSearchParams }): unknown;
}

const clockSchema = z.object({ advanceMs: z.number().min(0) }).strict();
const seedSchema = z.object({ seed: z.number().int() }).strict();
const failSchema = z.object({
	reason: z.string().default('Failure to pass the risk control system'),
});
const sendSchema = z
	.object({ url: z.string().url(), body: z.unknown(), signed: z.boolean().optional() })
	.strict();
const urlSchema = z.object({ url: z.string().url() }).strict();

/** Every route, in the order in which `GET /control` lists them. */
export const controlRoutes: readonly ControlRoute[] = [
	{ method: 'GET', path: '', does: 'this list', run: () => ({ routes: described() }) },
	{
		method: 'GET',
		path: 'calls',
		does: 'every API call; ?kind= and ?dialect= narrow it',
		run: ({ calls }, { query }) => calls().filter((call) => fits(call, query)),
	},
	{
		method: 'GET',
		path: 'tasks',
		does: 'every task; ?dialect=, ?status= and ?clientKey= narrow it',
		run: ({ tasks }, { query }) => tasks.list().filter((task) => fits(task, query)),
	},
	{ method: 'GET', path: 'tasks/:id', does: 'one task', run: ({ tasks }, { id }) => tasks.get(id) },
	{
		method: 'POST',
		path: 'tasks/:id/succeed',
		does: 'ends a task well, now',
		run: ({ tasks }, { id }) => tasks.succeed(id),
	},
	{
		method: 'POST',
		path: 'tasks/:id/fail',
		does: 'fails a task, now; {"reason"}',
		run: ({ tasks }, { id, body }) => tasks.fail(id, failSchema.parse(body ?? {}).reason),
	},
	{
		method: 'POST',
		path: 'tasks/:id/expire-links',
		does: 'ends every link to its video given out so far',
		run: ({ tasks }, { id }) => tasks.expireLinks(id),
	},
	{
		method: 'GET',
		path: 'bill',
		does: 'tasks made: total, per external id, per request; ?dialect=',
		run: ({ bill }, { query }) => bill(query.get('dialect') ?? undefined),
	},
	{
		method: 'GET',
		path: 'counters',
		does: 'calls, downloads and callbacks by kind',
		run: ({ counters }) => counters(),
	},
	{
		method: 'GET',
		path: 'callbacks',
		does: 'every callback posted, with its answer',
		run: (e) => e.callbacks.list(),
	},
	{
		method: 'POST',
		path: 'callbacks/send',
		does: 'posts any body to any address; {"url","body","signed"}',
		run: async ({ callbacks }, { body }) => {
			const { url, body: payload, signed } = sendSchema.parse(body);
			return { answered: await callbacks.send(url, payload, { signed }) };
		},
	},
	{
		method: 'POST',
		path: 'callbacks/test-event',
		does: 'posts the console\'s test event; {"url"}',
		run: async ({ callbacks }, { body }) => ({
			answered: await callbacks.sendTestEvent(urlSchema.parse(body).url),
		}),
	},
	{
		method: 'GET',
		path: 'downloads',
		does: 'every download, with its headers',
		run: ({ downloads }) => downloads(),
	},
	{
		method: 'GET',
		path: 'faults',
		does: 'the faults ordered, and how often each struck',
		run: (e) => e.faults.list(),
	},
	{
		method: 'POST',
		path: 'faults',
		does: 'orders a fault; {"kind","on","times","probability",…}',
		run: ({ faults }, { body }) => ({ id: faults.add(faultSchema.parse(body)) }),
	},
	{
		method: 'DELETE',
		path: 'faults',
		does: 'takes every fault back',
		run: ({ faults }) => faults.clear(),
	},
	{
		method: 'DELETE',
		path: 'faults/:id',
		does: 'takes one fault back',
		run: ({ faults }, { id }) => (faults.remove(Number(id)) ? {} : undefined),
	},
	{
		method: 'POST',
		path: 'seed',
		does: 'starts the sequence of chance anew; {"seed"}',
		run: ({ faults }, { body }) => faults.reseed(seedSchema.parse(body).seed),
	},
	{
		method: 'GET',
		path: 'clock',
		does: "the service's time",
		run: ({ clock }) => ({ now: clock.now() }),
	},
	{
		method: 'POST',
		path: 'clock',
		does: 'moves the clock forward; {"advanceMs"}',
		run: ({ clock }, { body }) => {
			clock.advance(clockSchema.parse(body).advanceMs);
			return { now: clock.now() };
		},
	},
	{
		method: 'GET',
		path: 'settings',
		does: 'the settings, secrets counted only',
		run: (e) => shown(e),
	},
	{
		method: 'PATCH',
		path: 'settings',
		does: 'changes settings',
		run: (emulator, { body }) => {
			Object.assign(emulator.settings, settingsSchema.partial().parse(body));
			return shown(emulator);
		},
	},
	{
		method: 'POST',
		path: 'reset',
		does: 'forgets tasks, calls and faults; the clock is real again',
		run: (e) => e.reset(),
	},
];

/** Answers a control call: 404 for what is not there, 400 with the reason for a body not understood. */
export async function control(
	emulator: Emulator,
	method: string,
	url: URL,
	bytes: Buffer,
): Promise<Reply> {
	const pieces = url.pathname.replace(/^\/control\/?/, '').split('/');
	const route = controlRoutes.find(
		(candidate) => candidate.method === method && leadsTo(candidate.path, pieces),
	);
	if (route === undefined)
		return json(404, { message: 'No such control route', routes: described() });
	try {
		const body = bytes.length === 0 ? undefined : parseJson(bytes.toString('utf8'));
		const result = await route.run(emulator, {
			id: pieces[1] ?? '',
			body,
			query: url.searchParams,
		});
		if (route.path.includes(':id') && result === undefined)
			return json(404, { message: 'Not found' });
		return json(200, result ?? {});
	} catch (reason) {
		if (reason instanceof z.ZodError)
			return json(400, { message: 'Not understood', issues: reason.issues });
		return json(500, { message: String(reason) });
	}
}

function leadsTo(path: string, pieces: readonly string[]): boolean {
	const wanted = path.split('/');
	return (
		wanted.length === pieces.length &&
		wanted.every((piece, position) => piece.startsWith(':') || piece === pieces[position])
	);
}

function fits(entry: object, query: URLSearchParams): boolean {
	const fields = new Map<string, unknown>(Object.entries(entry));
	return [...query].every(([name, value]) => String(fields.get(name)) === value);
}

function described(): string[] {
	return controlRoutes.map(({ method, path, does }) => `${method} /control/${path}: ${does}`);
}

function shown({ settings }: Emulator): Record<string, unknown> {
	const { signingSecrets, ...open } = settings;
	return { ...open, signingSecrets: signingSecrets.length };
}
