// What is remembered of started executions: once per task and status, within bounds, over a restart.
import fc from 'fast-check';

import type { Task, TaskStatus } from '../../../nodes/Kling/api/task';
import { deduplicationOf, StartedTasks } from '../../../nodes/Kling/trigger/deduplication';
import type { TriggerSettings } from '../../../nodes/Kling/trigger/settings';

const status = fc.constantFrom<TaskStatus[]>('submitted', 'processing', 'succeed', 'failed');
const notice = fc.tuple(fc.stringMatching(/^[0-9a-z]{1,20}$/), status);

/** What the trigger does for each notification. */
function startsFor(seen: StartedTasks, taskId: string, at: TaskStatus): boolean {
	if (seen.has(taskId, at)) return false;
	seen.add(taskId, at);
	return true;
}

test('a status of a task starts once, in whatever order the notifications come', () => {
	fc.assert(
		fc.property(fc.array(notice, { maxLength: 200 }), (notices) => {
			const seen = new StartedTasks();
			const started = notices.filter(([id, at]) => startsFor(seen, id, at));
			expect(started.map(String).sort()).toEqual([...new Set(notices.map(String))].sort());
		}),
	);
});

test('progress that arrives after the end is a status of its own', () => {
	const seen = new StartedTasks();
	expect(startsFor(seen, '1', 'succeed')).toBe(true);
	expect(startsFor(seen, '1', 'processing')).toBe(true);
	expect(startsFor(seen, '1', 'succeed')).toBe(false);
});

test('a restart in between changes nothing', () => {
	fc.assert(
		fc.property(
			fc.array(notice, { maxLength: 100 }),
			fc.nat({ max: 100 }),
			(notices, restartAt) => {
				let seen = new StartedTasks();
				let starts = 0;
				notices.forEach(([id, at], index) => {
					if (index === restartAt) {
						const { record } = seen;
						seen = new StartedTasks();
						seen.absorb(JSON.parse(JSON.stringify(record)));
					}
					if (startsFor(seen, id, at)) starts += 1;
				});
				expect(starts).toBe(new Set(notices.map(String)).size);
			},
		),
	);
});

test('what another process stored is taken over, and what this one knows stays', () => {
	const [here, there] = [new StartedTasks(), new StartedTasks()];
	here.add('1', 'succeed');
	there.add('2', 'failed');
	here.absorb(there.record);
	expect(here.has('1', 'succeed')).toBe(true);
	expect(here.has('2', 'failed')).toBe(true);
	expect(here.record).toHaveLength(16);
});

test('an older record of its own takes nothing back', () => {
	const seen = new StartedTasks();
	seen.add('1', 'succeed');
	const { record } = seen;
	seen.add('2', 'succeed');
	seen.absorb(record);
	expect(seen.has('2', 'succeed')).toBe(true);
	expect(seen.record).toHaveLength(16);
});

test('the oldest is dropped first, and neither bound is passed', () => {
	const seen = new StartedTasks(4, 2);
	for (const id of ['1', '2', '3', '4', '5']) seen.add(id, 'succeed');
	expect(['1', '2', '3', '4', '5'].map((id) => seen.has(id, 'succeed'))).toEqual([
		false,
		true,
		true,
		true,
		true,
	]);
	const restarted = new StartedTasks(4, 2);
	restarted.absorb(seen.record);
	expect(['3', '4', '5'].map((id) => restarted.has(id, 'succeed'))).toEqual([false, true, true]);
});

test('the stored record stays small however long ids are and however many there were', () => {
	const seen = new StartedTasks();
	for (let count = 0; count < 12_000; count += 1) seen.add(`${'x'.repeat(100)}${count}`, 'succeed');
	expect(Buffer.byteLength(JSON.stringify(seen.record))).toBeLessThan(17_000);
});

test('what is no record is passed over', () => {
	const seen = new StartedTasks();
	for (const odd of [undefined, null, 7, {}, ['a'], '', 'short']) seen.absorb(odd);
	expect(seen.record).toBe('');
});

test('a call that is stored last stores what later calls have started, too', () => {
	const started = new StartedTasks();
	const [slowCopy, fastCopy]: [{ seen?: string }, { seen?: string }] = [{}, {}];
	const settings = { options: { deduplicate: true } } as TriggerSettings;
	const callWith = (staticData: object) =>
		deduplicationOf(
			{ getMode: () => 'webhook', getWorkflowStaticData: () => staticData } as never,
			settings,
			started,
		);
	const [slow, fast] = [callWith(slowCopy), callWith(fastCopy)];
	const task = (id: string): Task => ({ id, status: 'succeed', videos: [] });
	expect(slow.claim(task('1'))).toBe(true);
	expect(fast.claim(task('2'))).toBe(true);
	fast.save();
	slow.save();
	const restarted = new StartedTasks();
	restarted.absorb(slowCopy.seen);
	expect([restarted.has('1', 'succeed'), restarted.has('2', 'succeed')]).toEqual([true, true]);
});
