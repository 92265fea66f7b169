// Stands between the service and the triggers, as a tunnel would: adds the token, and remembers every signature used.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';

export interface Relay {
	/** The callback URL that leads to a trigger; it holds no secret. */
	urlOf(name: string): string;
	/** Leads a name to the address of a trigger, token included. */
	lead(name: string, url: string): void;
	/** The values of the signature header that passed by. */
	signatures(): ReadonlySet<string>;
	close(): Promise<void>;
}

export async function startRelay(): Promise<Relay> {
	const targets = new Map<string, string>();
	const signatures = new Set<string>();

	async function passOn(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const target = targets.get((incoming.url ?? '').slice(1));
		const signature = incoming.headers['webhook-signature'];
		if (typeof signature === 'string') signatures.add(signature);
		if (target === undefined) return void response.writeHead(404).end();
		const chunks: Buffer[] = [];
		for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
		const names = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];
		const headers = Object.fromEntries(
			names.flatMap((name) => {
				const value = incoming.headers[name];
				return typeof value === 'string' ? [[name, value]] : [];
			}),
		);
		const answer = await request(target, { method: 'POST', headers, body: Buffer.concat(chunks) });
		response.writeHead(answer.statusCode).end(await answer.body.text());
	}

	const server = createServer((incoming, response) => {
		// n8n is down now and then, and callers go away.
		passOn(incoming, response).catch(() => {
			if (!response.headersSent) response.writeHead(502);
			response.end();
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		urlOf: (name) => `http://127.0.0.1:${port}/${name}`,
		lead: (name, url) => void targets.set(name, url),
		signatures: () => signatures,
		close: async () => {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}
