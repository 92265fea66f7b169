// How many pages, of what size, a question costs.
import type { KlingClient } from '../../../nodes/Kling/api/client';
import { families } from '../../../nodes/Kling/api/models';
import { listTasks, type ListQuestion } from '../../../nodes/Kling/tasks/readTasks';

/** A service with this many tasks; every hundredth has failed. */
async function walk(count: number, question: ListQuestion, unreadable: string[] = []) {
	const sizes: number[] = [];
	const client: Pick<KlingClient, 'list'> = {
		list: async (_family, pageNum, pageSize) => {
			sizes.push(pageSize);
			const from = (pageNum - 1) * pageSize;
			const length = Math.max(0, Math.min(pageSize, count - from));
			const tasks = Array.from({ length }, (_, at) => {
				const place = from + at + 1;
				const status = place % 100 === 0 ? ('failed' as const) : ('succeed' as const);
				const task = { id: String(place), status, videos: [], createdAt: 1_000_000 - place };
				return { task, raw: {} };
			});
			const readable = tasks.filter(({ task }) => !unreadable.includes(task.id));
			const hollow = tasks.filter(({ task }) => unreadable.includes(task.id)).map(() => ({}));
			return { kind: 'page', tasks: readable, unreadable: hollow, hasList: true };
		},
	};
	const ports = { client, gateway: { listRoute: 'known' as const } };
	const listed = await listTasks(ports, families.multiImage, question);
	if (listed.kind !== 'tasks') throw listed.error;
	return {
		sizes,
		ids: listed.tasks.map(({ task }) => task.id),
		unreadable: listed.unreadable,
	};
}

const failed: ListQuestion['matches'] = ({ task }) => task.status === 'failed';

test('a few tasks of any kind are one small page', async () => {
	expect(await walk(1000, { wanted: 2 })).toMatchObject({ sizes: [2], ids: ['1', '2'] });
});

test('one task that a filter lets through is looked for on the largest pages', async () => {
	expect(await walk(1000, { wanted: 1, matches: failed })).toMatchObject({
		sizes: [500],
		ids: ['100'],
	});
	const none = await walk(1200, { wanted: 1, matches: () => false });
	expect(none).toMatchObject({ sizes: [500, 500, 500], ids: [] });
});

test('all tasks are read on the largest pages', async () => {
	const { sizes, ids } = await walk(1200, { wanted: Infinity });
	expect([sizes, ids.length]).toEqual([[500, 500, 500], 1200]);
});

test('a row without an ID costs neither the tasks behind it nor a word about it', async () => {
	const { ids, unreadable } = await walk(700, { wanted: Infinity }, ['17']);
	expect([ids.length, unreadable]).toEqual([699, 1]);
});
