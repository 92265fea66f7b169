// A notification that the service does not confirm at once: answered after one question, started once it is confirmed.
import { fakeTrigger, pass, startedTask } from './fakeTrigger';

beforeEach(() => {
	jest.useFakeTimers();
});
afterEach(() => {
	jest.useRealTimers();
});

describe('a notification that is ahead of the service', () => {
	it('is answered after one question, and starts once the service confirms it', async () => {
		const { id, service, asked, answers, call } = fakeTrigger();
		const called = call('succeed');
		await pass(0);
		expect(answers).toEqual([{ status: 200, word: 'ignored', asked: 1 }]);
		await pass(3);
		service.status = 'succeed';
		await pass(3);
		expect(startedTask(await called)).toBe(id);
		expect(asked).toEqual([0, 2, 5]);
	});

	it('starts nothing when the service keeps to its word', async () => {
		const { asked, call } = fakeTrigger();
		const called = call('succeed');
		await pass(40);
		expect(await called).toEqual({ noWebhookResponse: true });
		expect(asked).toEqual([0, 2, 5, 10, 20, 30]);
	});

	it('is waited for also where the earlier status is wanted', async () => {
		const { id, service, call } = fakeTrigger({
			parameters: { triggerOn: ['processing', 'succeed'] },
		});
		const called = call('succeed');
		await pass(1);
		service.status = 'succeed';
		await pass(2);
		const { workflowData } = await called;
		expect(workflowData?.[0]?.[0]?.json).toMatchObject({ task_id: id, task_status: 'succeed' });
	});

	it('is waited for by one call at a time, however often it comes', async () => {
		const { id, service, asked, answers, call } = fakeTrigger();
		const calls = [call('succeed')];
		await pass(1);
		calls.push(call('succeed'), call('succeed'));
		await pass(0);
		expect(answers.map(({ word }) => word)).toEqual(['ignored', 'ignored', 'ignored']);
		service.status = 'succeed';
		await pass(40);
		const started = (await Promise.all(calls)).map(startedTask);
		expect(started).toEqual([id, undefined, undefined]);
		expect(asked).toEqual([0, 1, 2]);
	});

	it('has the whole time before it also while a false one is still being asked about', async () => {
		const { id, service, answers, call } = fakeTrigger();
		const calls = [call('succeed')];
		await pass(25);
		calls.push(call('succeed'));
		await pass(14);
		service.status = 'succeed';
		await pass(60);
		expect((await Promise.all(calls)).map(startedTask)).toEqual([id, undefined]);
		expect(answers.map(({ status }) => status)).toEqual([200, 200]);
	});

	it('starts one execution when its repetition is confirmed first', async () => {
		const { id, service, answers, call } = fakeTrigger();
		const first = call('succeed');
		await pass(1);
		service.status = 'succeed';
		expect(startedTask(await call('succeed'))).toBe(id);
		expect(answers[1]?.word).toBe('accepted');
		await pass(40);
		expect(startedTask(await first)).toBeUndefined();
	});

	it('outlives a service that cannot be asked for a while', async () => {
		const { id, service, call } = fakeTrigger();
		const called = call('succeed');
		await pass(1);
		service.isDown = true;
		await pass(7);
		service.isDown = false;
		service.status = 'succeed';
		await pass(4);
		expect(startedTask(await called)).toBe(id);
	});
});

describe('a notification that the service does not bear out', () => {
	it('of an end other than the one that is wanted is not waited for', async () => {
		const { service, asked, call } = fakeTrigger({ parameters: { triggerOn: ['succeed'] } });
		service.status = 'failed';
		expect(await call('succeed')).toEqual({ noWebhookResponse: true });
		expect(asked).toHaveLength(1);
	});
});

describe('a notification that the service cannot be asked about', () => {
	it('is sent back, and starts by itself once the service answers: not every sender comes again', async () => {
		const { id, service, answers, call } = fakeTrigger();
		service.isDown = true;
		const called = call('succeed');
		await pass(8);
		expect(answers).toEqual([{ status: 503, word: 'try again later', asked: 1 }]);
		service.isDown = false;
		service.status = 'succeed';
		await pass(30);
		expect(startedTask(await called)).toBe(id);
	});

	it('starts once when its sender does come again', async () => {
		const { id, service, answers, call } = fakeTrigger();
		service.isDown = true;
		const first = call('succeed');
		await pass(1);
		service.isDown = false;
		service.status = 'succeed';
		expect(startedTask(await call('succeed'))).toBe(id);
		await pass(40);
		expect(startedTask(await first)).toBeUndefined();
		expect(answers.map(({ status }) => status)).toEqual([503, 200]);
	});

	it('is given up after half a minute', async () => {
		const { service, asked, call } = fakeTrigger();
		service.isDown = true;
		const called = call('succeed');
		await pass(60);
		expect(await called).toEqual({ noWebhookResponse: true });
		expect(asked).toHaveLength(6);
	});

	it('is left to its sender where Deduplicate is off', async () => {
		const { service, asked, call } = fakeTrigger({
			parameters: { options: { deduplicate: false } },
		});
		service.isDown = true;
		expect(await call('succeed')).toEqual({ noWebhookResponse: true });
		expect(asked).toHaveLength(1);
	});

	it('is only sent back where a setting cannot be read: a throw would start an execution', async () => {
		const { asked, answers, call } = fakeTrigger({ parameters: { triggerOn: 'no list' } });
		expect(await call('succeed')).toEqual({ noWebhookResponse: true });
		expect(answers).toEqual([{ status: 503, word: 'try again later', asked: 0 }]);
		expect(asked).toHaveLength(0);
	});
});
