// What goes on after a call has ended: the service is asked again, and the trigger calls itself to start the execution.
import { fakeTrigger, newId, pass } from './fakeTrigger';

beforeEach(() => {
	jest.useFakeTimers();
});
afterEach(() => {
	jest.useRealTimers();
});

const NOTHING = { noWebhookResponse: true };

describe('a trigger that can call itself', () => {
	it('ends the call whose record is late at once, and starts its execution when the record is there', async () => {
		const { id, service, asked, answers, started, calls, call } = fakeTrigger({
			ownCalls: 'arrive',
		});
		const first = call('succeed');
		await pass(1);
		expect(await first).toEqual(NOTHING);
		expect(calls.waiting).toBe(0);
		expect(answers[0]).toEqual({ status: 200, word: 'ignored', asked: 1 });
		service.status = 'succeed';
		await pass(40);
		expect(started).toEqual([id]);
		expect(asked).toEqual([0, 2]);
	});

	it('ends the call while the service does not answer, and starts its execution once it does', async () => {
		const { id, service, answers, started, call } = fakeTrigger({ ownCalls: 'arrive' });
		service.isDown = true;
		const first = call('succeed');
		await pass(1);
		expect(await first).toEqual(NOTHING);
		expect(answers[0]?.status).toBe(503);
		await pass(7);
		service.isDown = false;
		service.status = 'succeed';
		await pass(30);
		expect(started).toEqual([id]);
	});

	it('starts once, whichever is first: its own call or a repetition', async () => {
		const { id, service, started, call } = fakeTrigger({ ownCalls: 'arrive' });
		await Promise.all([call('succeed'), pass(1)]);
		service.status = 'succeed';
		await Promise.all([call('succeed'), pass(1)]);
		await pass(40);
		expect(started).toEqual([id]);
	});

	it('starts nothing for a forged notification, and asks six times', async () => {
		const { asked, started, call } = fakeTrigger({ ownCalls: 'arrive' });
		void call('succeed');
		await pass(60);
		expect(started).toEqual([]);
		expect(asked).toEqual([0, 2, 5, 10, 20, 30]);
	});

	it('takes no stranger for itself', async () => {
		const { service, started, answers, call } = fakeTrigger({ ownCalls: 'arrive' });
		service.status = 'succeed';
		await Promise.all([call('succeed', '..'), pass(1)]);
		expect(started).toEqual([]);
		expect(answers.map(({ status }) => status)).toEqual([400]);
	});

	it.each([
		['with a list', 'hingnet', 300],
		['without a list', 'ezmodel', 100],
	])(
		'starts all of a burst, few of whose calls wait, at a service %s',
		async (_, provider, count) => {
			const trigger = fakeTrigger({ ownCalls: 'arrive', provider, latencyMs: 1_000 });
			const { service, started, calls, answers, asked, listed } = trigger;
			service.status = 'succeed';
			const ids = Array.from({ length: count }, newId);
			service.list = ids;
			for (const id of ids) void trigger.call('succeed', id);
			await pass(0.9);
			expect(calls.waiting).toBeLessThanOrEqual(20 + 1);
			await pass(120);
			expect([...started].sort()).toEqual([...ids].sort());
			expect(calls.waiting).toBe(0);
			expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
			if (provider === 'hingnet') expect(asked.length + listed.length).toBeLessThan(20);
			else expect(asked).toHaveLength(count);
		},
	);

	it('asks with one list request about all late records that are due', async () => {
		const trigger = fakeTrigger({ ownCalls: 'arrive', latencyMs: 100 });
		const { service, started, calls, asked, listed } = trigger;
		const ids = Array.from({ length: 500 }, newId);
		service.list = ids;
		for (const id of ids) void trigger.call('succeed', id);
		await pass(9);
		expect(calls.waiting).toBe(0);
		service.status = 'succeed';
		await pass(60);
		expect([...started].sort()).toEqual([...ids].sort());
		expect(asked.length + listed.length).toBeLessThan(60);
	});

	it('does without the list for a while when that cannot be read, and asks for each task', async () => {
		const trigger = fakeTrigger({ ownCalls: 'arrive', latencyMs: 100 });
		const { service, started } = trigger;
		service.status = 'succeed';
		const ids = Array.from({ length: 30 }, newId);
		for (const id of ids) void trigger.call('succeed', id);
		await pass(60);
		expect([...started].sort()).toEqual([...ids].sort());
	});
});

describe('a trigger that cannot call itself', () => {
	it('asks again within the call', async () => {
		const { id, service, started, call } = fakeTrigger({ ownCalls: 'are refused' });
		void call('succeed');
		await pass(1);
		service.status = 'succeed';
		await pass(40);
		expect(started).toEqual([id]);
	});

	it('sends back what is more than twenty calls, and says so in the log', async () => {
		const trigger = fakeTrigger({ ownCalls: 'are refused', latencyMs: 1_000 });
		const { service, started, calls, answers, logs } = trigger;
		await Promise.all([trigger.call('succeed'), pass(40)]);
		service.status = 'succeed';
		service.list = Array.from({ length: 60 }, newId);
		for (const id of service.list) void trigger.call('succeed', id);
		await pass(0);
		expect(calls.waiting).toBe(20);
		await pass(60);
		expect(started).toHaveLength(20);
		expect(answers.filter(({ status }) => status === 503)).toHaveLength(40);
		expect(logs.some((line) => line.includes('cannot call itself'))).toBe(true);
	});
});
