// One chaos run from its seed to its reconciliation.
import { readFile } from 'node:fs/promises';
import { readEvidence, type ExecutionFacts } from './evidence.mts';
import { Chance, planFaults, planSubmits } from './plan.mts';
import { reconcile, type AnsweredCall, type Books, type Reconciliation } from './reconcile.mts';
import { searchSecrets, type Searched } from './secrets.mts';
import { settle } from './settle.mts';
import { Storm, type Done, type Struck } from './storm.mts';
import { MAX_TRIES, openWorld, type World } from './world.mts';

export interface ChaosOptions {
	seed: number;
	/** For storm and settling together; what n8n needs to boot comes on top. */
	minutes: number;
	/** The storm ends when so many were placed; Infinity where only time ends it. */
	orders: number;
	/** At most so many items a call. */
	itemsPerCall: number;
	/** How many workflows submit. */
	workflows: number;
	/** Where n8n's data stays after the run; it is removed where left out. */
	keep?: string;
	say: (line: string) => void;
}

export interface ChaosReport {
	seed: number;
	/** From the first order to the reconciliation. */
	seconds: number;
	slots: number | undefined;
	done: Done;
	retriesAfterwards: number;
	struck: readonly Struck[];
	executions: number;
	crashed: number;
	canceled: number;
	/** The most executions of one workflow that were at work at the same time. */
	overlapping: number;
	starts: number;
	reconciliation: Reconciliation;
	searched: Searched;
	signatures: number;
}

const PROGRESS_MS = 15_000;
/** The time in which at least what did not end well is retried. */
const LEAST_SETTLING_MS = 4 * 60_000;

/** Opens the world, lets the storm blow, settles and reconciles. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
	const { seed, minutes, say } = options;
	// Half of the seeds meet n8n with few slots, where a due sleeper waits in line.
	const slots = seed % 2 === 0 ? 10 : undefined;
	say(`Booting n8n, ${slots === undefined ? 'no limit' : `${slots} executions`} at once`);
	const world = await openWorld(planSubmits(seed, options.workflows), seed, slots, options.keep);
	const started = Date.now();
	const storm = new Storm(world, seed, options.itemsPerCall, say);
	const progress = setInterval(() => say(progressOf(world, storm, started)), PROGRESS_MS);
	try {
		const halfMs = (minutes * 60_000) / 2;
		for (const rule of planFaults(Math.max(2, Math.round(minutes / 3)))) {
			world.emulator.faults.add(rule);
		}
		await storm.blow(started + halfMs, options.orders);
		const struck = storm.calm();
		say('The storm is over');
		const until = Date.now() + Math.max(halfMs, LEAST_SETTLING_MS);
		const settled = await settle(world, storm, new Chance(seed + 2), until, say);
		await world.emulator.callbacks.idle();
		const evidence = await readEvidence(world, storm, say);
		await world.n8n.stop();
		const books = await booksOf(world, storm, evidence, settled.endless);
		const signatures = [...world.relay.signatures()].flatMap((value) => value.split(' '));
		const used = signatures.map((value) => ({ name: 'signature', value: value.slice(3) }));
		const executions = evidence.submits;
		return {
			seed,
			seconds: Math.round((Date.now() - started) / 1000),
			slots,
			done: storm.done,
			retriesAfterwards: settled.retries,
			struck,
			executions: executions.length,
			crashed: executions.filter(({ status }) => status === 'crashed').length,
			canceled: executions.filter(({ status }) => status === 'canceled').length,
			overlapping: mostAtOnce(executions),
			starts: evidence.triggers.length,
			reconciliation: reconcile(books),
			searched: await searchSecrets(world.n8n.userFolder, [...world.secrets, ...used]),
			signatures: used.length,
		};
	} finally {
		clearInterval(progress);
		await world.close();
	}
}

function progressOf({ emulator }: World, { orders, done }: Storm, started: number): string {
	const seconds = Math.round((Date.now() - started) / 1000);
	const struck = emulator.faults.list().reduce((sum, rule) => sum + rule.struck, 0);
	const { retrySaved, retryOriginal, stop, kill, restart } = done;
	return [
		`${seconds} s: ${orders.length} orders, ${emulator.bill().total} billed, ${struck} faults`,
		`${kill} kills, ${restart} restarts, ${stop} stops, ${retrySaved + retryOriginal} retries`,
	].join(', ');
}

async function booksOf(
	world: World,
	storm: Storm,
	evidence: { submits: ExecutionFacts[]; triggers: ExecutionFacts[] },
	endless: readonly string[],
): Promise<Books> {
	const { emulator, submits, triggers, n8n, relay } = world;
	return {
		orders: storm.orders,
		tasks: emulator.tasks.list().map((task) => ({
			id: task.id,
			key: task.clientKey,
			// The omni endpoint gets references in front of the prompt.
			prompt: String(task.request['prompt']).replace(/^.*?(?=order-)/, ''),
			createdAt: task.createdAt,
			finishedAt: task.finishedAt,
			status: task.status,
		})),
		submits: submits.map(({ saved, name, afterSubmit, downloadVideo, loop, retryOnFail }) => ({
			workflowId: saved.id,
			name,
			waits: afterSubmit === 'wait',
			downloads: downloadVideo,
			loops: loop > 0,
			tries: retryOnFail ? MAX_TRIES : 1,
		})),
		executions: evidence.submits,
		triggers: triggers.map(({ saved, name, downloadVideo }) => ({
			workflowId: saved.id,
			name,
			downloads: downloadVideo,
			executions: evidence.triggers.filter(({ workflowId }) => workflowId === saved.id),
			answered: answeredCalls(world, name, relay.urlOf(name)),
		})),
		log: await readFile(n8n.logFile, 'utf8'),
		outages: storm.outages,
		endless,
	};
}

/** The genuine calls about an end that were answered 200; a spoilt one may be answered 200 and start nothing. */
function answeredCalls({ emulator }: World, trigger: string, url: string): AnsweredCall[] {
	const harmless = new Set(['callback-late', 'callback-repeated', 'callback-reordered']);
	return emulator.callbacks
		.list()
		.filter((call) => call.url === url && call.answered === 200)
		.filter(({ fault }) => fault === undefined || harmless.has(fault))
		.flatMap(({ taskId, taskStatus, at }) =>
			taskId !== undefined && (taskStatus === 'succeed' || taskStatus === 'failed')
				? [{ trigger, taskId, status: taskStatus, at }]
				: [],
		);
}

function mostAtOnce(executions: readonly ExecutionFacts[]): number {
	const groups = Map.groupBy(executions, ({ workflowId }) => workflowId);
	const counts = [...groups.values()].flatMap((group) =>
		group.map(({ startedAt }) => group.filter((other) => isAtWork(other, startedAt)).length),
	);
	return Math.max(0, ...counts);
}

function isAtWork({ startedAt, stoppedAt }: ExecutionFacts, at: number): boolean {
	return startedAt <= at && at <= (stoppedAt ?? Infinity);
}
