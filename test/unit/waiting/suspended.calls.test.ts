// Which calls wake a sleeping execution up.
import { type CallHint, Calls, type SuspendedItem } from '../../../nodes/Kling/waiting/suspended';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1);

function itemsOf(count: number, finished = 0): SuspendedItem[] {
	return Array.from({ length: count }, (_, item) => ({
		item,
		family: 'multiImage',
		id: `task-${item}`,
		key: `key-${item}`,
		calls: true,
		deadline: NOW + 30 * MINUTE,
		maxWaitMinutes: 30,
		lastKnown: {
			task: { id: `task-${item}`, status: item < finished ? 'succeed' : 'processing', videos: [] },
			raw: {},
		},
		options: {
			downloadVideo: true,
			outputFieldName: 'data',
			simplify: true,
			watermark: false,
			onTimeout: 'error',
		},
	}));
}

const ended = (id: string): CallHint => ({ kind: 'task', id, status: 'succeed' });

function sleeping(count: number, finished = 0, sleptAt = NOW) {
	const calls = new Calls();
	const run = { sleptAt, items: itemsOf(count, finished) };
	return {
		run,
		call: (hint: CallHint, now = NOW + 1_000) => calls.judge('7', run, hint, now),
		again: (hint: CallHint, now: number) => calls.judge('7', { ...run, sleptAt: now }, hint, now),
	};
}

test.each(['submitted', 'processing'] as const)('one that tells of "%s" does not', (status) => {
	expect(sleeping(1).call({ kind: 'task', id: 'task-0', status })).toBe('ignore');
});

test.each([
	['that names the only task', ended('task-0')],
	['that names its external id', { ...ended('other'), externalId: 'key-0' } as CallHint],
	['about another id, which some gateways post', ended('another')],
	['that tells of a failed task', { kind: 'task', id: 'task-0', status: 'failed' } as CallHint],
	['that cannot be read', { kind: 'unreadable' } as CallHint],
])('one %s does', (_, hint) => {
	expect(sleeping(1).call(hint)).toBe('wake');
});

test('of a batch of which only the last tasks call, the last of these does', () => {
	const items = itemsOf(12).map((one, index) => ({ ...one, calls: index > 9 }));
	const run = { sleptAt: NOW, items };
	const calls = new Calls();
	const hints = [ended('task-10'), ended('task-11')];
	expect(hints.map((hint) => calls.judge('7', run, hint, NOW + 1_000))).toEqual(['ignore', 'wake']);
});

test('one of a task that is known to have ended does not, while the others do not call', () => {
	const items = itemsOf(3, 1).map((one, index) => ({ ...one, calls: index === 0 }));
	const calls = new Calls();
	expect(calls.judge('7', { sleptAt: NOW, items }, ended('task-0'), NOW + 1_000)).toBe('ignore');
});

test('of a batch that ends within a minute only the last one does', () => {
	const { call } = sleeping(4, 1);
	const hints = ['task-1', 'task-1', 'task-2', 'task-3'].map(ended);
	expect(hints.map((hint) => call(hint))).toEqual(['ignore', 'ignore', 'ignore', 'wake']);
});

test('of a batch that ends slowly one a minute does', () => {
	const { call, again } = sleeping(4);
	expect(call(ended('task-0'))).toBe('ignore');
	expect(call(ended('task-1'), NOW + MINUTE)).toBe('wake');
	expect(again(ended('task-2'), NOW + MINUTE + 1_000)).toBe('ignore');
});

test('of ten at once only the first one does', () => {
	const { call } = sleeping(1);
	const answers = Array.from({ length: 10 }, () => call(ended('task-0')));
	expect(answers).toEqual(['wake', ...Array<string>(9).fill('ignore')]);
});

test('a later one does when n8n has lost the wake-up', () => {
	const { call } = sleeping(1);
	expect(call(ended('task-0'))).toBe('wake');
	expect(call(ended('task-0'), NOW + 30_000)).toBe('ignore');
	expect(call(ended('task-0'), NOW + MINUTE + 1_000)).toBe('wake');
});

test('in its next sleep an execution can be woken up at once', () => {
	const { call, again } = sleeping(1);
	expect(call(ended('task-0'))).toBe('wake');
	expect(again(ended('task-0'), NOW + 2_000)).toBe('wake');
});

test('an execution of version 0.1 is woken up by any end', () => {
	expect(new Calls().judge('7', undefined, ended('task-0'), NOW)).toBe('wake');
});
