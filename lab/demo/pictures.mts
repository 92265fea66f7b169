// Serves the sample pictures of examples/images on loopback, for an n8n or an emulator without the internet.
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { SAMPLE_IMAGES } from './example.mts';

export interface PictureServer {
	/** a picture is at `<url>/<name>` */
	readonly url: string;
	close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = { '.jpg': 'image/jpeg', '.png': 'image/png' };

/** Starts the server on a free port; whatever folders stand before a picture's name do not matter. */
export async function servePictures(): Promise<PictureServer> {
	const pictures = new Map<string, Buffer>();
	for (const name of await readdir(SAMPLE_IMAGES)) {
		if (extname(name) in TYPES) pictures.set(name, await readFile(join(SAMPLE_IMAGES, name)));
	}
	const server = createServer((request, response) => {
		const name = new URL(request.url ?? '/', 'http://localhost').pathname.split('/').at(-1) ?? '';
		const picture = pictures.get(name);
		if (picture === undefined) {
			response.writeHead(404).end();
			return;
		}
		const type = TYPES[extname(name)];
		response
			.writeHead(200, { 'content-type': type, 'content-length': picture.length })
			.end(picture);
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	return {
		url: `http://127.0.0.1:${port}`,
		close: () =>
			new Promise((done) => {
				server.close(() => done());
				server.closeAllConnections();
			}),
	};
}
