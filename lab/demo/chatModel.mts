// A chat model on loopback that speaks OpenAI's API: it calls one tool once and then reports what the tool said.
import { createServer, type ServerResponse } from 'node:http';
import { z } from 'zod';

interface ChatModelOptions {
	/** the tool to call, e.g. `Make_a_Video` */
	tool: string;
	/** what to call it with */
	input: Record<string, unknown>;
}

/** A tool as the agent offered it to the model. */
interface OfferedTool {
	name: string;
	description?: string;
	parameters?: Record<string, unknown>;
}

export interface ChatModel {
	/** what a user enters as Base URL of an OpenAI credential */
	readonly url: string;
	/** the tools of the last call */
	offered(): readonly OfferedTool[];
	/** how often the model was asked */
	calls(): number;
	close(): Promise<void>;
}

const NAME = 'loopback-model';

const requestSchema = z.object({
	stream: z.boolean().optional(),
	messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
	tools: z
		.array(
			z.object({
				function: z.object({
					name: z.string(),
					description: z.string().optional(),
					parameters: z.record(z.string(), z.unknown()).optional(),
				}),
			}),
		)
		.optional(),
});

type Request = z.infer<typeof requestSchema>;

/** Starts the model on a free port of 127.0.0.1. */
export async function startChatModel(options: ChatModelOptions): Promise<ChatModel> {
	let offered: OfferedTool[] = [];
	let calls = 0;
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			if (!request.url?.endsWith('/chat/completions')) {
				response.writeHead(404).end();
				return;
			}
			const asked = requestSchema.parse(JSON.parse(Buffer.concat(chunks).toString()));
			calls++;
			offered = (asked.tools ?? []).map((tool) => tool.function);
			const message = replyTo(asked, options);
			if (asked.stream) streamed(response, message);
			else whole(response, message);
		});
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	return {
		url: `http://127.0.0.1:${port}/v1`,
		offered: () => offered,
		calls: () => calls,
		close: () =>
			new Promise((done) => {
				server.close(() => done());
				server.closeAllConnections();
			}),
	};
}

interface Message {
	content: string | null;
	tool_calls?: Array<{
		id: string;
		type: 'function';
		function: { name: string; arguments: string };
	}>;
}

function replyTo({ messages }: Request, { tool, input }: ChatModelOptions): Message {
	const answer = messages.findLast(({ role }) => role === 'tool');
	if (answer !== undefined) return { content: `The tool said: ${textOf(answer.content)}` };
	const call = { name: tool, arguments: JSON.stringify(input) };
	return { content: null, tool_calls: [{ id: 'call_1', type: 'function', function: call }] };
}

function whole(response: ServerResponse, message: Message): void {
	const choice = {
		index: 0,
		message: { role: 'assistant', ...message },
		finish_reason: endOf(message),
	};
	response
		.writeHead(200, { 'content-type': 'application/json' })
		.end(JSON.stringify({ ...completion('chat.completion', [choice]), usage: USAGE }));
}

function streamed(response: ServerResponse, message: Message): void {
	const calls = message.tool_calls?.map((call, index) => ({ index, ...call }));
	const delta = {
		role: 'assistant',
		content: message.content,
		...(calls && { tool_calls: calls }),
	};
	const parts = [
		[{ index: 0, delta, finish_reason: null }],
		[{ index: 0, delta: {}, finish_reason: endOf(message) }],
	];
	response.writeHead(200, { 'content-type': 'text/event-stream' });
	for (const choices of parts) {
		response.write(`data: ${JSON.stringify(completion('chat.completion.chunk', choices))}\n\n`);
	}
	response.end('data: [DONE]\n\n');
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

function completion(object: string, choices: unknown[]) {
	return { id: 'chatcmpl-1', object, created: Math.floor(Date.now() / 1000), model: NAME, choices };
}

function endOf(message: Message): 'tool_calls' | 'stop' {
	return message.tool_calls === undefined ? 'stop' : 'tool_calls';
}

function textOf(content: unknown): string {
	return typeof content === 'string' ? content : JSON.stringify(content);
}
