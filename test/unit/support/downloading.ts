// What the tests of the download stand on: sites that answer as they are told, and storage in memory.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { request } from 'undici';

import {
	downloadVideo,
	type DownloadOptions,
	type DownloadPorts,
} from '../../../nodes/Kling/video/download';

export const SAMPLES = join(__dirname, '..', 'video', 'samples');
/** A whole MP4 file. */
export const video = readFileSync(join(SAMPLES, 'index-last.mp4'));
const PAGE = '<!DOCTYPE html><html>Link expired</html>';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const whole: Answer = (response) =>
	void response.writeHead(200, { 'content-length': video.length }).end(video);
export const cut: Answer = (response) => void response.writeHead(200).end(video.subarray(0, 900));
export const dropped: Answer = (response) => {
	response.writeHead(200, { 'content-length': video.length });
	response.write(video.subarray(0, 900), () => response.destroy());
};
export const silent: Answer = (response) => {
	response.writeHead(200, { 'content-length': video.length });
	response.write(video.subarray(0, 900));
};
export const mute: Answer = () => undefined;
export const status =
	(code: number): Answer =>
	(response) =>
		void response.writeHead(code).end('no');
export const page: Answer = (response) => void response.writeHead(200).end(PAGE);

interface Site {
	url: string;
	paths: string[];
	openConnections(): Promise<number>;
	close(): Promise<void>;
}

/** Answers requests with the given answers in turn; the last one stays. */
export async function serve(...answers: Answer[]): Promise<Site> {
	const paths: string[] = [];
	const server: Server = createServer((incoming, response) => {
		const answer = answers[Math.min(paths.length, answers.length - 1)];
		paths.push(incoming.url ?? '');
		answer?.(response, incoming);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		paths,
		openConnections: async () =>
			await new Promise((resolve, reject) =>
				server.getConnections((thrown, count) => (thrown ? reject(thrown) : resolve(count))),
			),
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

/** Waits until no connection to a site is open; what stays open for seconds is not freed. */
export async function allClosed(from: Site): Promise<void> {
	const deadline = Date.now() + 4_000;
	while ((await from.openConnections()) > 0) {
		if (Date.now() > deadline) throw new Error(`${await from.openConnections()} are still open`);
		await pause(20);
	}
}

interface Stored {
	content: Buffer;
	fileName: string;
	mimeType: string;
}

interface Stage {
	ports: DownloadPorts<Readable, Stored>;
	stored: Stored[];
	pauses: number[];
	refreshes: number;
}

/** Storage in memory that, like n8n's, keeps a file only when its stream ended well. */
export function stage(newerLinks: string[] = []): Stage {
	const made: Stage = {
		stored: [],
		pauses: [],
		refreshes: 0,
		ports: {
			open: async (url, signal) => {
				try {
					const { statusCode, headers, body } = await request(url, { signal });
					return { kind: 'answered', status: statusCode, headers, body };
				} catch (thrown) {
					return { kind: 'failed', reason: (thrown as Error).message };
				}
			},
			store: async (stream, fileName, mimeType) => {
				await pause(20);
				const pieces: Buffer[] = [];
				for await (const piece of stream) pieces.push(piece as Buffer);
				const file = { content: Buffer.concat(pieces), fileName, mimeType };
				made.stored.push(file);
				return file;
			},
			refresh: async () => newerLinks[made.refreshes++],
			// A hundred times faster than told.
			sleep: async (ms, signal) => {
				if (!signal) made.pauses.push(ms);
				await pause(ms / 100);
			},
			backoffMs: (attempt) => attempt * 100,
		},
	};
	return made;
}

let sites: Site[] = [];

/** A site that `closeSites` ends. */
export async function site(...answers: Answer[]): Promise<Site> {
	const made = await serve(...answers);
	sites.push(made);
	return made;
}

/** For `afterEach`. */
export async function closeSites(): Promise<void> {
	await Promise.all(sites.map(async (made) => await made.close()));
	sites = [];
}

export async function download(from: Site, on: Stage, options: DownloadOptions = {}) {
	return await downloadVideo({ taskId: '123', url: `${from.url}/a.mp4` }, on.ports, options);
}
