// A trigger with n8n and the service around it, as small as `webhook()` needs them.
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { handleCall } from '../../../nodes/Kling/trigger/webhook';

export type Status = 'submitted' | 'processing' | 'succeed' | 'failed';

interface Setup {
	parameters?: Record<string, unknown>;
	provider?: string;
	/** How calls of the trigger to itself end; without it the connection does not tell its address. */
	ownCalls?: 'arrive' | 'are refused';
	/** How long the service takes to answer, in milliseconds. */
	latencyMs?: number;
	staticData?: Record<string, unknown>;
}

/** Each trigger is in a process of its own. */
let lastPort = 5678;
let lastId = 913_827_032_000_000_000n;
export const newId = () => String(++lastId);

/** A trigger of its own with the service behind it. */
export function fakeTrigger(setup: Setup = {}) {
	const id = newId();
	const { parameters = {}, provider = 'hingnet', ownCalls, latencyMs = 0 } = setup;
	const service = {
		status: 'processing' as Status,
		isDown: false,
		latencyMs,
		list: [] as string[],
	};
	/** When the service was asked for tasks one by one, and for its list, in seconds. */
	const asked: number[] = [];
	const listed: number[] = [];
	/** How calls from outside were answered. */
	const answers: Array<{ status: number; word: string; asked: number }> = [];
	const logs: string[] = [];
	/** Tasks for which n8n was told to start an execution, by any call. */
	const started: unknown[] = [];
	const calls = { waiting: 0, most: 0 };
	const staticData = setup.staticData ?? {};
	const localPort = ++lastPort;
	const began = Date.now();
	const seconds = () => Math.round((Date.now() - began) / 1000);

	async function answerOf(body: unknown) {
		if (service.latencyMs > 0) await new Promise((done) => setTimeout(done, service.latencyMs));
		if (service.isDown) return { statusCode: 503, headers: {}, body: '' };
		const data = JSON.stringify({ code: 0, message: 'SUCCEED', request_id: 'r', data: body });
		return { statusCode: 200, headers: {}, body: data };
	}

	const taskOf = (taskId: string) => ({
		task_id: taskId,
		task_status: service.status,
		task_result: {},
	});

	async function httpRequestWithAuthentication(_: string, { url }: { url: string }) {
		if (url.includes('?pageNum=')) {
			listed.push(seconds());
			return await answerOf(service.list.map(taskOf));
		}
		asked.push(seconds());
		return await answerOf(taskOf(url.split('/').at(-1) ?? ''));
	}

	async function httpRequest({ headers }: { headers: Record<string, string> }) {
		if (ownCalls === 'are refused') throw new Error('private address');
		void call('{}', headers, true);
		await Promise.resolve();
		return { statusCode: 200 };
	}

	function contextOf(
		body: string,
		headers: Record<string, string>,
		isOwn: boolean,
	): IWebhookFunctions {
		const values: Record<string, unknown> = {
			triggerOn: ['succeed', 'failed'],
			authentication: 'none',
			fetchTask: true,
			options: {},
			...parameters,
		};
		const response = {
			code: 0,
			headersSent: false,
			status(code: number) {
				response.code = code;
				return response;
			},
			set: () => response,
			end: (word: string) => {
				response.headersSent = true;
				if (!isOwn) answers.push({ status: response.code, word, asked: asked.length });
			},
		};
		const log = (line: string) => void logs.push(line);
		const request = {
			headers,
			rawBody: Buffer.from(body),
			originalUrl: '/webhook/x/kling?token=t',
			socket: ownCalls === undefined ? {} : { localAddress: '::ffff:127.0.0.1', localPort },
		};
		return {
			getRequestObject: () => request,
			getResponseObject: () => response,
			getNodeParameter: (name: string) => values[name],
			getCredentials: async () => ({ provider, apiKey: 'key' }),
			getNode: () => ({ id, name: 'Kling AI Trigger' }),
			getWorkflow: () => ({ id }),
			getWorkflowStaticData: () => staticData,
			getMode: () => 'webhook',
			helpers: { httpRequestWithAuthentication, httpRequest },
			logger: { debug: log, info: log, warn: log },
		} as unknown as IWebhookFunctions;
	}

	async function call(
		body: string,
		headers: Record<string, string> = {},
		isOwn = false,
	): Promise<IWebhookResponseData> {
		calls.waiting += 1;
		calls.most = Math.max(calls.most, calls.waiting);
		const result = await handleCall(contextOf(body, headers, isOwn));
		calls.waiting -= 1;
		if (result.workflowData !== undefined) started.push(startedTask(result));
		return result;
	}

	return {
		id,
		service,
		asked,
		listed,
		answers,
		logs,
		started,
		calls,
		staticData,
		/** Notifies of the trigger's one task, or of another. */
		call: async (status: Status, taskId = id) =>
			await call(JSON.stringify({ task_id: taskId, task_status: status })),
	};
}

export function startedTask({ workflowData }: IWebhookResponseData): unknown {
	return workflowData?.[0]?.[0]?.json.task_id;
}

/** Lets fake time pass. */
export async function pass(seconds: number): Promise<void> {
	await jest.advanceTimersByTimeAsync(seconds * 1000);
}
