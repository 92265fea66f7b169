// A node run for tests: jobs, ports and settings around the service model.
import { KlingApiError } from '../../../nodes/Kling/api/errors/error';
import { fingerprintOf } from '../../../nodes/Kling/submission/key';
import type {
	Job,
	Marks,
	Ports,
	Settings,
	Submission,
} from '../../../nodes/Kling/submission/ports';
import { submitAll } from '../../../nodes/Kling/submission/submitAll';
import { multiImage, ServiceModel, type CreateFault, type ServiceOptions } from './serviceModel';
import { StoredMemory } from './storedMemory';
import { seeded, VirtualClock } from './virtualClock';

export function fingerprintFor(work: string): string {
	return fingerprintOf({ instanceId: 'i', workflowId: 'w', nodeId: 'n', request: work });
}

/** A job whose request is no more than a name. */
export function job(item: number, work = `work ${item}`, over: Partial<Job> = {}): Job {
	return {
		item,
		fingerprint: fingerprintFor(work),
		family: multiImage,
		bytes: 1000,
		build: async (key) => JSON.stringify({ external_task_id: key, work }),
		...over,
	};
}

export function jobs(count: number): Job[] {
	return Array.from({ length: count }, (_, item) => job(item));
}

export interface NodeRun {
	clock: VirtualClock;
	service: ServiceModel;
	memory?: StoredMemory;
	ports?: Partial<Ports>;
	settings?: Partial<Settings>;
	seed?: number;
	/** What executions of one process share. Default: a process of its own. */
	process?: Ports['shared'];
}

/** What a process knows when it begins. */
export function newProcess(): Ports['shared'] {
	return { tasks: new Map(), claims: new Map() };
}

/** Runs the node's submits to their end in virtual time. */
export async function submit(work: readonly Job[], run: NodeRun): Promise<Submission[]> {
	return await run.clock.run(begin(work, run));
}

/** Starts the node's submits; time has to be passed by the test. */
export function begin(work: readonly Job[], run: NodeRun): Promise<Submission[]> {
	const { clock, service, memory = new StoredMemory(), seed = 1 } = run;
	const ports: Ports = {
		client: service,
		clock,
		random: seeded(seed),
		memory,
		shared: run.process ?? newProcess(),
		log: () => undefined,
		...run.ports,
	};
	return submitAll(work, ports, {
		gateway: service.gateway,
		reuse: 'execution',
		executionId: '10',
		run: 0,
		isTool: false,
		isRetry: false,
		maxTries: Infinity,
		maxConcurrent: 5,
		maxWaitMinutes: 30,
		maxNewTasks: 0,
		...run.settings,
	});
}

/** The tasks' ids, or how the item ended instead. */
export function ids(submissions: readonly Submission[]): string[] {
	return submissions.map((one) => (one.kind === 'task' ? one.task.id : one.kind));
}

/** Gives each fault of a list once, then none. */
export function inTurn<T>(faults: readonly T[], rest: T): () => T {
	const left = [...faults];
	return () => left.shift() ?? rest;
}

/** A clock, a service and an empty memory. */
export function stage(options: Partial<ServiceOptions> = {}) {
	const clock = new VirtualClock();
	return { clock, service: new ServiceModel({ clock, ...options }), memory: new StoredMemory() };
}

/** The faults of the first creates; the others go well. */
export function faults(...list: CreateFault[]) {
	return inTurn(list, 'none');
}

/** What the user reads about an item that got no task. */
export function errorOf(submission: Submission | undefined): string {
	if (submission === undefined || !('error' in submission)) return '';
	const { error } = submission;
	return error instanceof KlingApiError
		? `${error.message}. ${error.facts.description}`
		: error.message;
}

/** n8n's store: what is claimed in it outlives executions and processes. */
export class MarksModel implements Marks {
	readonly names = new Map<string, string>();
	private readonly endings = new Map<string, 'ended' | 'over'>();
	/** How many of the next calls the database does not answer. */
	failures = 0;

	async claim(name: string): Promise<boolean> {
		this.fail();
		if (this.names.has(name)) return false;
		this.names.set(name, name);
		return true;
	}

	async own(name: string, owner: string): Promise<boolean> {
		this.fail();
		const known = this.names.get(name);
		if (known === undefined) this.names.set(name, owner);
		return known === undefined || known === owner;
	}

	async release(name: string): Promise<void> {
		this.fail();
		this.names.delete(name);
	}

	releaseAtEnd(name: string, when: 'ended' | 'over'): void {
		this.endings.set(name, when);
	}

	/** The execution ends. */
	end(how: 'well' | 'stopped'): void {
		for (const [name, when] of this.endings) {
			if (how === 'well' || when === 'over') this.names.delete(name);
		}
		this.endings.clear();
	}

	/** n8n is killed. */
	kill(): void {
		this.endings.clear();
	}

	private fail(): void {
		if (this.failures === 0) return;
		this.failures -= 1;
		throw new Error('database is locked');
	}
}
