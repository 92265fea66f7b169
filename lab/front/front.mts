// Lets an unchanged n8n reach the emulator under the providers' public addresses: a proxy that ends TLS itself.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import {
	createServer as createHttpServer,
	request as httpRequest,
	type IncomingMessage,
	type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { makeCertificate } from './certificate.mts';
import { DIALECT_OF_HOST } from './hosts.mts';

interface FrontOptions {
	/** the emulator's origin, e.g. `http://127.0.0.1:4010` */
	emulatorUrl: string;
	/** further public hosts and the loopback address that plays each, e.g. of sample images */
	also?: Readonly<Record<string, string>>;
}

export interface Front {
	/** what a process needs in its environment to go through the front */
	readonly env: Record<string, string>;
	/** the hosts that were asked for and refused, one entry a call */
	refusedHosts(): readonly string[];
	close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const NO_PROXY = '127.0.0.1,localhost';

/**
 * Starts the front. It connects to nothing but the addresses that it is given;
 * every other host is answered 403 and remembered.
 */
export async function startFront({ emulatorUrl, also = {} }: FrontOptions): Promise<Front> {
	const targets = new Map(Object.entries(also));
	for (const [host, path] of Object.entries(DIALECT_OF_HOST)) targets.set(host, emulatorUrl + path);
	const refused: string[] = [];
	const sockets = new Set<Socket>();

	const certificate = makeCertificate([...targets.keys()]);
	const folder = await mkdtemp(join(tmpdir(), 'kling-front-'));
	const authority = join(folder, 'authority.pem');
	await writeFile(authority, certificate.cert);

	const tls = createHttpsServer(certificate, (request, response) => {
		const target = targets.get(hostOf(request.headers.host));
		if (target !== undefined) return passOn(target, request, response);
		refused.push(hostOf(request.headers.host));
		response.writeHead(421).end();
	});
	tls.on('tlsClientError', (_, socket) => socket.destroy());

	// Only plain HTTP comes here as a request; the presets are all https.
	const proxy = createHttpServer((request, response) => {
		refused.push(hostOf(request.headers.host));
		response.writeHead(403).end();
	});
	proxy.on('connection', (socket) => {
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
	});
	proxy.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
		socket.on('error', () => socket.destroy());
		const host = hostOf(request.url);
		if (!targets.has(host)) {
			refused.push(host);
			socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
			return;
		}
		socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
		if (head.length > 0) socket.unshift(head);
		tls.emit('connection', socket);
	});

	const url = await new Promise<string>((done, failed) => {
		proxy.once('error', failed);
		proxy.listen(0, LOOPBACK, () => {
			const address = proxy.address();
			done(`http://${LOOPBACK}:${typeof address === 'object' && address ? address.port : 0}`);
		});
	});

	return {
		// In both spellings: where both are set, the lower one wins.
		env: {
			HTTPS_PROXY: url,
			https_proxy: url,
			HTTP_PROXY: url,
			http_proxy: url,
			NO_PROXY,
			no_proxy: NO_PROXY,
			NODE_EXTRA_CA_CERTS: authority,
		},
		refusedHosts: () => refused,
		async close() {
			const closed = new Promise((done) => proxy.close(done));
			for (const socket of sockets) socket.destroy();
			await closed;
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** Streams a request to the loopback address and the answer back; a broken answer breaks here too. */
function passOn(target: string, request: IncomingMessage, response: ServerResponse): void {
	const { host } = new URL(target);
	const onward = httpRequest(
		target + request.url,
		{ method: request.method, headers: { ...request.headers, host } },
		(answer) => {
			response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
			pipeline(answer, response, () => undefined);
		},
	);
	onward.once('error', () => request.socket.destroy());
	response.once('close', () => onward.destroy());
	pipeline(request, onward, () => undefined);
}

/** `host:443` without the port, in small letters. */
function hostOf(authority = ''): string {
	return authority.replace(/:\d+$/, '').toLowerCase();
}
