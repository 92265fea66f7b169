// Receives the callbacks of the one paid video, where a public address leads to this machine.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { shapeOf } from './shape.mts';

interface Callback {
	status: string | undefined;
	shape: string;
	isSigned: boolean;
	/** The whole body, to look for IDs in. */
	body: string;
}

export interface Receiver {
	port: number;
	received(): readonly Callback[];
	close(): Promise<void>;
}

const MAX_CHARACTERS = 1_000_000;

/** @param port 0 takes a free one */
export async function receiveCallbacks(port: number): Promise<Receiver> {
	const received: Callback[] = [];
	const server = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8');
		request.on('data', (chunk: string) => {
			if (body.length < MAX_CHARACTERS) body += chunk;
		});
		request.on('end', () => {
			received.push(callbackOf(body, request.headers));
			response.end('ok');
		});
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		received: () => received,
		close: async () => {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}

function callbackOf(body: string, headers: IncomingHttpHeaders): Callback {
	return {
		status: /"(?:task_status|status)"\s*:\s*"(\w+)"/.exec(body)?.[1],
		shape: shapeOf(body, (text) => text),
		isSigned: headers['webhook-signature'] !== undefined,
		body,
	};
}
