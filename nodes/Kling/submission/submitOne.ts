// Carries one item from its first look to its end: asks decide.ts what to do, does it, asks again.
import type { CreateOutcome } from '../api/client';
import { againDelayMs, orStopped } from '../waiting/backoff';
import { decide, keyFor, type Action, type State } from './decide';
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
import { hold, workUnderWay, type Name, type RateLimiter, type Refusal } from './rateLimiter';
import { lookUpUntil, type Thoroughness } from './reconcile';
import type { Entry, SubmitCap } from './records';
import {
	adopt,
	clashOf,
	entryOf,
	factsOf,
	isClaimed,
	refused,
	stopped,
	STOPPED_UNSENT,
	trust,
	workOf,
	type Group,
	type Run,
	type Work,
} from './work';

type Do<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;
/** What is done and leads on to another decision; every other action ends the item. */
type Leading = 'fetch' | 'lookUp' | 'search' | 'send';
/** Where the work stands now, or what became of it. */
type Step = { next: State } | { end: Submission };

/** Shared by all executions of this process: for work that has the same key in each of them. */
const EVERY_EXECUTION = {};

/** Ends with what became of the item; never throws for what the service does. */
export async function submitOne(run: Run, group: Group): Promise<Submission> {
	const names = namesOf(run, group);
	for (let other = workUnderWay(names); other !== undefined; other = workUnderWay(names)) {
		if ((await orStopped(other, run.ports.signal)) === 'stopped') return STOPPED_UNSENT;
	}
	const letGo = hold(names);
	try {
		const clash = clashOf(group, run.record, run.settings.run);
		if (clash !== undefined) return refused(clash);
		const work = { ...group, facts: factsOf(run, group) };
		let step: Step = { next: { kind: 'start' } };
		while ('next' in step) {
			const action = decide(work.facts, step.next);
			switch (action.kind) {
				case 'fetch':
					step = await fetchRemembered(run, work, action);
					break;
				case 'lookUp':
					step = await lookUp(run, work, action);
					break;
				case 'search':
					step = await search(run, work);
					break;
				case 'send':
					step = await send(run, work, action);
					break;
				default:
					step = { end: endOf(run, work, action) };
			}
		}
		run.cap.release(work.slot);
		return step.end;
	} catch (thrown) {
		return brokenEnd(run, group, thrown);
	} finally {
		letGo();
	}
}

/**
 * Money rule: work that has one key in all executions is done by one of them at a time. The look before
 * the first send finds nothing while another is sending, and not every service refuses a key that it has.
 */
function namesOf({ record, settings }: Run, { job, slot }: Group): Name[] {
	const hasOneKey = job.userKey !== undefined || settings.reuse === 'workflow';
	const inExecution: Name = [record.shared, slot];
	return hasOneKey ? [[EVERY_EXECUTION, workOf(job)], inExecution] : [inExecution];
}

/** What breaks unforeseen ends its own items, not the others. */
function brokenEnd(run: Run, { slot, job }: Group, thrown: unknown): Submission {
	const error = errorOf(thrown);
	const open = run.record.get(slot);
	if (open?.state !== 'sending') return refused(error);
	const { key } = open;
	return {
		kind: 'unknown',
		key,
		error: mayExist(key, againFacts(run, job), brokeOff(error.message)),
	};
}

function endOf(run: Run, work: Work, action: Exclude<Action, { kind: Leading }>): Submission {
	const { label } = run.settings.gateway;
	switch (action.kind) {
		case 'adopt':
			return adopt(run, work, action);
		case 'trust':
			return trust(run, work, action);
		case 'endInDoubt':
			return endInDoubt(run, work, action);
		case 'endClaimed':
			return endClaimed(run, work, action);
		case 'endLost': {
			const error = paidButNotShown(action.id, label, action.error);
			return { kind: 'refused', error, key: action.key, taskId: action.id };
		}
		case 'refuse': {
			const isUnreached = action.error.facts.category === 'network';
			return refused(isUnreached ? neverLeft(action.error) : action.error);
		}
		case 'refuseUnchecked':
			return refused(unchecked(label, action.error));
		case 'giveUpAttempts':
			return refused(tooManyFailed(action.key));
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
	const { inDoubt, unsent } = action;
	if (inDoubt === 0 && !cap.reserve(work.slot)) return { end: capped(cap) };
	if (action.because === 'notSent') {
		await ports.clock.sleep(againDelayMs(unsent, ports.random), ports.signal);
	}
	const turn = await limiter.acquire(work.orders[0] ?? 0, work.job.bytes);
	if (turn === 'stopped') return { end: STOPPED_UNSENT };
	if (turn !== 'acquired') return { end: notSubmitted(run, turn) };
	try {
		const key = keyFor(work.facts, action.attempt);
		const attempt = { key, attempt: action.attempt, inDoubt, unsent };
		const body = await orStopped(built(work.job, key), ports.signal);
		if (ports.signal?.aborted || body === 'stopped') return { end: STOPPED_UNSENT };
		if (body instanceof Error) return { end: refused(body) };
		if (inDoubt === 0 && cap.isUsedUp) {
			cap.release(work.slot);
			return { end: capped(cap) };
		}
		const written = await writeAhead(run, work, attempt);
		if (!('takeBack' in written)) return written;

		const pending = ports.client.create(work.job.family, body).catch(lostOnTheWay);
		const outcome = await orStopped(pending, ports.signal);
		const isCutOff = outcome === 'stopped' || (outcome.kind === 'unknown' && ports.signal?.aborted);
		if (outcome === 'stopped' || isCutOff) {
			void pending.then((late) => rememberLate(run, work, attempt, late));
			return { end: stopped(run, key, true) };
		}
		if (isProvenUnpaid(outcome, inDoubt)) await written.takeBack();
		tellLimiter(limiter, outcome);
		return { next: { kind: 'answered', ...attempt, outcome } };
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

/**
 * Money rule: written before the request, so that a later try knows that a task may exist.
 *
 * @returns what takes it back once it is proven that no task was made; or why nothing is to be sent
 */
async function writeAhead(
	run: Run,
	work: Work,
	attempt: Attempt,
): Promise<{ takeBack(): Promise<void> } | Step> {
	const { record, ports, cap } = run;
	const { key, inDoubt } = attempt;
	const before = record.get(work.slot);
	const isNewClaim = inDoubt === 0 && isClaimed(run, work.job);
	const isHeldToTheEnd = isNewClaim && isOfOneExecution(run, work.job);
	const state = { ...attempt, state: 'sending', claimed: isHeldToTheEnd } as const;
	record.put(work.slot, entryOf(run, work, state), inDoubt > 0 ? 'notPaid' : 'paid');
	cap.spend(work.slot);
	const takeBack = async (isReleased = isNewClaim) => {
		record.takeBack(work.slot, inDoubt > 0 ? beforeBoth(work, attempt) : before);
		cap.regain(work.slot);
		if (isReleased) await release(run, key);
	};
	if (!isNewClaim) return { takeBack };

	const claim = await claimKey(run, key, isHeldToTheEnd);
	if (claim === 'claimed' && !ports.signal?.aborted) return { takeBack };
	await takeBack(claim === 'claimed');
	if (claim === 'claimed') return { end: STOPPED_UNSENT };
	if (claim !== 'known') return { end: refused(storeSilent(claim.message)) };
	const { id } = run.claims.get(key) ?? {};
	return { next: { kind: 'claimed', key, attempt: attempt.attempt, id } };
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
function lostOnTheWay(thrown: unknown): CreateOutcome {
	return { kind: 'unknown', error: brokeOff(errorOf(thrown).message) };
}

/** The answer came after Stop: it is remembered, so that a later try finds the task. */
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
function againFacts(run: Run, job: Job) {
	const { gateway, reuse } = run.settings;
	return { gateway, reuse, ownKey: job.userKey !== undefined, claimed: isClaimed(run, job) };
}

/** What was thrown, as an error whatever it was. */
export function errorOf(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}
