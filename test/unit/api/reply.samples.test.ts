// Every published sample is read as what it is.
import type { KlingApiErrorFacts } from '../../../nodes/Kling/api/errors/error';
import { readList, readTask } from '../../../nodes/Kling/api/reply/readReply';
import type { ReplyKind } from '../../../nodes/Kling/api/reply/result';
import type { Task } from '../../../nodes/Kling/api/task';
import { sample, sampleNames } from './payloads';

const tasks: Array<[string, ReplyKind, Task]> = [
	[
		'official/submit_ok.template',
		'submit',
		{
			id: 'string',
			status: 'processing',
			videos: [],
			createdAt: 1722769557708,
			updatedAt: 1722769557708,
		},
	],
	[
		'official/submit_ok.template_with_task_info',
		'submit',
		{
			id: 'string',
			externalId: 'string',
			status: 'processing',
			videos: [],
			createdAt: 1722769557708,
			updatedAt: 1722769557708,
		},
	],
	[
		'official/get_single.template',
		'get',
		{
			id: 'string',
			externalId: 'string',
			status: 'processing',
			videos: [],
			createdAt: 1722769557708,
			updatedAt: 1722769557708,
			unitDeduction: 'string',
		},
	],
	[
		'official/get_succeed.client_fixture',
		'get',
		{
			id: 'task-abc-123',
			status: 'succeed',
			videos: [
				{
					id: 'video-001',
					url: 'https://p1.a.kwimgs.com/output/video-001.mp4',
					watermarkUrl: 'https://p1.a.kwimgs.com/output/video-001-watermark.mp4',
					durationSeconds: 5,
				},
			],
			createdAt: 1722769557708,
			updatedAt: 1722769560000,
			unitDeduction: '1',
		},
	],
	[
		'official/callback_legacy.template',
		'callback',
		{
			id: 'string',
			externalId: 'string',
			status: 'processing',
			videos: [],
			createdAt: 1722769557708,
			updatedAt: 1722769557708,
			unitDeduction: 'string',
		},
	],
	[
		'official/callback_newformat.template',
		'callback',
		{
			id: 'string',
			externalId: 'string',
			status: 'processing',
			videos: [],
			createdAt: 1722769557708,
			updatedAt: 1722769557708,
		},
	],
	[
		'official/callback_console_test_event',
		'callback',
		{
			id: '913827032734642185',
			status: 'submitted',
			videos: [],
			createdAt: 1785901861504,
			updatedAt: 1785901861504,
		},
	],
	[
		'onehub/submit_ok',
		'submit',
		{
			id: 'task_01JGHN...',
			status: 'submitted',
			videos: [],
			createdAt: 1735558800000,
			updatedAt: 1735558800000,
		},
	],
	[
		'onehub/get_succeed.from_code',
		'get',
		{
			id: '867283741759111202',
			externalId: 'my-id-1',
			status: 'succeed',
			videos: [
				{ id: '867283742094647314', url: 'https://example.com/video.mp4', durationSeconds: 5.1 },
			],
			createdAt: 1774805076166,
			updatedAt: 1774805206166,
		},
	],
	[
		'newapi-task/submit_ok.from_code',
		'submit',
		{ id: '842250903629086785', status: 'submitted', videos: [], createdAt: 1773130665000 },
	],
	[
		'newapi-task/submit_ok.documented_shape',
		'submit',
		{ id: '842250903629086785', status: 'submitted', videos: [] },
	],
	[
		'newapi-task/get_in_progress.from_code',
		'get',
		{
			id: '842250903629086785',
			status: 'processing',
			videos: [],
			createdAt: 1773130665123,
			updatedAt: 1773130667321,
		},
	],
	[
		'newapi-task/get_success.documented',
		'get',
		{
			id: '842250903629086785',
			status: 'succeed',
			videos: [
				{
					id: '842250903708762200',
					url: 'https://v16-kling-fdl.klingai.com/...',
					durationSeconds: 5.1,
				},
			],
		},
	],
	[
		'openai-video/anyfast.submit_ok',
		'submit',
		{ id: '860260753860210752', status: 'submitted', videos: [], createdAt: 1773130665000 },
	],
	[
		'flat-url/crazyrouter.get_processing',
		'get',
		{ id: 'task_abc123', status: 'processing', videos: [] },
	],
	[
		'flat-url/crazyrouter.get_succeeded',
		'get',
		{
			id: '866168216002236456',
			status: 'succeed',
			videos: [
				{
					url: 'https://media.crazyrouter.com/task-artifacts/2026/03/26/50/textGenerate/866168216002236456.m4v',
				},
			],
		},
	],
	[
		'passthrough/cometapi.submit_ok',
		'submit',
		{
			id: '861309198188019719',
			status: 'submitted',
			videos: [],
			createdAt: 1773380633979,
			updatedAt: 1773380633979,
		},
	],
	[
		'passthrough/cometapi.get_processing',
		'get',
		{
			id: '878106242831892487',
			status: 'processing',
			videos: [],
			createdAt: 1777385361501,
			updatedAt: 1777385363321,
		},
	],
	[
		'passthrough/cometapi.callback.template',
		'callback',
		{
			id: 'string',
			status: 'processing',
			videos: [
				{ id: 'string', url: 'https://example.com/generated-video.mp4', durationSeconds: 5 },
			],
			createdAt: 1722769557708,
			updatedAt: 1722769557708,
		},
	],
	[
		'passthrough/duomi.submit_ok',
		'submit',
		{
			id: 'fa02791a-b80d-442e-9b3f-e01c0f11d4f7',
			status: 'submitted',
			videos: [],
			createdAt: 1732017317153,
			updatedAt: 1732017317153,
		},
	],
];

const refusals: Array<[string, number, Partial<KlingApiErrorFacts>]> = [
	[
		'official/submit_refused_1303',
		429,
		{
			category: 'busy',
			sendAgain: 'safe',
			code: '1303',
			serviceMessage: 'parallel task over resource pack limit',
			requestId: '9984d27b-a408-4073-ae28-17ca6a13622d',
		},
	],
	[
		'official/auth_1002_wrong_region',
		401,
		{ category: 'auth', sendAgain: 'never', code: '1002', serviceMessage: 'api key not found' },
	],
	['onehub/auth.http401', 401, { category: 'auth', sendAgain: 'never' }],
	[
		'onehub/refused_no_images.http400',
		400,
		{ category: 'input', sendAgain: 'never', serviceMessage: 'image_list是必填参数' },
	],
	[
		'newapi-task/refused_quota.http403',
		403,
		{ category: 'account', sendAgain: 'never', code: 'quota_not_enough' },
	],
];

const lists = ['official/list.template', 'onehub/list.from_code'];

describe('published samples', () => {
	test.each(tasks)('%s is the task it tells of', (name, kind, task) => {
		const reading = readTask(sample(name), kind);
		expect(reading).toMatchObject({ kind: 'task', raw: sample(name) });
		expect(reading.kind === 'task' && reading.task).toEqual(task);
	});

	test.each(refusals)('%s (HTTP %d) is a refusal', (name, httpStatus, facts) => {
		const reading = readTask(sample(name), 'submit', { httpStatus });
		expect(reading.kind === 'refusal' && reading.error.facts).toMatchObject({
			httpStatus,
			...facts,
		});
	});

	test('official/list.template is a page of one task', () => {
		expect(readList(sample('official/list.template'))).toMatchObject({
			kind: 'page',
			tasks: [{ task: { id: 'string', externalId: 'string', status: 'processing' } }],
		});
	});

	test('onehub/list.from_code is a page of one finished task', () => {
		expect(readList(sample('onehub/list.from_code'))).toMatchObject({
			kind: 'page',
			tasks: [
				{
					task: { id: '867283741759111202', externalId: 'my-id-1', status: 'succeed' },
					raw: { task_id: '867283741759111202' },
				},
			],
		});
	});

	test('no sample is left out', () => {
		const read = [...tasks.map(([name]) => name), ...refusals.map(([name]) => name), ...lists];
		expect(read.sort()).toEqual(sampleNames());
	});
});
