// Sleep or poll: chooses how to wait, and says why in a sentence for the output pane.
import { isPrivateHost } from '../api/request';

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
