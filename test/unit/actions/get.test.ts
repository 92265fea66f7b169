// The task id of Get Task as an expression gives it: text, or a number.
import type { IExecuteFunctions } from 'n8n-workflow';

import { executeGet } from '../../../nodes/Kling/actions/task/get.operation';

/** Runs Get Task for one item. @returns its outcome, and what the service was asked */
async function getTask(taskId: unknown, options: object = {}) {
	const asked: string[] = [];
	const context = {
		getInputData: () => [{ json: {} }],
		getNodeParameter: (name: string) => (name === 'taskId' ? taskId : options),
		getCredentials: async () => ({ provider: 'klingGlobal', apiKey: 'key' }),
		getExecutionCancelSignal: () => undefined,
		helpers: {
			httpRequestWithAuthentication: async (_name: string, { url }: { url: string }) => {
				const id = url.split('/').at(-1) ?? '';
				asked.push(id);
				const data = { task_id: id, task_status: 'processing', task_result: {} };
				return { statusCode: 200, headers: {}, body: JSON.stringify({ code: 0, data }) };
			},
		},
	} as unknown as IExecuteFunctions;
	const result = await executeGet(context);
	return { asked, outcome: result.kind === 'done' ? result.outcomes[0] : undefined };
}

test.each([
	[' 867283741759111202\n', '867283741759111202'],
	[4711, '4711'],
])('%j is asked for as %s', async (given, id) => {
	const { asked, outcome } = await getTask(given);
	expect(asked).toEqual([id]);
	expect(outcome).toMatchObject({ items: [{ json: { task_id: id } }] });
});

test('minutes and seconds may be text, as a table gives them', async () => {
	const options = { maxWaitMinutes: '30', pollIntervalSeconds: '10' };
	const { outcome } = await getTask('867283741759111202', options);
	expect(outcome).toMatchObject({ items: [{ json: { task_id: '867283741759111202' } }] });
});

test('a number that has lost digits is refused, and nothing is asked', async () => {
	const { asked, outcome } = await getTask(JSON.parse('867283741759111202'));
	expect(asked).toEqual([]);
	expect(outcome).toMatchObject({
		error: { message: expect.stringContaining('has lost digits: give the task ID as text') },
	});
});
