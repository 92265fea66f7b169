// Carries one item from its first look to its end: asks decide.ts what to do, does it, asks again.
import type { CreateOutcome } from '../api/client';
import { againDelayMs, orStopped } from '../waiting/backoff';
import { decide, keyFor } from './decide';
import type { Action, State } from './facts';
import {
	askedToPause,
	brokeOff,
	capReached,
	mayExist,
	neverLeft,
	paidButNotShown,
	stayedBusy,
	storeSilent,
	submittedBefore,
	takenButNotShown,
	tooManyFailed,
	unanswered,
	unchecked,
} from './messages';
import type { Job, Submission } from './ports';
import type { RateLimiter, Refusal } from './rateLimiter';
import { lookUpUntil, type Thoroughness } from './reconcile';
import type { Entry, SubmitCap } from './records';
import {
	adopt,
	entryOf,
	isClaimed,
	refused,
	stopped,
	STOPPED_UNSENT,
	trust,
	type Run,
	type Work,
} from './run';

type Do<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;
/** Where the work stands now, or what became of it. */
type Step = { next: State } | { end: Submission };

/** Ends with what became of the item; never throws for what the service does. */
export async function submitOne(run: Run, work: Work): Promise<Submission> {
	let state: State = { kind: 'start' };
	for (;;) {
		const step = await perform(run, work, decide(work.facts, state));
		if ('end' in step) {
			run.cap.release(work.slot);
			return step.end;
		}
		state = step.next;
	}
}

async function perform(run: Run, work: Work, action: Action): Promise<Step> {
	const { label } = run.settings.gateway;
	switch (action.kind) {
		case 'fetch':
			return await fetchRemembered(run, work, action);
		case 'lookUp':
			return await lookUp(run, work, action);
		case 'search':
			return await search(run, work);
		case 'send':
			return await send(run, work, action);
		case 'adopt':
			return { end: adopt(run, work, action) };
		case 'trust':
			return { end: trust(run, work, action) };
		case 'endInDoubt':
			return { end: endInDoubt(run, work, action) };
		case 'endClaimed':
			return { end: endClaimed(run, work, action) };
		case 'endLost': {
			const error = paidButNotShown(action.id, label, action.error);
			return { end: { kind: 'refused', error, key: action.key, taskId: action.id } };
		}
		case 'refuse': {
			const isUnreached = action.error.facts.category === 'network';
			return { end: refused(isUnreached ? neverLeft(action.error) : action.error) };
		}
		case 'refuseUnchecked':
			return { end: refused(unchecked(label, action.error)) };
		case 'giveUpAttempts':
			return { end: refused(tooManyFailed(action.key)) };
	}
}

async function fetchRemembered(run: Run, work: Work, action: Do<'fetch'>): Promise<Step> {
	const { id, key, source } = action;
	const how: Thoroughness = source === 'known' ? 'brief' : 'thorough';
	const { gateway } = run.settings;
	const outcome = await lookUpUntil(run.ports, work.job.family, { id, key }, { gateway, how });
	if (outcome === 'stopped') return { end: stopped(run, key, true) };
	return { next: { ...action, kind: 'fetched', outcome, now: run.ports.clock.now() } };
}

async function lookUp(run: Run, work: Work, action: Do<'lookUp'>): Promise<Step> {
	const { key, why } = action;
	const how: Thoroughness = why === 'beforeFirstSend' ? 'brief' : 'thorough';
	const { gateway } = run.settings;
	const outcome = await lookUpUntil(run.ports, work.job.family, { key }, { gateway, how });
	if (outcome === 'stopped') return { end: stopped(run, key, why !== 'beforeFirstSend') };
	return { next: { ...action, kind: 'lookedUp', outcome, now: run.ports.clock.now() } };
}

async function search(run: Run, { job, ordinal }: Work): Promise<Step> {
	const { fingerprint, family } = job;
	const outcome = await run.search.claim(family, { fingerprint, ordinal });
	if (outcome === 'stopped') return { end: STOPPED_UNSENT };
	return { next: { kind: 'searched', outcome, now: run.ports.clock.now() } };
}

/** Sends once, when it is this item's turn. */
async function send(run: Run, work: Work, action: Do<'send'>): Promise<Step> {
	const { limiter, cap, ports } = run;
	const { attempt, inDoubt, unsent } = action;
	if (inDoubt === 0 && !cap.reserve(work.slot)) return { end: capped(cap) };
	if (action.because === 'notSent') {
		await ports.clock.sleep(againDelayMs(unsent, ports.random), ports.signal);
	}
	const turn = await limiter.acquire(work.order, work.job.bytes);
	if (turn === 'stopped') return { end: STOPPED_UNSENT };
	if (turn !== 'acquired') return { end: notSubmitted(run, turn) };
	try {
		const key = keyFor(work.facts, attempt);
		const body = await orStopped(built(work.job, key), ports.signal);
		if (ports.signal?.aborted || body === 'stopped') return { end: STOPPED_UNSENT };
		if (body instanceof Error) return { end: refused(body) };
		if (inDoubt === 0 && cap.isUsedUp) {
			cap.release(work.slot);
			return { end: capped(cap) };
		}
		return await post(run, work, { key, attempt, inDoubt, unsent }, body);
	} finally {
		limiter.release(work.job.bytes);
	}
}

function notSubmitted({ settings }: Run, refusal: Refusal): Submission {
	const { gateway, maxWaitMinutes } = settings;
	if (refusal.kind === 'noResponse') return refused(unanswered(gateway.label, maxWaitMinutes));
	if (refusal.askedMs === undefined) return refused(stayedBusy(gateway.label, maxWaitMinutes));
	return refused(askedToPause(gateway.label, maxWaitMinutes, refusal.askedMs));
}

async function built(job: Job, key: string): Promise<string | Error> {
	try {
		return await job.build(key);
	} catch (thrown) {
		return errorOf(thrown);
	}
}

interface Attempt {
	key: string;
	attempt: number;
	inDoubt: number;
	unsent: number;
}

async function post(run: Run, work: Work, attempt: Attempt, body: string): Promise<Step> {
	const { record, ports, cap, limiter } = run;
	const { key, inDoubt } = attempt;
	const before = record.get(work.slot);
	// Money rule: written before the request, so that whoever comes next knows that a task may exist.
	const isNewClaim = inDoubt === 0 && isClaimed(run, work.job);
	const isHeldToTheEnd = isNewClaim && isOfOneExecution(run, work.job);
	const state = { ...attempt, state: 'sending', claimed: isHeldToTheEnd } as const;
	record.put(work.slot, entryOf(run, work, state), inDoubt > 0 ? 'notPaid' : 'paid');
	cap.spend(work.slot);
	const takeBack = async (isUnclaimed = true) => {
		record.takeBack(work.slot, inDoubt > 0 ? beforeBoth(work, attempt) : before);
		cap.regain(work.slot);
		if (isNewClaim && isUnclaimed) await release(run, key);
	};

	if (isNewClaim) {
		const claim = await claimKey(run, key, isHeldToTheEnd);
		if (claim !== 'claimed') {
			await takeBack(false);
			return claim === 'known'
				? { next: { kind: 'claimed', key, attempt: attempt.attempt, id: run.claims.get(key)?.id } }
				: { end: refused(storeSilent(claim.message)) };
		}
		if (ports.signal?.aborted) {
			await takeBack();
			return { end: STOPPED_UNSENT };
		}
	}

	const pending = createOnce(run, work, body);
	const outcome = await orStopped(pending, ports.signal);
	const isCutOff = outcome === 'stopped' || (outcome.kind === 'unknown' && ports.signal?.aborted);
	if (outcome === 'stopped' || isCutOff) {
		void pending.then((late) => rememberLate(run, work, attempt, late));
		return { end: stopped(run, key, true) };
	}
	if (isProvenUnpaid(outcome, inDoubt)) await takeBack();
	tellLimiter(limiter, outcome);
	return { next: { kind: 'answered', ...attempt, outcome } };
}

/** Whether the key belongs to this execution and its retries alone. */
function isOfOneExecution({ settings }: Run, { userKey }: Job): boolean {
	return userKey === undefined && settings.reuse === 'execution';
}

/** Money rule: nothing is sent under a key that somebody may have sent. */
async function claimKey(
	{ ports }: Run,
	key: string,
	isHeldToTheEnd: boolean,
): Promise<'claimed' | 'known' | Error> {
	try {
		if (!(await ports.marks?.claim(key))) return 'known';
		if (isHeldToTheEnd) ports.marks?.releaseAtEnd(key, 'ended');
		return 'claimed';
	} catch (thrown) {
		return errorOf(thrown);
	}
}

/** A name that stays claimed costs the next try a look at the service's list, not money. */
async function release({ ports }: Run, key: string): Promise<void> {
	try {
		await ports.marks?.release(key);
	} catch (thrown) {
		ports.log(`The external task ID ${key} stays claimed: ${errorOf(thrown).message}`);
	}
}

/** The client does not throw; if it ever does, a request may have left. */
async function createOnce(run: Run, work: Work, body: string): Promise<CreateOutcome> {
	try {
		return await run.ports.client.create(work.job.family, body);
	} catch (thrown) {
		return { kind: 'unknown', error: brokeOff(errorOf(thrown).message) };
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
	adopt(run, work, { snapshot: { task, raw }, key, attempt, origin: 'new' });
	run.ports.log(`Task ${task.id} (external task ID ${key}) was accepted after Stop`);
}

/** After a second sending, only a refusal settles that neither of them made a task. */
function isProvenUnpaid({ kind }: CreateOutcome, inDoubt: number): boolean {
	if (kind === 'accepted' || kind === 'unknown') return false;
	return inDoubt === 0 || kind === 'refused';
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

function tellLimiter(limiter: RateLimiter, outcome: CreateOutcome): void {
	switch (outcome.kind) {
		case 'busy':
			return limiter.onRateLimited(outcome.error.facts.retryAfterMs);
		case 'unknown':
			return limiter.onNoResponse();
		case 'notSent':
			return;
		default:
			return limiter.onAnswer();
	}
}

function capped({ submitted, limit }: SubmitCap): Submission {
	return { kind: 'capped', submitted, cap: limit, error: capReached(submitted, limit) };
}

function endInDoubt(run: Run, work: Work, action: Do<'endInDoubt'>): Submission {
	const { key, error, duplicate } = action;
	const { label } = run.settings.gateway;
	if (duplicate) return { kind: 'unknown', key, error: takenButNotShown(key, label, error) };
	const entry = run.record.get(work.slot);
	if (entry !== undefined) run.record.put(work.slot, { ...entry, state: 'unknown' }, 'notPaid');
	run.ports.log(`A task may exist under the external task ID ${key}`);
	return { kind: 'unknown', key, error: mayExist(key, againFacts(run, work.job), error) };
}

function endClaimed(run: Run, work: Work, { key }: Do<'endClaimed'>): Submission {
	run.ports.log(`A task may exist under the external task ID ${key}: it was submitted before`);
	return { kind: 'unknown', key, error: submittedBefore(key, againFacts(run, work.job)) };
}

/** What decides whether, and how, the same is submitted again. */
export function againFacts(run: Run, job: Job) {
	const { gateway, reuse } = run.settings;
	return { gateway, reuse, ownKey: job.userKey !== undefined, claimed: isClaimed(run, job) };
}

function errorOf(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}
