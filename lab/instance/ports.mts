// Finds free ports on 127.0.0.1, never the same twice in one process.
import { createServer } from 'node:net';

const handedOut = new Set<number>();

/** Returns a port that nothing listens on. */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = await new Promise<number>((done, failed) => {
			const server = createServer();
			server.once('error', failed);
			server.listen(0, '127.0.0.1', () => {
				const address = server.address();
				const chosen = typeof address === 'object' && address ? address.port : 0;
				server.close(() => done(chosen));
			});
		});
		if (handedOut.has(port)) continue;
		handedOut.add(port);
		return port;
	}
}
