// The two HTTP servers: the API's (all dialects, images, control) and the CDN's, on an origin of its own.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readBody } from './body.mts';
import { dialects } from './dialects/table.mts';
import { serveImage } from './images/serve.mts';
import type { Machine } from './machine.mts';
import { json, write, type Reply } from './reply.mts';
import { routeOf } from './router.mts';
import { serveVideo } from './videos/serve.mts';

export interface Servers {
	readonly apiPort: number;
	readonly cdnPort: number;
	close(): Promise<void>;
}

/** Answers `/control/…`. */
export type Control = (method: string, url: URL, bytes: Buffer) => Promise<Reply>;

export interface Where {
	readonly host: string;
	/** 0 takes a free one. */
	readonly port: number;
	readonly cdnPort: number;
}

/** Opens both servers; rejects when a port is taken. */
export async function openServers(
	machine: Machine,
	where: Where,
	control: Control,
): Promise<Servers> {
	const { kling, links, plan, journal, origins } = machine;
	const videos = { store: kling.store, links, plan, journal };

	const api = createServer((request, response) => {
		void answer(request, response, machine, control, () =>
			serveVideo(request, response, { ...videos, otherOrigin: () => origins.cdn }),
		);
	});
	const cdn = createServer((request, response) => {
		void serveVideo(request, response, { ...videos, otherOrigin: () => origins.api });
	});
	// Longer than clients keep theirs, so that a connection never ends just as it is used again.
	api.keepAliveTimeout = cdn.keepAliveTimeout = 120_000;
	const apiPort = await listen(api, where.port, where.host);
	const cdnPort = await listen(cdn, where.cdnPort, where.host);
	return {
		apiPort,
		cdnPort,
		close: async () => {
			await Promise.all([shut(api), shut(cdn)]);
		},
	};
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	{ api, journal }: Machine,
	control: Control,
	video: () => Promise<void>,
): Promise<void> {
	const { method = 'GET' } = request;
	const url = new URL(request.url ?? '/', 'http://emulator');
	const { pathname: path } = url;
	if (path.startsWith('/cdn/')) return video();
	if (path.startsWith('/images/')) {
		const status = await serveImage(response, path);
		return journal.image(method, path, status);
	}
	if (path === '/control' || path.startsWith('/control/')) {
		const read = await readBody(request);
		const bytes = read.kind === 'read' ? read.bytes : Buffer.alloc(0);
		return write(response, await control(method, url, bytes));
	}
	const route = routeOf(method, path);
	if (route !== undefined) return api.handle({ request, response, url }, route);
	request.resume();
	const known = dialects.map(({ basePath }) => basePath);
	return write(response, json(404, { message: 'No such path', dialects: known }));
}

function listen(server: Server, port: number, host: string): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : port);
		});
	});
}

function shut(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}
