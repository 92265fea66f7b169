// Posts one callback body with undici and says what the receiver answered.
import { Agent, request } from 'undici';
import type { Settings } from '../settings.mts';

export interface Post {
	readonly url: string;
	readonly payload: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly timeoutMs: number;
}

export class CallbackSender {
	readonly #agent: Agent;
	readonly #rewrite: (url: string) => string;

	constructor(settings: Settings, rewrite: (url: string) => string) {
		this.#agent = new Agent({ connections: settings.callbackConnections });
		this.#rewrite = rewrite;
	}

	/** The receiver's HTTP status, or undefined where there was no answer in time. */
	async post({ url, payload, headers, timeoutMs }: Post): Promise<number | undefined> {
		if (!URL.canParse(url)) return undefined;
		try {
			const { statusCode, body } = await request(this.#rewrite(url), {
				method: 'POST',
				dispatcher: this.#agent,
				headers: {
					'content-type': 'application/json; charset=utf-8',
					host: new URL(url).host,
					...headers,
				},
				body: payload,
				signal: AbortSignal.timeout(timeoutMs),
			});
			await body.dump();
			return statusCode;
		} catch {
			return undefined;
		}
	}

	async close(): Promise<void> {
		await this.#agent.destroy();
	}
}
