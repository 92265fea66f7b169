// What a sleeping execution keeps, and who may take it up again.
import { readSleeping, readSuspended } from '../../../nodes/Kling/waiting/suspended';

const item = {
	item: 0,
	family: 'multiImage',
	id: '867',
	key: 'key-0',
	lastKnown: { task: { id: '867', status: 'processing', videos: [] }, raw: {} },
	options: {
		downloadVideo: true,
		outputFieldName: 'data',
		simplify: true,
		watermark: false,
		onTimeout: 'error',
	},
};

const kept = {
	version: 2,
	executionId: '7',
	run: 1,
	count: 1,
	wakes: 3,
	sleptAt: 1_000,
	wakeAt: 66_000,
	hints: ['It sleeps.'],
	items: [{ ...item, deadline: 100_000, maxWaitMinutes: 30, calls: true }],
	done: {},
};

/** As version 0.1.0 wrote it. */
const keptBefore = {
	state: { version: 1, parkedAt: 1_000, deadline: 100_000, maxWaitMinutes: 30, items: [item] },
	count: 2,
	run: 1,
	stopOnError: true,
	done: { 1: { items: [{ json: { task_id: '868' }, binary: { data: { id: 'file' } } }] } },
};

test('the same run of the same execution takes it up, as it survives n8n: as JSON', () => {
	expect(readSuspended(JSON.parse(JSON.stringify(kept)), '7', 1)).toEqual(kept);
	expect(readSleeping(kept)).toEqual(kept);
});

test.each([
	['a retry, which has another execution id', '8', 1],
	['the next round of a loop', '7', 2],
])('%s does not', (_, executionId, run) => {
	expect(readSuspended(kept, executionId, run)).toBeUndefined();
});

test('what version 0.1 kept is taken up with its tasks and files, by a retry too', () => {
	for (const executionId of ['7', '8']) {
		expect(readSuspended(keptBefore, executionId, 1)).toMatchObject({
			executionId,
			count: 2,
			items: [{ id: '867', deadline: 100_000, maxWaitMinutes: 30 }],
			done: keptBefore.done,
		});
	}
	expect(readSuspended(keptBefore, '7', 0)).toBeUndefined();
});

test.each([undefined, null, {}, 'text', { ...kept, version: 3 }, { ...kept, items: [{}] }])(
	'what cannot be read counts as nothing (%j)',
	(value) => {
		expect(readSuspended(value, '7', 1)).toBeUndefined();
		expect(readSleeping(value)).toBeUndefined();
	},
);
