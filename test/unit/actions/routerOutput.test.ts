// What a node that must throw says: every task that was paid for, however many, because the output is lost.
import type { INode } from 'n8n-workflow';

import type { ItemOutcome } from '../../../nodes/Kling/actions/outcome';
import { stopError } from '../../../nodes/Kling/actions/router.output';

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

	it('is left out when every item ended well', () => {
		expect(stopError(node, [good('task-1')])).toBeUndefined();
	});
});
