// Guard rail: the output schemas tell exactly the fields that can come out of each operation.
import { taskItem, type OutputFacts } from '../../../nodes/Kling/tasks/output';
import { families } from '../../../nodes/Kling/api/models';
import type { Task } from '../../../nodes/Kling/api/task';
import { filesIn } from '../support/papers';
import { schemaFile, schemaOf } from '../support/outputSchema';
import { allOptions } from '../support/visibleText';

describe('the output schemas', () => {
	const task: Task = {
		id: '1',
		externalId: 'order-4711',
		status: 'failed',
		reason: 'why',
		videos: [
			{
				url: 'https://cdn.example/1.mp4',
				watermarkUrl: 'https://cdn.example/2.mp4',
				durationSeconds: 5,
			},
		],
		createdAt: 1_722_769_557_708,
		updatedAt: 1_722_769_557_708,
		unitDeduction: '2',
	};
	const bare: Task = { id: '1', status: 'submitted', videos: [] };
	const simplified: OutputFacts = { simplify: true, family: families.multiImage };
	const submitted: OutputFacts = {
		...simplified,
		model: 'kling-v1-6',
		watermark: true,
		reused: true,
		timedOut: true,
	};

	it.each([
		['task/submit', submitted, []],
		['task/get', simplified, []],
		['task/list', simplified, []],
		// A trigger has no operation, and says in one more field why there is no file.
		['output', simplified, ['download_message']],
	])('%s tells exactly the fields that can come, with their types', (name, facts, more) => {
		const schema = schemaOf(name);
		const full = taskItem({ task, raw: {} }, facts);
		expect(Object.keys(schema.properties).sort()).toEqual([...Object.keys(full), ...more].sort());
		for (const snapshot of [task, bare]) {
			for (const [field, value] of Object.entries(taskItem({ task: snapshot, raw: {} }, facts))) {
				const type = value === null ? 'null' : typeof value;
				expect([field, [schema.properties[field]?.type].flat()]).toEqual([
					field,
					expect.arrayContaining([type]),
				]);
			}
		}
	});

	it('stand where n8n looks for them: version, resource, operation', () => {
		const operations = allOptions().filter(({ path }) => path.includes(' › Operation › '));
		const wanted = operations.map(({ value }) => schemaFile(`task/${String(value)}`));
		const files = filesIn('nodes/Kling/__schema__');
		expect(files.sort()).toEqual([...wanted, schemaFile('output')].sort());
	});
});
