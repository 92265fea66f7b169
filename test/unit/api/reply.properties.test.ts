// Whatever a gateway makes of a reply, it is a task, a refusal or no Kling reply, and no key is ever shown.
import fc from 'fast-check';

import { KlingApiError } from '../../../nodes/Kling/api/errors/error';
import { createClient } from '../../../nodes/Kling/api/client';
import { resolveService } from '../../../nodes/Kling/api/service';
import { families } from '../../../nodes/Kling/api/models';
import { readList, readTask, type TaskReading } from '../../../nodes/Kling/api/reply/readReply';
import type { JsonObject, TaskStatus } from '../../../nodes/Kling/api/task';
import { KEY, mutation, SECRET_PARTS } from './mutations';

const RUNS = { numRuns: 400 };
const service = resolveService({ provider: 'klingGlobal', apiKey: KEY });
const KLING_WORDS: TaskStatus[] = ['submitted', 'processing', 'succeed', 'failed'];

const kind = fc.constantFrom('submit' as const, 'get' as const, 'callback' as const);
const httpStatus = fc.constantFrom(
	undefined,
	200,
	201,
	400,
	401,
	403,
	404,
	408,
	429,
	500,
	502,
	504,
);

/** Everything of a reading that may reach a person. */
function shown(reading: TaskReading): string {
	if (reading.kind === 'task') return reading.task.reason ?? '';
	if (reading.kind === 'notKling') return reading.why;
	const { message, facts } = reading.error;
	return `${message} ${JSON.stringify(facts)}`;
}

describe('any change of any sample', () => {
	test('gives a task, a refusal or no Kling reply, and never an exception', () => {
		fc.assert(
			fc.property(mutation, kind, httpStatus, (body, asked, status) => {
				const reading = readTask(body, asked, { httpStatus: status, redact: service.redact });
				if (reading.kind === 'task') {
					expect(reading.task.id.trim()).not.toBe('');
					expect(KLING_WORDS).toContain(reading.task.status);
					for (const { url } of reading.task.videos) expect(url).toMatch(/^https?:\/\//i);
				} else if (reading.kind === 'refusal') {
					expect(reading.error).toBeInstanceOf(KlingApiError);
					expect(reading.error.facts.description).not.toBe('');
				} else {
					expect(reading.why).not.toBe('');
				}
				const list = readList(body, { httpStatus: status });
				expect(['page', 'refusal', 'notKling']).toContain(list.kind);
			}),
			RUNS,
		);
	});

	test('shows no secret', () => {
		fc.assert(
			fc.property(mutation, kind, httpStatus, (body, asked, status) => {
				const text = shown(readTask(body, asked, { httpStatus: status, redact: service.redact }));
				for (const part of SECRET_PARTS) expect(text).not.toContain(part);
			}),
			RUNS,
		);
	});

	test('ends a task only if the reply says so in a word for it', () => {
		const ENDS = { succeed: /succeed|success|completed/i, failed: /fail/i };
		fc.assert(
			fc.property(mutation, kind, (body, asked) => {
				const reading = readTask(body, asked);
				if (reading.kind !== 'task') return;
				const { status } = reading.task;
				if (status !== 'succeed' && status !== 'failed') return;
				expect(JSON.stringify(body)).toMatch(ENDS[status]);
			}),
			RUNS,
		);
	});

	test('comes through the client as an outcome: with money at stake, as one of the seven', async () => {
		await fc.assert(
			fc.asyncProperty(
				mutation,
				fc.nat(3),
				fc.constantFrom(200, 400, 404, 408, 429, 500, 503),
				async (body, cut, status) => {
					const text = JSON.stringify(body) ?? '';
					const answer = {
						kind: 'answered',
						status,
						headers: {},
						body: cut === 0 ? text.slice(0, text.length / 2) : text,
					} as const;
					const client = createClient(service, async () => answer);
					const created = await client.create(families.multiImage, '{}');
					expect(['accepted', 'refused', 'busy', 'taken', 'unknown']).toContain(created.kind);
					if (created.kind !== 'accepted') {
						expect(created.error.facts.sendAgain === 'lookUpFirst').toBe(
							created.kind === 'unknown',
						);
						for (const part of SECRET_PARTS) expect(created.error.message).not.toContain(part);
					}
					expect(['found', 'missing', 'refused', 'transient']).toContain(
						(await client.fetch(families.omni, 'x')).kind,
					);
					expect(['page', 'unsupported', 'refused', 'transient']).toContain(
						(await client.list(families.omni, 1, 30)).kind,
					);
				},
			),
			RUNS,
		);
	});
});

describe('the status of a known reply', () => {
	const words: Array<[string, TaskStatus]> = [
		['submitted', 'submitted'],
		['QUEUED', 'submitted'],
		['NOT_START', 'submitted'],
		['Processing', 'processing'],
		['IN_PROGRESS', 'processing'],
		['succeed', 'succeed'],
		['SUCCESS', 'succeed'],
		['completed', 'succeed'],
		['FAILURE', 'failed'],
		['failed', 'failed'],
	];
	const shapes: Array<(word: string) => JsonObject> = [
		(word) => ({ code: 0, message: 'SUCCEED', data: { task_id: 'a', task_status: word } }),
		(word) => ({ code: '0', data: { task_id: 'a', task_status: word, task_result: null } }),
		(word) => ({
			code: 'success',
			data: { task_id: 'a', status: word, fail_reason: '', data: null },
		}),
		(word) => ({
			code: 'success',
			data: {
				task_id: 'a',
				status: 'UNKNOWN',
				data: { code: 0, data: { task_id: 'k', task_status: word } },
			},
		}),
		(word) => ({ id: 'a', task_id: 'a', object: 'video', status: word, created_at: 1773130665 }),
		(word) => ({ id: 'a', status: word, outputs: [] }),
		(word) => ({ event: 'x', data: { id: 'a', status: word } }),
	];
	const noise = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,8}$/), fc.jsonValue({ maxDepth: 2 }));

	test('does not depend on what else is in it', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...words),
				fc.constantFrom(...shapes),
				noise,
				([word, status], shape, extra) => {
					const body = { ...extra, ...shape(word) };
					expect(readTask(body, 'get')).toMatchObject({ kind: 'task', task: { id: 'a', status } });
				},
			),
			RUNS,
		);
	});

	test('is running for every word that is not known', () => {
		const strange = fc
			.string({ minLength: 1 })
			.filter(
				(word) => !/submit|queue|not.?start|process|progress|succe|complete|fail/i.test(word),
			);
		fc.assert(
			fc.property(strange, fc.constantFrom(...shapes), (word, shape) => {
				expect(readTask(shape(word), 'get')).toMatchObject({
					kind: 'task',
					task: { status: 'processing' },
				});
			}),
			RUNS,
		);
	});
});
