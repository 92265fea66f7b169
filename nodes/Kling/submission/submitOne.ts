// Carries one item from its first look to its end: asks decide.ts what to do, does it, asks again.
import type { CreateOutcome } from '../api/client';
import type { Task } from '../api/task';
import { againDelayMs, orStopped } from '../waiting/backoff';
import type { Cap } from './cap';
import { decide, keyFor, type Decision, type Facts, type Situation } from './decide';
import { fetchKnown, lookUpKey, type Patience } from './lookUp';
import type { Entry, ExecutionRecord, WorkflowRecord } from './memory';
import type { Job, Ports, Settings, Submission } from './ports';
import type { SendQueue } from './queue';
import type { TaskSearch } from './search';
import {
	brokeOff,
	capReached,
	mayExist,
	neverLeft,
	paidButNotShown,
	stayedBusy,
	takenButNotShown,
	tooManyFailed,
	unchecked,
} from './words';

/** What all items of a run share. */
export interface Run {
	ports: Ports;
	settings: Settings;
	record: ExecutionRecord;
	workflow: WorkflowRecord;
	queue: SendQueue;
	search: TaskSearch;
	cap: Cap;
}

/** One piece of work: a job with its place in the input and in the memory. */
export interface Work {
	job: Job;
	order: number;
	slot: string;
	facts: Facts;
}

const STOPPED_UNSENT: Submission = { kind: 'stopped', maybeSent: false };

type Step = { next: Situation } | { end: Submission };
type Do<Name extends Decision['do']> = Extract<Decision, { do: Name }>;

/** Ends with what became of the item; never throws for what the service does. */
export async function submitOne(run: Run, work: Work): Promise<Submission> {
	let situation: Situation = { at: 'start' };
	for (;;) {
		const step = await carryOut(run, work, decide(work.facts, situation));
		if ('end' in step) {
			run.cap.giveUp(work.slot);
			return step.end;
		}
		situation = step.next;
	}
}

async function carryOut(run: Run, work: Work, decision: Decision): Promise<Step> {
	const { label } = run.settings.gateway;
	switch (decision.do) {
		case 'fetch':
			return await fetchRemembered(run, work, decision);
		case 'lookUp':
			return await lookUp(run, work, decision);
		case 'search':
			return await search(run, work);
		case 'send':
			return await send(run, work, decision);
		case 'adopt':
			return { end: adopt(run, work, decision) };
		case 'trust':
			return { end: trust(run, work, decision) };
		case 'endUnknown':
			return { end: endUnknown(run, work, decision) };
		case 'lost': {
			const error = paidButNotShown(decision.id, label, decision.error);
			return { end: { kind: 'refused', error, key: decision.key, taskId: decision.id } };
		}
		case 'refuse': {
			const unreached = decision.error.facts.category === 'network';
			return { end: refused(unreached ? neverLeft(decision.error) : decision.error) };
		}
		case 'refuseUnchecked':
			return { end: refused(unchecked(label, decision.error)) };
		case 'giveUpAttempts':
			return { end: refused(tooManyFailed(decision.key)) };
	}
}

async function fetchRemembered(run: Run, work: Work, decision: Do<'fetch'>): Promise<Step> {
	const { id, key, source } = decision;
	const patience: Patience = source === 'workflow' ? 'brief' : 'thorough';
	const how = { lookUp: run.settings.gateway.externalIdLookUp, patience };
	const look = await fetchKnown(run.ports, work.job.family, { id, key }, how);
	if (look === 'stopped') return { end: stopped(run, key, true) };
	return { next: { at: 'fetched', source, look, now: run.ports.clock.now() } };
}

async function lookUp(run: Run, work: Work, decision: Do<'lookUp'>): Promise<Step> {
	const { key, why, attempt, unsettled } = decision;
	const patience: Patience = why === 'beforeFirstSend' ? 'brief' : 'thorough';
	const how = { lookUp: run.settings.gateway.externalIdLookUp, patience };
	const look = await lookUpKey(run.ports, work.job.family, key, how);
	if (look === 'stopped') return { end: stopped(run, key, why !== 'beforeFirstSend') };
	const now = run.ports.clock.now();
	return { next: { at: 'lookedUp', why, attempt, unsettled, look, now } };
}

async function search(run: Run, work: Work): Promise<Step> {
	const look = await run.search.claim(work.job.family, work.job.fingerprint);
	if (look === 'stopped') return { end: STOPPED_UNSENT };
	return { next: { at: 'searched', look } };
}

async function send(run: Run, work: Work, decision: Do<'send'>): Promise<Step> {
	const { queue, cap, ports, settings } = run;
	const { attempt, unsettled, unsent } = decision;
	if (unsettled === 0 && !cap.reserve(work.slot)) return { end: capped(cap) };
	if (decision.because === 'notSent') {
		await ports.clock.sleep(againDelayMs(unsent, ports.random), ports.signal);
	}
	const turn = await queue.enter(work.order, work.job.bytes);
	if (turn === 'stopped') return { end: STOPPED_UNSENT };
	if (turn === 'late') {
		return { end: refused(stayedBusy(settings.gateway.label, settings.maxWaitMinutes)) };
	}
	try {
		const key = keyFor(work.facts, attempt);
		const body = await built(work.job, key);
		if (body instanceof Error) return { end: refused(body) };
		if (ports.signal?.aborted) return { end: STOPPED_UNSENT };
		const outcome = await post(run, work, { key, attempt, unsettled }, body);
		if (outcome === 'stopped') return { end: stopped(run, key, true) };
		return { next: { at: 'answered', attempt, unsettled, unsent, outcome } };
	} finally {
		queue.leave(work.job.bytes);
	}
}

async function built(job: Job, key: string): Promise<string | Error> {
	try {
		return await job.build(key);
	} catch (thrown) {
		return thrown instanceof Error ? thrown : new Error(String(thrown));
	}
}

interface Attempt {
	key: string;
	attempt: number;
	unsettled: number;
}

async function post(
	run: Run,
	work: Work,
	attempt: Attempt,
	body: string,
): Promise<CreateOutcome | 'stopped'> {
	const { record, ports, cap, queue } = run;
	const before = record.get(work.slot);
	// Money rule: written before the request, so that whoever comes next knows that a task may exist.
	const entry = entryOf(run, work, attempt.key, attempt.attempt, 'sending');
	record.put(work.slot, entry, attempt.unsettled > 0 ? 'notPaid' : 'paid');
	cap.spend(work.slot);

	const pending = createOnce(run, work, body);
	const outcome = await orStopped(pending, ports.signal);
	const cutOff = outcome === 'stopped' || (outcome.kind === 'unknown' && ports.signal?.aborted);
	if (outcome === 'stopped' || cutOff) {
		void pending.then((late) => rememberLate(run, work, attempt, late));
		return 'stopped';
	}
	if (isProvenUnpaid(outcome, attempt)) {
		record.takeBack(work.slot, before);
		cap.regain(work.slot);
	}
	tellQueue(queue, outcome);
	return outcome;
}

/** The client does not throw; if it ever does, a request may have left. */
async function createOnce(run: Run, work: Work, body: string): Promise<CreateOutcome> {
	try {
		return await run.ports.client.create(work.job.family, body);
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		return { kind: 'unknown', error: brokeOff(reason) };
	}
}

/** Stop came first, the answer after it: who looks into the memory later finds the task. */
function rememberLate(run: Run, work: Work, { key, attempt }: Attempt, outcome: CreateOutcome): void {
	if (outcome.kind !== 'accepted') return;
	const { task, raw } = outcome;
	adopt(run, work, { do: 'adopt', told: { task, raw }, key, attempt, origin: 'new' });
	run.ports.log(`Task ${task.id} (external task ID ${key}) was accepted after Stop`);
}

/** After a re-send, only a refusal settles that neither sending made a task. */
function isProvenUnpaid(outcome: CreateOutcome, { unsettled }: Attempt): boolean {
	if (outcome.kind === 'accepted' || outcome.kind === 'unknown') return false;
	return unsettled === 0 || outcome.kind === 'refused';
}

function tellQueue(queue: SendQueue, outcome: CreateOutcome): void {
	switch (outcome.kind) {
		case 'busy':
			return queue.busy(outcome.error.facts.retryAfterMs);
		case 'unknown':
			return queue.silent();
		case 'notSent':
			return;
		default:
			return queue.answered();
	}
}

function adopt(run: Run, work: Work, decision: Do<'adopt'>): Submission {
	const { told, key, attempt, origin } = decision;
	const task = { ...told.task, externalId: told.task.externalId ?? key };
	remember(run, work, key, attempt, task);
	return { kind: 'task', task, raw: told.raw, key, origin };
}

function trust(run: Run, work: Work, { id, key, attempt, origin }: Do<'trust'>): Submission {
	const task: Task = { id, externalId: key, status: 'submitted', videos: [] };
	remember(run, work, key, attempt, task);
	run.ports.log(`Task ${id} could not be asked for just now; it was submitted earlier`);
	return { kind: 'task', task, raw: {}, key, origin };
}

function remember(run: Run, work: Work, key: string, attempt: number, task: Task): void {
	const state = task.status === 'failed' ? 'ended' : 'sent';
	const entry = { ...entryOf(run, work, key, attempt, state), id: task.id };
	run.record.put(work.slot, entry, 'notPaid');
	if (run.settings.reuse !== 'workflow' || work.job.userKey !== undefined) return;
	run.workflow.put(work.job.fingerprint, { id: task.id, key, attempt, at: entry.at });
}

function endUnknown(run: Run, work: Work, { key, error, taken }: Do<'endUnknown'>): Submission {
	const { label } = run.settings.gateway;
	if (taken) return { kind: 'unknown', key, error: takenButNotShown(key, label, error) };
	const entry = run.record.get(work.slot);
	if (entry !== undefined) run.record.put(work.slot, { ...entry, state: 'unknown' }, 'notPaid');
	run.ports.log(`A task may exist under the external task ID ${key}`);
	return { kind: 'unknown', key, error: mayExist(key, label, error) };
}

function entryOf(
	{ settings, ports }: Run,
	{ job }: Work,
	key: string,
	attempt: number,
	state: Entry['state'],
): Entry {
	return {
		key,
		fingerprint: job.fingerprint,
		userKey: job.userKey,
		executionId: settings.executionId,
		run: settings.run,
		item: job.item,
		attempt,
		state,
		family: job.family.name,
		at: ports.clock.now(),
	};
}

function stopped({ ports }: Run, key: string, maybeSent: boolean): Submission {
	if (!maybeSent) return STOPPED_UNSENT;
	ports.log(`Stopped: a task may exist under the external task ID ${key}`);
	return { kind: 'stopped', key, maybeSent };
}

function refused(error: Error): Submission {
	return { kind: 'refused', error };
}

function capped({ submitted, limit }: Cap): Submission {
	return { kind: 'capped', submitted, cap: limit, error: capReached(submitted, limit) };
}
