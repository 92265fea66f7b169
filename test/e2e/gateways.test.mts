// One node for every gateway: the three operations and a wait, end to end, against every dialect of the emulator.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialects } from '../../lab/emulator/dialects/table.mts';
import { customCredential, openStage, runKling, sharedStage, submitParameters } from './stage.mts';

const stage = sharedStage(openStage);

const byId = (value: unknown, options: Record<string, unknown> = {}) => ({
	resource: 'task',
	operation: 'get',
	taskId: { __rl: true, mode: 'id', value },
	options,
});

/** Neither its submit nor its get reply says when anything happened (docs.newapi.pro). */
const TELLS_NO_TIMES = ['newapi-docs'];

for (const dialect of dialects) {
	describe(`The dialect "${dialect.name}"`, () => {
		it('submits, and the task can be got under the id that the submit gave', async () => {
			const credential = await stage.credential(dialect.name);
			const { execution, run } = await runKling(stage, submitParameters(stage.emulator), {
				credential,
			});
			assert.equal(execution.status, 'success', execution.error?.message);
			const submitted = run.items[0]?.json ?? {};
			assert.ok(submitted.task_id, 'the submit gave an id');
			assert.equal(submitted.task_status, 'submitted');

			const got = await runKling(stage, byId(submitted.task_id), { credential });
			assert.equal(got.execution.status, 'success', got.execution.error?.message);
			assert.equal(got.run.items[0]?.json.task_id, submitted.task_id);
			// On a busy machine the task has ended meanwhile.
			const states = ['submitted', 'processing', 'succeed'];
			assert.ok(states.includes(String(got.run.items[0]?.json.task_status)));
			assert.equal(stage.emulator.bill().total, 1);
		});

		it('waits by polling and brings the file', async () => {
			const credential = await stage.credential(dialect.name);
			const parameters = submitParameters(stage.emulator, {
				afterSubmit: 'wait',
				downloadVideo: true,
				options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
			});
			const { execution, run } = await runKling(stage, parameters, { credential });
			assert.equal(execution.status, 'success', execution.error?.message);
			const [item] = run.items;
			assert.equal(item?.json.task_status, 'succeed');
			assert.match(String(item?.json.video_url), /^https?:/);
			if (TELLS_NO_TIMES.includes(dialect.name)) assert.equal(item?.json.created_at, null);
			else assert.match(String(item?.json.created_at), /^2\d{3}-/);
			assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
			assert.equal(stage.emulator.bill().total, 1);
		});

		it('tells why a task failed, in the innermost words', async () => {
			const credential = await stage.credential(dialect.name);
			const parameters = submitParameters(stage.emulator, {
				prompt: 'A dog [fail: Image pixel is invalid] [lifetime 800ms]',
				afterSubmit: 'wait',
				options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
			});
			const { execution } = await runKling(stage, parameters, { credential });
			assert.equal(execution.status, 'error');
			assert.match(execution.error?.message ?? '', /Image pixel is invalid/);
			assert.doesNotMatch(execution.error?.message ?? '', /SUCCEED/);
		});

		it(
			dialect.hasList ? 'lists its tasks' : 'explains that it has no list, and what to use instead',
			async () => {
				const credential = await stage.credential(dialect.name);
				await runKling(stage, submitParameters(stage.emulator), { credential });
				const { execution, run } = await runKling(
					stage,
					{ resource: 'task', operation: 'list', limit: 10 },
					{ credential, onError: 'continueRegularOutput' },
				);
				assert.equal(execution.status, 'success', execution.error?.message);
				if (dialect.hasList) {
					assert.equal(run.items.length, 1);
					assert.match(String(run.items[0]?.json.task_status), /^(submitted|processing)$/);
				} else {
					assert.match(JSON.stringify(run.items[0]?.json), /Get Task/);
				}
			},
		);

		it('says that it does not know an id', async () => {
			const credential = await stage.credential(dialect.name);
			const { execution } = await runKling(stage, byId('999999999999'), { credential });
			assert.equal(execution.status, 'error');
			assert.match(
				`${execution.error?.message} ${execution.error?.description}`,
				/999999999999|no such task|not know|not found/i,
			);
		});

		it('passes the credential test, and fails it with a wrong key', async () => {
			const credential = await stage.credential(dialect.name);
			const good = customCredential(stage.emulator, dialect.name);
			assert.equal((await stage.client.testCredential(credential, good)).status, 'OK');
			const bad = { ...good, apiKey: 'sk-somebody-elses-key' };
			assert.equal((await stage.client.testCredential(credential, bad)).status, 'Error');
		});
	});
}
