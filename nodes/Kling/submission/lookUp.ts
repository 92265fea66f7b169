// Asks the service for a task by key or id, with the patience that the question deserves.
import type { FetchOutcome } from '../api/client';
import { isBareNotFound } from '../api/errors';
import type { Gateway } from '../api/gateways';
import type { Family } from '../api/models';
import { againDelayMs, orStopped } from '../waiting/backoff';
import type { Look } from './facts';
import type { Ports } from './ports';
import { notCarryingKey } from './words';

/** A submit whose outcome is unknown is looked up for at least this long before it counts as absent. */
const THOROUGH_MS = 60_000;
/** How long a service that does not answer is asked; nothing is concluded from its silence. */
const SILENT_MS = 180_000;
const BRIEF_TRIES = 4;
const LONGEST_PAUSE_MS = 60_000;

export type Patience =
	/** A first look: one answer is enough. */
	| 'brief'
	/** A task may have been made just now: only a lasting absence counts. */
	| 'thorough';

type LookUpPorts = Pick<Ports, 'client' | 'clock' | 'random' | 'signal'>;
type LookUp = Gateway['externalIdLookUp'];

/** Looks for the task with this external task id. */
export async function lookUpKey(
	ports: LookUpPorts,
	family: Family,
	key: string,
	how: { lookUp: LookUp; patience: Patience },
): Promise<Look | 'stopped'> {
	return await ask(ports, how.patience, () => askByKey(ports, family, key, how.lookUp));
}

/**
 * Asks for a task whose id is known; where that id is not known to the service, for its key, because
 * some gateways give out ids that they do not take back.
 */
export async function fetchKnown(
	ports: LookUpPorts,
	family: Family,
	known: { id: string; key: string },
	how: { lookUp: LookUp; patience: Patience },
): Promise<Look | 'stopped'> {
	return await ask(ports, how.patience, async () => {
		const outcome = await ports.client.fetch(family, known.id, { externalId: known.key });
		if (outcome.kind !== 'missing' || how.lookUp === 'none') return outcome;
		return await askByKey(ports, family, known.key, how.lookUp);
	});
}

async function askByKey(
	ports: LookUpPorts,
	family: Family,
	key: string,
	lookUp: LookUp,
): Promise<FetchOutcome> {
	const outcome = await ports.client.fetch(family, key, { externalId: key });
	if (outcome.kind !== 'found') return outcome;
	// Where nobody promised a look-up by key, only a task that carries the key is believed to be ours.
	if (lookUp === 'try' && outcome.task.externalId !== key) {
		return { kind: 'missing', error: notCarryingKey(key) };
	}
	return { ...outcome, task: { ...outcome.task, externalId: outcome.task.externalId ?? key } };
}

async function ask(
	ports: LookUpPorts,
	patience: Patience,
	once: () => Promise<FetchOutcome>,
): Promise<Look | 'stopped'> {
	const { clock, random, signal } = ports;
	const since = clock.now();
	// Money rule: a lasting absence is counted in pauses, because a clock may be set forward meanwhile.
	let pausedMs = 0;
	for (let round = 0; ; round++) {
		const answer = await orStopped(once(), signal);
		if (answer === 'stopped' || signal?.aborted) return 'stopped';
		const look = lookOf(answer);
		const lastsMs = look.kind === 'absent' ? pausedMs : clock.now() - since;
		if (isEnough(look, patience, round, lastsMs)) return look;
		const retryAfterMs = look.kind === 'unanswered' ? look.error.facts.retryAfterMs : undefined;
		const pause = Math.min(againDelayMs(round, random, retryAfterMs), LONGEST_PAUSE_MS);
		await clock.sleep(pause, signal);
		pausedMs += pause;
		if (signal?.aborted) return 'stopped';
	}
}

function lookOf(answer: FetchOutcome): Look {
	switch (answer.kind) {
		case 'found':
			return { kind: 'found', told: { task: answer.task, raw: answer.raw } };
		case 'missing':
			return { kind: 'absent', error: answer.error };
		case 'refused':
			return { kind: isBareNotFound(answer.error) ? 'unanswered' : 'refused', error: answer.error };
		case 'transient':
			return { kind: 'unanswered', error: answer.error };
	}
}

/** Money rule: absence right after a submit is believed only when it is still told after 60 s. */
function isEnough(look: Look, patience: Patience, round: number, lastsMs: number): boolean {
	if (look.kind === 'found' || look.kind === 'refused') return true;
	if (patience === 'brief' && (look.kind === 'absent' || round + 1 >= BRIEF_TRIES)) return true;
	return lastsMs >= (look.kind === 'absent' ? THOROUGH_MS : SILENT_MS);
}
