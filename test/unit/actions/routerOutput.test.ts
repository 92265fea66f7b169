// What a node that must throw says: every task that was paid for, however many, because the output is lost.
import type { INode } from 'n8n-workflow';

import type { ItemOutcome } from '../../../nodes/Kling/tasks/output';
import { stopError } from '../../../nodes/Kling/actions/router';

const node: INode = {
	id: '1',
	name: 'Kling AI',
	type: 'kling',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

const good = (taskId: string): ItemOutcome => ({ items: [], paid: { taskId, state: 'submitted' } });
const uncertain = (externalId: string): ItemOutcome => ({
	error: { message: 'No answer', description: 'Look.', paid: { externalId, state: 'may exist' } },
});

describe('the message of a node that stops', () => {
	it('names every task of a large batch, those of unknown fate first', () => {
		const ids = Array.from({ length: 200 }, (_, n) => `task-${n}`);
		const outcomes = [...ids.map(good), uncertain('key-a'), uncertain('key-b')];
		const words = stopError(node, outcomes)?.description ?? '';
		const listed = words.slice(words.indexOf('billed: '));
		expect(listed.match(/task-\d+(?= \(submitted\))/g)).toEqual(ids);
		expect(listed.indexOf('key-b')).toBeLessThan(listed.indexOf('task-0 '));
		expect(listed).toContain('key-a (may exist)');
	});

	it('does not name again the task that its own words name', () => {
		const late: ItemOutcome = {
			error: {
				message: 'Task task-1 was not finished',
				description: 'Use Get Task.',
				paid: { taskId: 'task-1', state: 'processing' },
			},
		};
		expect(stopError(node, [late])?.description).toBe('Use Get Task.');
		const words = stopError(node, [late, good('task-2')])?.description;
		expect(words).toMatch(/^Use Get Task\. Tasks of this run .*: task-2 \(submitted\)\. Collect/);
	});

	it('advises to collect only where something may be collected', () => {
		const failed = (taskId: string): ItemOutcome => ({
			error: { message: 'No video', description: 'Look.', paid: { taskId, state: 'failed' } },
		});
		const lost = stopError(node, [failed('task-1'), failed('task-2')])?.description;
		expect(lost).toMatch(/task-2 \(failed\)\.$/);
		const some = stopError(node, [failed('task-1'), good('task-2')])?.description;
		expect(some).toMatch(/Collect them with Get Task\.$/);
	});

	it('names the item as the editor does, which would add it a second time', () => {
		const issue: ItemOutcome = { error: { message: 'No image', description: 'Look.' } };
		expect(stopError(node, [issue])?.message).toBe('No image');
		expect(stopError(node, [good('task-1'), issue])?.message).toBe('No image [item 1]');
	});

	it('is left out when every item ended well', () => {
		expect(stopError(node, [good('task-1')])).toBeUndefined();
	});
});
