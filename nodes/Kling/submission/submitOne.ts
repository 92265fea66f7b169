// Carries one item from its first look to its end: asks decide.ts what to do, does it, asks again.
import { decide } from './decide';
import type { Decision, Situation } from './facts';
import { fetchKnown, lookUpKey, type Patience } from './lookUp';
import type { Submission } from './ports';
import { adopt, refused, stopped, STOPPED_UNSENT, trust, type Run, type Work } from './run';
import { send, type Do, type Step } from './send';
import {
	mayExist,
	neverLeft,
	paidButNotShown,
	takenButNotShown,
	tooManyFailed,
	unchecked,
} from './words';

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

function endUnknown(run: Run, work: Work, { key, error, taken }: Do<'endUnknown'>): Submission {
	const { gateway } = run.settings;
	if (taken) return { kind: 'unknown', key, error: takenButNotShown(key, gateway.label, error) };
	const entry = run.record.get(work.slot);
	if (entry !== undefined) run.record.put(work.slot, { ...entry, state: 'unknown' }, 'notPaid');
	run.ports.log(`A task may exist under the external task ID ${key}`);
	return { kind: 'unknown', key, error: mayExist(key, gateway, error) };
}
