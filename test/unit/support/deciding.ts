// Facts, looks and situations from which a decision is made, each as a test needs it.
import type { Facts, Look } from '../../../nodes/Kling/submission/facts';
import type { Entry } from '../../../nodes/Kling/submission/memory';
import type { Task } from '../../../nodes/Kling/api/task';
import { said } from './serviceModel';

export const NOW = Date.UTC(2026, 0, 1);
const DAY = 24 * 60 * 60 * 1000;
const trusted = {
	listRoute: 'known',
	externalIdLookUp: 'trusted',
	lookUpProvesAbsence: true,
} as const;
export const blind = {
	listRoute: 'none',
	externalIdLookUp: 'none',
	lookUpProvesAbsence: false,
} as const;
export const tried = {
	listRoute: 'try',
	externalIdLookUp: 'try',
	lookUpProvesAbsence: false,
} as const;

export const absent: Look = { kind: 'absent', error: said('missing', 'no such task') };
export const unanswered: Look = { kind: 'unanswered', error: said('service', 'no answer') };
export const keyRefused: Look = { kind: 'refused', error: said('auth', 'wrong key') };

export function facts(over: Partial<Facts> = {}): Facts {
	return {
		gateway: trusted,
		reuse: 'execution',
		ownKey: false,
		isRetry: false,
		keyOf: (attempt) => `key-${attempt}`,
		...over,
	};
}

export function entry(over: Partial<Entry> = {}): Entry {
	return {
		key: 'key-0',
		fingerprint: 'f',
		executionId: '1',
		run: 0,
		item: 0,
		attempt: 0,
		state: 'sent',
		id: 'task-1',
		family: 'multiImage',
		at: NOW,
		...over,
	};
}

export const openEntry = (state: 'sending' | 'unknown') => entry({ state, id: undefined });

export function task(over: Partial<Task> = {}): Task {
	return {
		id: 'task-1',
		status: 'processing',
		videos: [],
		createdAt: NOW,
		updatedAt: NOW,
		...over,
	};
}

export const found = (over: Partial<Task> = {}): Look => ({
	kind: 'found',
	told: { task: task(over), raw: {} },
});
export const succeeded: Partial<Task> = {
	status: 'succeed',
	videos: [{ url: 'https://cdn.example/1.mp4' }],
};
export const expired: Partial<Task> = { ...succeeded, updatedAt: NOW - 31 * DAY };

export const fetched = (source: 'execution' | 'earlier' | 'workflow', look: Look) =>
	({ at: 'fetched', source, look, now: NOW }) as const;
export const lookedUp = (
	why: 'beforeFirstSend' | 'unknown' | 'left' | 'earlier' | 'taken',
	look: Look,
	unsettled = 1,
	attempt = 0,
) => ({ at: 'lookedUp', why, attempt, unsettled, look, now: NOW }) as const;

export const sendsAgain = { do: 'send', attempt: 0, unsettled: 1, unsent: 0 };
export const sendsFirst = { do: 'send', attempt: 0, unsettled: 0, unsent: 0 };
