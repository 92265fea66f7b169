// A small stand-in for n8n: one execution's data with the engine's stack, and a service that answers over its HTTP helper.
import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

/** Kling's API in memory: what was created, by id, with the status that a test gives it. */
export class FakeService {
	/** `calls`: where the service was told to report. */
	readonly tasks = new Map<string, { status: string; key: string; calls?: string }>();
	creates = 0;
	reads = 0;

	readonly answer = async (
		_name: string,
		options: { method: string; url: string; body?: string },
	) => {
		const reply = (data: unknown) => ({
			statusCode: 200,
			headers: {},
			body: JSON.stringify({ code: 0, message: 'SUCCEED', request_id: 'r', data }),
		});
		if (options.method === 'POST') {
			const id = `task-${++this.creates}`;
			const body = JSON.parse(options.body ?? '{}') as Record<string, string>;
			const { external_task_id: key = '', callback_url: calls } = body;
			this.tasks.set(id, { status: 'submitted', key, calls });
			return await Promise.resolve(reply(this.row(id)));
		}
		this.reads += 1;
		const id = decodeURIComponent(new URL(options.url).pathname.split('/').at(-1) ?? '');
		if (this.tasks.has(id)) return reply(this.row(id));
		if (!/^(multi-image2video|omni-video)$/.test(id)) {
			const body = JSON.stringify({ code: 1203, message: 'Task not found', request_id: 'r' });
			return { statusCode: 404, headers: {}, body };
		}
		return reply([...this.tasks.keys()].map((known) => this.row(known)));
	};

	private row(id: string) {
		const { status = 'submitted', key = '' } = this.tasks.get(id) ?? {};
		const videos = status === 'succeed' ? [{ id: 'v', url: 'https://cdn.example/v.mp4' }] : [];
		return {
			task_id: id,
			task_status: status,
			task_status_msg: status === 'failed' ? 'Bad pixels' : '',
			task_info: { external_task_id: key },
			task_result: { videos },
			created_at: Date.now(),
			updated_at: Date.now(),
		};
	}
}

/** What n8n stores of an execution. */
export interface StoredExecution {
	id: string;
	mode: string;
	/** `contextData` of the node. */
	memory: Record<string, unknown>;
}

export interface FakeRun {
	context: IExecuteFunctions & IWebhookFunctions;
	/** What n8n would store now. */
	stored(): StoredExecution;
	/** When the execution is to wake up. */
	wakeAt: Date | undefined;
	stack: Array<{ data: { main: unknown[] }; node: { disabled?: boolean }; runIndex?: number }>;
	hints: string[];
}

/** Runs of one node in one execution; parameters that are not given are the form's defaults. */
export function fakeRun(
	service: FakeService,
	parameters: Record<string, unknown>,
	{ id, mode, memory }: StoredExecution = { id: '7', mode: 'trigger', memory: {} },
	count = 1,
): FakeRun {
	const node = { id: 'node', name: 'Kling AI', type: 'kling', typeVersion: 1, parameters: {} };
	const items = Array.from({ length: count }, (_, item) => ({ json: { item } }));
	const entry = { node: { ...node }, data: { main: [items] }, source: null };
	const contextData = { 'node:Kling AI': memory };
	const executionData = { nodeExecutionStack: [] as FakeRun['stack'], contextData };
	const run: FakeRun = {
		wakeAt: undefined,
		stack: executionData.nodeExecutionStack,
		hints: [],
		stored: () => JSON.parse(JSON.stringify({ id, mode, memory })) as StoredExecution,
		context: {
			runExecutionData: { executionData, resultData: { runData: {} } },
			getExecuteData: () => entry,
			getExecutionId: () => id,
			getMode: () => mode,
			getNode: () => node,
			getContext: () => memory,
			getWorkflow: () => ({ id: 'workflow' }),
			getWorkflowStaticData: () => ({}),
			getInstanceId: () => 'instance',
			getTimezone: () => 'UTC',
			getInputData: () => items,
			getNodeParameter: (name: string, _item: number, fallback: unknown) =>
				parameters[name] ?? fallback,
			getCredentials: async () =>
				await Promise.resolve({ provider: 'klingGlobal', authType: 'apiKey', apiKey: 'key' }),
			getExecutionCancelSignal: () => undefined,
			getWorkflowDataProxy: () => ({
				$runIndex: 0,
				$execution: { resumeUrl: `https://n8n.example.com/webhook-waiting/${id}?signature=x` },
			}),
			continueOnFail: () => false,
			addExecutionHints: (hint: { message: string }) => run.hints.push(hint.message),
			putExecutionToWait: async (date: Date) => await Promise.resolve(void (run.wakeAt = date)),
			logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
			helpers: { httpRequestWithAuthentication: service.answer },
		} as never,
	};
	return run;
}
