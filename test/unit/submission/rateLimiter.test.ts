// The rate limiter: how many submits at once, in which order, and what a busy service, or one that gives no answer, does to it.
import { RateLimiter, type Turn } from '../../../nodes/Kling/submission/rateLimiter';
import { ServiceModel, type CreateFault } from '../support/serviceModel';
import { errorOf, ids, inTurn, job, jobs, submit } from '../support/submitting';
import { seeded, VirtualClock } from '../support/virtualClock';

const MEGABYTE = 1024 * 1024;

function open(maxConcurrent = 5, deadlineMs = 1_800_000, signal?: AbortSignal) {
	const clock = new VirtualClock();
	const deadline = clock.now() + deadlineMs;
	const limiter = new RateLimiter(
		{ maxConcurrent, deadline },
		{ clock, random: seeded(1), signal },
	);
	return { clock, limiter };
}

/** Who was let in, in order. */
function watch(limiter: RateLimiter) {
	const turns: Array<[number, Turn]> = [];
	const acquire = (order: number, bytes = 1) => {
		void limiter.acquire(order, bytes).then((turn) => turns.push([order, turn]));
	};
	return { turns, acquire };
}

describe('the rate limiter', () => {
	it('lets no more in than may run at once', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock });
		await submit(jobs(20), { clock, service, settings: { maxConcurrent: 3 } });
		expect(service.mostCreating).toBe(3);
	});

	it('keeps the request bodies in flight under 64 MB, and lets a bigger one go alone', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock });
		let inFlight = 0;
		const seen: number[] = [];
		const create = service.create.bind(service);
		const sizes = [30, 30, 30, 100, 10];
		service.create = async (family, body) => {
			const size = sizes[Number(JSON.parse(body).work.replace('work ', ''))] ?? 0;
			inFlight += size;
			seen.push(inFlight);
			const outcome = await create(family, body);
			inFlight -= size;
			return outcome;
		};
		const work = sizes.map((size, item) => job(item, undefined, { bytes: size * MEGABYTE }));
		expect(ids(await submit(work, { clock, service }))).toHaveLength(5);
		expect(seen).toEqual([30, 60, 60, 100, 10]);
	});

	it('keeps the input order, also for one that comes back', async () => {
		const { clock, limiter } = open(1);
		const { turns, acquire } = watch(limiter);
		[0, 1, 2].forEach((order) => acquire(order));
		await clock.pass(1);
		limiter.onRateLimited();
		limiter.release(1);
		acquire(0);
		await clock.pass(10_000);
		expect(turns.map(([order]) => order)).toEqual([0, 0]);
	});

	it('makes a body only when there is room to send it', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, latencyMs: 1_000 });
		const startedAt = clock.now();
		const built: number[] = [];
		const work = jobs(3).map((one) => ({
			...one,
			build: async (key: string) => {
				built.push(clock.now() - startedAt);
				return await one.build(key);
			},
		}));
		await submit(work, { clock, service, settings: { maxConcurrent: 1 } });
		expect(built).toEqual([0, 1_000, 2_000]);
	});
});

describe('a busy service', () => {
	it('is waited for, and every item gets its task in the end', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, slots: 3, renderMs: 120_000 });
		const submissions = await submit(jobs(9), { clock, service });
		expect(submissions.every(({ kind }) => kind === 'task')).toBe(true);
		expect(service.rows).toHaveLength(9);
	});

	it('is left alone for as long as it asks', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({
			clock,
			createFault: inTurn(['busyWithRetryAfter'], 'none'),
		});
		await submit([job(0)], { clock, service });
		const [first, second] = service.calls.map(({ at }) => at);
		expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(3_000);
	});

	it('is asked by one item at a time, ever more slowly, while it stays busy', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, createFault: () => 'busy' });
		await submit(jobs(20), { clock, service, settings: { maxWaitMinutes: 30 } });
		const later = service.calls.filter(({ at }) => at > (service.calls[0]?.at ?? 0) + 1_000);
		const gaps = later.slice(1).map(({ at }, index) => at - (later[index]?.at ?? 0));
		expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
		expect(Math.max(...gaps)).toBeLessThanOrEqual(61_000);
		// Half a minute on average, over half an hour; 20 items of their own would ask 1,200 times.
		expect(service.count('create')).toBeLessThan(100);
	});

	it('is given up at the deadline: every item says that nothing was sent', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, createFault: () => 'busy' });
		const startedAt = clock.now();
		const submissions = await submit(jobs(7), { clock, service, settings: { maxWaitMinutes: 2 } });
		expect(submissions.map(({ kind }) => kind)).toEqual(Array(7).fill('refused'));
		expect(clock.now() - startedAt).toBeLessThanOrEqual(121_000);
		expect(submissions[0]).toMatchObject({ error: { facts: { category: 'busy' } } });
	});

	it('that asks for a longer pause than is allowed is quoted: no minutes have passed', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, createFault: () => 'busyForAnHour' });
		const startedAt = clock.now();
		const submissions = await submit(jobs(3), { clock, service, settings: { maxWaitMinutes: 30 } });
		expect(clock.now() - startedAt).toBeLessThan(5_000);
		for (const submission of submissions) {
			expect(errorOf(submission)).toContain('asked to wait 60 minutes');
			expect(errorOf(submission)).not.toContain('within 30 minutes');
		}
	});

	it('that turns away many at once has done so once', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, createFault: inTurn(Array(5).fill('busy'), 'none') });
		const startedAt = clock.now();
		await submit(jobs(5), { clock, service });
		expect((service.calls[5]?.at ?? Infinity) - startedAt).toBeLessThan(2_500);
	});

	it('that is slow but not busy is no reason to give up', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({ clock, latencyMs: 30_000 });
		const settings = { maxConcurrent: 1, maxWaitMinutes: 1 };
		const submissions = await submit(jobs(6), { clock, service, settings });
		expect(submissions.every(({ kind }) => kind === 'task')).toBe(true);
	});

	it('is sent more at once again, step by step, once it takes requests', async () => {
		const { clock, limiter } = open(4);
		const { turns, acquire } = watch(limiter);
		[0, 1, 2, 3, 4, 5].forEach((order) => acquire(order));
		await clock.pass(1);
		expect(turns).toHaveLength(4);
		limiter.onRateLimited();
		for (let count = 0; count < 4; count++) limiter.release(1);
		await clock.pass(60_000);
		expect(turns).toHaveLength(5);
		limiter.onAnswer();
		await clock.pass(1);
		expect(turns).toHaveLength(6);
	});
});

describe('a service that gives no answer', () => {
	it('is given a rest after two requests in a row without an answer', async () => {
		const { clock, limiter } = open(5);
		const { turns, acquire } = watch(limiter);
		limiter.onNoResponse();
		acquire(0);
		await clock.pass(1);
		expect(turns).toHaveLength(1);
		limiter.onNoResponse();
		acquire(1);
		await clock.pass(500);
		expect(turns).toHaveLength(1);
		limiter.release(1);
		await clock.pass(3_000);
		expect(turns).toHaveLength(2);
	});
});

describe('a service that never answers', () => {
	it('is given up at the deadline, with most of a long input unsent', async () => {
		const clock = new VirtualClock();
		const service = new ServiceModel({
			clock,
			gateway: 'ezmodel',
			createFault: () => 'acceptThenHang',
		});
		const startedAt = clock.now();
		const submissions = await submit(jobs(500), {
			clock,
			service,
			settings: { maxWaitMinutes: 10 },
		});
		expect(clock.now() - startedAt).toBeLessThan(15 * 60_000);
		expect(service.rows.length).toBeLessThan(20);
		expect(submissions.filter(({ kind }) => kind === 'unknown')).toHaveLength(service.rows.length);
		expect(errorOf(submissions[499])).toContain('not submitted');
	});

	it('is not given up for a lost answer here and there', async () => {
		const clock = new VirtualClock();
		const answers: CreateFault[] = Array.from({ length: 40 }, (_, call) =>
			call % 3 === 0 ? 'acceptThenHang' : 'none',
		);
		const service = new ServiceModel({ clock, createFault: inTurn(answers, 'none') });
		const settings = { maxConcurrent: 1, maxWaitMinutes: 1 };
		const submissions = await submit(jobs(30), { clock, service, settings });
		expect(submissions.every(({ kind }) => kind === 'task')).toBe(true);
	});
});

describe('Stop while submits wait', () => {
	it('lets everybody go at once', async () => {
		const stop = new AbortController();
		const { clock, limiter } = open(1, 60_000, stop.signal);
		const { turns, acquire } = watch(limiter);
		[0, 1, 2].forEach((order) => acquire(order));
		await clock.pass(10);
		stop.abort();
		await clock.pass(1);
		expect(turns).toEqual([
			[0, 'acquired'],
			[1, 'stopped'],
			[2, 'stopped'],
		]);
	});
});
