// The bound on what is under way at the same time.
import { Limit } from '../../../nodes/Kling/api/limit';

/** A task that ends when the test says so. */
function openTask() {
	let end: (value: string) => void = () => undefined;
	let fail: (reason: Error) => void = () => undefined;
	const ended = new Promise<string>((resolve, reject) => {
		end = resolve;
		fail = reject;
	});
	return { task: jest.fn(async () => await ended), end, fail };
}

const settled = async () => await new Promise((done) => setImmediate(done));

describe('a limit', () => {
	it('starts no more than it allows, and the others in their order as places become free', async () => {
		const limit = new Limit(2);
		const tasks = Array.from({ length: 4 }, openTask);
		const results = tasks.map(async ({ task }) => await limit.run(task));
		const started = () => tasks.map(({ task }) => task.mock.calls.length);
		await settled();
		expect(started()).toEqual([1, 1, 0, 0]);
		tasks[1]?.end('second');
		await settled();
		expect(started()).toEqual([1, 1, 1, 0]);
		for (const { end } of tasks) end('done');
		expect(await Promise.all(results)).toEqual(['done', 'second', 'done', 'done']);
	});

	it('frees the place of a task that fails, and passes its reason on', async () => {
		const limit = new Limit(1);
		const [first, second] = [openTask(), openTask()];
		const results = [first, second].map(async ({ task }) => await limit.run(task));
		first.fail(new Error('no answer'));
		await expect(results[0]).rejects.toThrow('no answer');
		second.end('done');
		expect(await results[1]).toBe('done');
	});

	it('never has more under way than it allows, however tasks come and go', async () => {
		const limit = new Limit(3);
		let underWay = 0;
		let most = 0;
		const work = async () => {
			underWay += 1;
			most = Math.max(most, underWay);
			await settled();
			underWay -= 1;
		};
		const late = settled().then(async () => await limit.run(work));
		await Promise.all([late, ...Array.from({ length: 20 }, async () => await limit.run(work))]);
		expect(most).toBe(3);
	});
});
