// One sending of one item: a place under the cap, a turn in the queue, the body, the request.
import type { CreateOutcome } from '../api/client';
import { againDelayMs, orStopped } from '../waiting/backoff';
import type { Cap } from './cap';
import { keyFor } from './decide';
import type { Decision, Situation } from './facts';
import type { Entry } from './memory';
import type { Job, Submission } from './ports';
import type { SendQueue } from './queue';
import { adopt, entryOf, refused, stopped, STOPPED_UNSENT, type Run, type Work } from './run';
import { brokeOff, capReached, stayedBusy, stayedSilent } from './words';

/** Where the work stands now, or what became of it. */
export type Step = { next: Situation } | { end: Submission };
export type Do<Name extends Decision['do']> = Extract<Decision, { do: Name }>;

/** Sends once, when it is this item's turn. */
export async function send(run: Run, work: Work, decision: Do<'send'>): Promise<Step> {
	const { queue, cap, ports, settings } = run;
	const { attempt, unsettled, unsent } = decision;
	if (unsettled === 0 && !cap.reserve(work.slot)) return { end: capped(cap) };
	if (decision.because === 'notSent') {
		await ports.clock.sleep(againDelayMs(unsent, ports.random), ports.signal);
	}
	const turn = await queue.enter(work.order, work.job.bytes);
	if (turn === 'stopped') return { end: STOPPED_UNSENT };
	if (turn !== 'go') {
		const words = turn === 'busy' ? stayedBusy : stayedSilent;
		return { end: refused(words(settings.gateway.label, settings.maxWaitMinutes)) };
	}
	try {
		const key = keyFor(work.facts, attempt);
		const body = await orStopped(built(work.job, key), ports.signal);
		if (ports.signal?.aborted || body === 'stopped') return { end: STOPPED_UNSENT };
		if (body instanceof Error) return { end: refused(body) };
		if (unsettled === 0 && cap.isUsedUp) {
			cap.giveUp(work.slot);
			return { end: capped(cap) };
		}
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
		record.takeBack(work.slot, attempt.unsettled > 0 ? beforeBoth(work, attempt) : before);
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
function rememberLate(
	run: Run,
	work: Work,
	{ key, attempt }: Attempt,
	outcome: CreateOutcome,
): void {
	if (outcome.kind !== 'accepted') return;
	const { task, raw } = outcome;
	adopt(run, work, { told: { task, raw }, key, attempt, origin: 'new' });
	run.ports.log(`Task ${task.id} (external task ID ${key}) was accepted after Stop`);
}

/** After a re-send, only a refusal settles that neither sending made a task. */
function isProvenUnpaid(outcome: CreateOutcome, { unsettled }: Attempt): boolean {
	if (outcome.kind === 'accepted' || outcome.kind === 'unknown') return false;
	return unsettled === 0 || outcome.kind === 'refused';
}

/**
 * What stood in the memory before the first of two sendings that made nothing. Left as it is, the entry
 * would have the next try send without a place under the cap.
 */
function beforeBoth({ facts }: Work, { attempt }: Attempt): Entry | undefined {
	const { entry } = facts;
	if (entry === undefined || entry.attempt < attempt) return entry;
	if (attempt === 0) return undefined;
	return { ...entry, attempt: attempt - 1, key: facts.keyOf(attempt - 1), state: 'ended' };
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

function capped({ submitted, limit }: Cap): Submission {
	return { kind: 'capped', submitted, cap: limit, error: capReached(submitted, limit) };
}
