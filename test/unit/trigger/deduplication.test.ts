// What is remembered of started executions: once per task and status, within bounds, over a restart.
import fc from 'fast-check';

import { taskStatus, type Task, type TaskStatus } from '../../../nodes/Kling/api/task';
import { deduplicationOf, StartedTasks } from '../../../nodes/Kling/trigger/deduplication';
import type { TriggerSettings } from '../../../nodes/Kling/trigger/settings';

const status = fc.constantFrom(...taskStatus.options);
const notice = fc.tuple(fc.stringMatching(/^[0-9a-z]{1,20}$/), status);

const succeeded = (id: string) => ({ id, status: 'succeed' as const });
const failed = (id: string) => ({ id, status: 'failed' as const });

/** What the trigger does for each notification. */
function startsFor(seen: StartedTasks, id: string, status: TaskStatus): boolean {
	if (seen.has({ id, status })) return false;
	seen.add({ id, status });
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
	here.add(succeeded('1'));
	there.add(failed('2'));
	here.absorb(there.record);
	expect(here.has(succeeded('1'))).toBe(true);
	expect(here.has(failed('2'))).toBe(true);
	expect(here.record).toHaveLength(16);
});

test('an older record of its own takes nothing back', () => {
	const seen = new StartedTasks();
	seen.add(succeeded('1'));
	const { record } = seen;
	seen.add(succeeded('2'));
	seen.absorb(record);
	expect(seen.has(succeeded('2'))).toBe(true);
	expect(seen.record).toHaveLength(16);
});

test('the oldest is dropped first, and neither bound is passed', () => {
	const seen = new StartedTasks(4, 2);
	for (const id of ['1', '2', '3', '4', '5']) seen.add(succeeded(id));
	expect(['1', '2', '3', '4', '5'].map((id) => seen.has(succeeded(id)))).toEqual([
		false,
		true,
		true,
		true,
		true,
	]);
	const restarted = new StartedTasks(4, 2);
	restarted.absorb(seen.record);
	expect(['3', '4', '5'].map((id) => restarted.has(succeeded(id)))).toEqual([false, true, true]);
});

test('the stored record stays small however long ids are and however many there were', () => {
	const seen = new StartedTasks();
	for (let count = 0; count < 12_000; count += 1) seen.add(succeeded(`${'x'.repeat(100)}${count}`));
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
	expect([restarted.has(succeeded('1')), restarted.has(succeeded('2'))]).toEqual([true, true]);
});
