// Which way of waiting is chosen for which facts, and why it is said to be.
import { chooseWait, waitForEarlier, type WaitFacts } from '../../../nodes/Kling/waiting/choice';

const PUBLIC = 'https://n8n.example.com/webhook-waiting/7/kling?signature=x';
const PRIVATE = 'http://localhost:5678/webhook-waiting/7/kling?signature=x';

function choose(over: Partial<WaitFacts> = {}) {
	return chooseWait({
		waitUsing: 'auto',
		isTool: false,
		isManual: false,
		resumeUrl: PUBLIC,
		ownCallbackUrl: false,
		waitMs: 1_800_000,
		canSleep: true,
		...over,
	});
}

const saying = (kind: string, callbackUrl: string | undefined, words: string) => ({
	kind,
	...(kind === 'sleep' && { callbackUrl }),
	reason: expect.stringContaining(words),
});

describe('automatic', () => {
	it('sleeps until the service calls, where this n8n can be reached from outside', () => {
		expect(choose()).toMatchObject(saying('sleep', PUBLIC, 'when the service calls'));
	});

	it.each<[string, Partial<WaitFacts>, string]>([
		['the user gave a callback URL', { ownCallbackUrl: true }, "'Callback URL' is given"],
		['there is no resume URL', { resumeUrl: undefined }, 'no address'],
		['the URL is none', { resumeUrl: 'n8n' }, 'no address'],
		['the URL is plain http', { resumeUrl: PUBLIC.replace('https', 'http') }, 'https'],
		['this n8n has a private address', { resumeUrl: PRIVATE }, 'WEBHOOK_URL'],
	])('sleeps without a call when %s', (_, facts, words) => {
		expect(choose(facts)).toMatchObject(saying('sleep', undefined, words));
	});

	it.each([
		'localhost',
		'127.0.0.1',
		'[::1]',
		'10.1.2.3',
		'172.20.0.2',
		'192.168.1.5',
		'169.254.1.1',
		'100.64.0.1',
		'[fd00::1]',
		'[fe80::1]',
		'[::ffff:192.168.1.5]',
		'n8n',
		'n8n.local',
		'n8n.internal',
		'2130706433',
		'0x7f.1',
	])('does not give out the address %s', (host) => {
		const wait = choose({ resumeUrl: `https://${host}/webhook-waiting/7` });
		expect(wait).toMatchObject(saying('sleep', undefined, 'cannot be reached from the internet'));
	});

	it('polls in a manual run that nobody can call, because a person is watching', () => {
		const wait = choose({ isManual: true, resumeUrl: PRIVATE });
		expect(wait).toMatchObject(saying('poll', undefined, 'manual run'));
	});

	it('sleeps in a manual run that can be called', () => {
		expect(choose({ isManual: true })).toMatchObject({ kind: 'sleep', callbackUrl: PUBLIC });
	});
});

describe('callback', () => {
	it('gives out a private address too, with a word of doubt', () => {
		const wait = choose({ waitUsing: 'callback', resumeUrl: PRIVATE, isManual: true });
		expect(wait).toMatchObject(saying('sleep', PRIVATE, 'cannot be reached'));
	});

	it.each<[string, Partial<WaitFacts>]>([
		['the user gave a callback URL', { ownCallbackUrl: true }],
		['there is no resume URL', { resumeUrl: undefined }],
	])('sleeps without a call when %s', (_, facts) => {
		expect(choose({ waitUsing: 'callback', ...facts })).toMatchObject({
			kind: 'sleep',
			callbackUrl: undefined,
		});
	});
});

describe.each(['auto', 'callback'] as const)('with %s', (waitUsing) => {
	it.each<[string, Partial<WaitFacts>, string]>([
		['an AI agent waits', { isTool: true }, 'AI agent'],
		['n8n cannot run the node again', { canSleep: false }, 'cannot run a node again'],
		['the wait is too short', { waitMs: 89_999 }, 'too short'],
	])('polls when %s', (_, facts, words) => {
		expect(choose({ waitUsing, ...facts })).toMatchObject(saying('poll', undefined, words));
	});
});

test('polling is polling', () => {
	expect(choose({ waitUsing: 'poll' })).toMatchObject(saying('poll', undefined, 'Polling'));
});

test('a task of an earlier execution does not call this one', () => {
	expect(waitForEarlier(choose())).toMatchObject(saying('sleep', undefined, 'earlier execution'));
	expect(waitForEarlier(choose({ isTool: true }))).toEqual(choose({ isTool: true }));
});
