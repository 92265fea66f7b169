// Park or poll: chooses how to wait, and says why in a sentence for the output pane.
import { isPrivateHost } from '../api/request';

export interface WaitFacts {
	/** The node's option *Wait Using*. */
	waitUsing: 'auto' | 'callback' | 'poll';
	/** Called by an AI agent. */
	isTool: boolean;
	/** The address at which this execution can be resumed, where n8n has one. */
	resumeUrl?: string;
	/** The user gave a callback URL of their own, for at least one item. */
	ownCallbackUrl: boolean;
	/** How long the user lets the node wait, in milliseconds. */
	waitMs: number;
	/** Service and model take a `callback_url`. */
	takesCallback: boolean;
	/** This n8n can put an execution to sleep and wake it by a call. */
	canPark: boolean;
}

export type WaitChoice =
	| { mode: 'callback'; reason: string }
	| { mode: 'poll'; reason: string }
	/** `callback` was asked for and is impossible. */
	| { mode: 'refused'; reason: string; nextStep: string };

/** n8n looks for sleepers once a minute, so a shorter sleep would overrun its deadline. */
const MIN_PARK_MS = 90_000;

/** Chooses how to wait. Pure. */
export function chooseWait(facts: WaitFacts): WaitChoice {
	if (facts.waitUsing === 'poll') return poll("'Wait Using' is set to Polling");
	if (facts.isTool)
		return poll('an AI agent is waiting for the answer, so the execution must not sleep');
	return facts.waitUsing === 'callback' ? asked(facts) : auto(facts);
}

function auto(facts: WaitFacts): WaitChoice {
	const obstacle = obstacleOf(facts);
	if (obstacle !== undefined) return poll(obstacle.reason);
	const doubt = doubtOf(facts);
	if (doubt !== undefined) return poll(doubt);
	return {
		mode: 'callback',
		reason: 'The execution sleeps until the service calls back; no worker is held meanwhile',
	};
}

/** Who asks for a callback gets one where it is possible at all: private networks and tests use plain addresses. */
function asked(facts: WaitFacts): WaitChoice {
	const obstacle = obstacleOf(facts);
	if (obstacle !== undefined) {
		const reason = `'Wait Using' is set to Callback, but ${obstacle.reason}`;
		return { mode: 'refused', reason, nextStep: obstacle.nextStep };
	}
	const doubt = doubtOf(facts);
	const sleeps = 'The execution sleeps until the service calls back';
	return {
		mode: 'callback',
		reason: doubt === undefined ? sleeps : `${sleeps}. Note that ${doubt}`,
	};
}

/** What makes a callback impossible. */
function obstacleOf(facts: WaitFacts): { reason: string; nextStep: string } | undefined {
	if (facts.ownCallbackUrl) {
		return {
			reason: "'Callback URL' is given, and a task can call only one address",
			nextStep: "Clear 'Callback URL', or set 'Wait Using' to Automatic or Polling.",
		};
	}
	if (!facts.takesCallback) {
		return {
			reason: 'this service takes no callback URL',
			nextStep: "Set 'Wait Using' to Automatic or Polling.",
		};
	}
	if (!facts.canPark || facts.resumeUrl === undefined) {
		return {
			reason: 'this n8n cannot resume a sleeping execution here',
			nextStep: "Set 'Wait Using' to Automatic or Polling.",
		};
	}
	return undefined;
}

/** What makes a callback unlikely to arrive, or not worth while. */
function doubtOf({ resumeUrl = '', waitMs }: WaitFacts): string | undefined {
	if (!URL.canParse(resumeUrl))
		return `the address of this n8n (${resumeUrl}) is not a complete URL`;
	const { protocol, hostname } = new URL(resumeUrl);
	if (isPrivateHost(hostname)) {
		return `the address of this n8n (${hostname}) cannot be reached from the internet; to wait by callback, set WEBHOOK_URL to one that can`;
	}
	if (protocol !== 'https:') {
		return `the address of this n8n does not start with https://, so the call could be read on its way`;
	}
	if (waitMs < MIN_PARK_MS) {
		return `'Max Wait (Minutes)' is short, and n8n looks for sleeping executions only once a minute`;
	}
	return undefined;
}

function poll(reason: string): WaitChoice {
	return { mode: 'poll', reason: `The video is waited for by polling: ${reason}` };
}
