// How to wait: asleep or by polling, with the reason in a sentence, and when a sleeping execution is to wake up. Pure.
import { isPrivateHost } from '../api/urls';

export interface WaitFacts {
	/** The node's option *Wait Using*. */
	waitUsing: 'auto' | 'callback' | 'poll';
	/** Called by an AI agent. */
	isTool: boolean;
	/** Started by hand in the editor: a person is watching. */
	isManual: boolean;
	/** The address at which this execution can be called, where n8n has one. */
	resumeUrl?: string;
	/** The user gave a callback URL of their own, for at least one item. */
	ownCallbackUrl: boolean;
	/** How long the user lets the node wait, in milliseconds. */
	waitMs: number;
	/** This n8n runs the node again after a sleep. */
	canSleep: boolean;
}

export type EffectiveWait =
	| { kind: 'poll'; reason: string }
	/** `callbackUrl`: where the service is told to call, if anywhere. */
	| { kind: 'sleep'; callbackUrl?: string; reason: string };

/** n8n looks for sleeping executions once a minute, so a shorter wait is not worth a sleep. */
const SHORTEST_WAIT_MS = 90_000;

/** Chooses how to wait. Pure. */
export function chooseWait(facts: WaitFacts): EffectiveWait {
	const { waitUsing, ownCallbackUrl, resumeUrl } = facts;
	if (waitUsing === 'poll') return poll("'Wait Using' is set to Polling");
	if (facts.isTool) return poll('an AI agent is waiting for the answer');
	if (!facts.canSleep) return poll('this version of n8n cannot run a node again after a sleep');
	if (facts.waitMs < SHORTEST_WAIT_MS) return poll("'Max Wait (Minutes)' is too short to sleep");

	const doubt = ownCallbackUrl
		? "'Callback URL' is given, and a task calls only one address"
		: unreachable(resumeUrl);
	if (doubt === undefined) return sleep(resumeUrl, 'and goes on when the service calls');
	if (waitUsing === 'callback' && !ownCallbackUrl && resumeUrl !== undefined) {
		return sleep(resumeUrl, `and goes on when the service calls. Note that ${doubt}`);
	}
	if (waitUsing === 'auto' && facts.isManual && !ownCallbackUrl) {
		return poll(`this is a manual run, and ${doubt}`);
	}
	return withoutCalls(doubt);
}

/** The same where a task of an earlier execution is waited for. */
export function waitForEarlier(wait: EffectiveWait): EffectiveWait {
	if (wait.kind === 'poll' || wait.callbackUrl === undefined) return wait;
	return withoutCalls('a task of an earlier execution is used, which calls that one');
}

function withoutCalls(doubt: string): EffectiveWait {
	return sleep(undefined, `and asks the service every few minutes, because ${doubt}`);
}

/** @returns why the service probably cannot call this address */
function unreachable(resumeUrl: string | undefined): string | undefined {
	if (resumeUrl === undefined || !URL.canParse(resumeUrl)) {
		return 'this n8n instance gives this execution no address';
	}
	const { protocol, hostname } = new URL(resumeUrl);
	if (isPrivateHost(hostname)) {
		return `the address of this n8n instance (${hostname}) cannot be reached from the internet; WEBHOOK_URL sets it`;
	}
	if (protocol !== 'https:') {
		return 'the address of this n8n instance does not start with https://, so the call could be read on its way';
	}
	return undefined;
}

function poll(reason: string): EffectiveWait {
	return { kind: 'poll', reason: `The execution stays active and polls: ${reason}.` };
}

function sleep(callbackUrl: string | undefined, reason: string): EffectiveWait {
	return {
		kind: 'sleep',
		callbackUrl,
		reason: `The execution sleeps without holding a worker ${reason}.`,
	};
}

export interface SliceFacts {
	/** Unix time in milliseconds. */
	now: number;
	/** The nearest deadline of an open task, Unix time in milliseconds. */
	deadline: number;
	/** The service will call when a task has ended. */
	callbackExpected: boolean;
	/** How often the execution has woken up before. */
	wakes: number;
	/** How much earlier than planned it has just woken up, because it was called; negative: later. In milliseconds. */
	earlyMs: number;
	/** The execution holds so much data that each wake-up is a burden to n8n's database. */
	muchData: boolean;
}

/** n8n's timer looks once a minute and takes what falls due within 70 s: a shorter slice would be late. */
export const SHORTEST_SLICE_MS = 60_000;
const LONG_SLICE_MS = 300_000;
/** A slice that is no longer than n8n's timer looks ahead is on time. */
const FIRST_SLICES_MS = 65_000;
const MIDDLE_SLICES_MS = 120_000;
/** The number of slices of each length, without a callback. */
const FIRST_SLICES = 4;
const MIDDLE_SLICES = 5;

/**
 * With a callback 300 s, or 60 s after a call: gateways may know of an end later than Kling, and calls that come
 * while the execution is awake are lost. Without one 65 s for the first few, then 120 s, then 300 s. An execution
 * that wakes up late sleeps longer: all slots for executions are taken then, and n8n queues one more copy for each minute of waiting.
 *
 * @returns Unix time in milliseconds; the deadline when no whole slice would be left after this one
 */
export function nextWake(facts: SliceFacts): number {
	const { now, deadline } = facts;
	const slice = Math.max(sliceOf(facts), Math.min(-2 * facts.earlyMs, LONG_SLICE_MS));
	return now + slice + SHORTEST_SLICE_MS > deadline
		? Math.max(deadline, now + SHORTEST_SLICE_MS)
		: now + slice;
}

function sliceOf({ callbackExpected, wakes, earlyMs, muchData }: SliceFacts): number {
	if (muchData) return LONG_SLICE_MS;
	if (callbackExpected) return earlyMs > CALLED_MS ? SHORTEST_SLICE_MS : LONG_SLICE_MS;
	if (wakes < FIRST_SLICES) return FIRST_SLICES_MS;
	return wakes < FIRST_SLICES + MIDDLE_SLICES ? MIDDLE_SLICES_MS : LONG_SLICE_MS;
}

/** An execution that wakes up this much earlier than planned was called. */
const CALLED_MS = 5_000;
